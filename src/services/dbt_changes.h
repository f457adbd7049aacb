// What the working tree changed of what dbt reads, as git sees it.
#pragma once
#include "model/dbt_selection.h"
#include "services/project.h"

typedef struct DbtChanges {
    DbtChangeList list;
    const char *since;  // "3 files changed since origin/main (3f2c1ab)", for people
} DbtChanges;

// What a file of the dbt project (a name relative to it) is to dbt; false: nothing.
bool dbt_changes_classify(const char *name, DbtFileKind *kind);

// `base` as git_base_find takes it. A checkout that is no git repository is an error.
bool dbt_changes_find(Context *ctx, const Project *project, const char *base, DbtChanges *changes, Error *err) MUST_USE;
