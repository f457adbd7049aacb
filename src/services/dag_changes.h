// The DAG files that a change of the working tree affects, as git sees the change and as the last checks saw what files use.
#pragma once
#include "services/dag_memory.h"

typedef struct DagChanges {
    bool is_all;       // what a change means is not known of single files
    StringList files;  // absolute paths of those to test when it is not all of them
    const char *what;  // "since origin/main (3f2c1ab): 2 DAG files are affected", for people
} DagChanges;

// `base` as git_base_find takes it. A checkout that is no git repository is an error.
bool dag_changes_find(Context *ctx, const Project *project, const char *base, DagMemory *memory, DagChanges *changes,
                      Error *err) MUST_USE;

// True when there is something to test.
bool dag_changes_are_any(const DagChanges *changes);
