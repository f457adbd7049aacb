// Which CSV files become tables of the sandbox, and what is known of their columns before reading them.
#pragma once
#include "model/column_type.h"
#include "services/project.h"

// A type that somebody wrote down for a column.
typedef struct DeclaredColumn {
    const char *column;
    ColumnType type;
    bool is_config;  // devbox.yaml says it, so that a column which is not there is a mistake; dbt ignores such names
} DeclaredColumn;

typedef LIST_OF(DeclaredColumn) DeclaredColumnList;

typedef struct SeedFile {
    const char *path;   // absolute
    const char *shown;  // relative to the checkout
    const char *table;
    DeclaredColumnList declared;  // at most one per column
    char delimiter;
} SeedFile;

typedef LIST_OF(SeedFile) SeedFileList;

// Adds a type or replaces the one that is known; names are compared as SQL does, without case.
void seed_file_declare(Arena *arena, SeedFile *file, DeclaredColumn declared);

// The files of the seeds folder and of the dbt project's seed paths, sorted by table. The same name with the same content is one
// table; with different content it is an error that names both files.
bool seed_files_find(Context *ctx, const Project *project, SeedFileList *files, Error *err) MUST_USE;
