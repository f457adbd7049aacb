// What the last check of each DAG file told: which files it depends on, the DAGs in it, whether it was red.
#pragma once
#include "base/map.h"
#include "io/platform.h"
#include "services/dag_events.h"

typedef struct RememberedFile {
    const char *path;
    StringList uses;
    FoundDagList dags;
    const char *stamp;  // dag_memo's: what it and its uses were at that check; NULL: checked by this command
    bool is_red, is_gone;
    bool is_stale;  // it or something that it uses changed since: what it uses now is not known
} RememberedFile;

typedef struct DagMemory {
    Arena *arena;           // as long as the memory
    StringList uses_below;  // folders whose files matter
    Map files;              // absolute path of a DAG file → RememberedFile, its last check
} DagMemory;

// Takes over what a check found about files and the DAGs in them.
void dag_memory_learn(DagMemory *memory, const DagEvents *events);

// The entry of a DAG file (absolute path), a new one when there is none.
RememberedFile *dag_memory_entry(DagMemory *memory, const char *path);

// The DAG files (absolute paths, each once) to check after these changes: changed ones themselves, those that depend on a
// changed file, stale ones, and red ones, which anything may have mended. What is gone is forgotten.
StringList dag_memory_find_affected(Arena *arena, DagMemory *memory, const char *dags_dir, const FileChangeList *changes);

// The DAGs of all files but these and stale ones: an id may be used in two of them.
FoundDagList dag_memory_dags_besides(Arena *arena, const DagMemory *memory, const StringList *files);
