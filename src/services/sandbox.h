// The sandbox database .devbox/sandbox.db: seeded from CSV files, shared by DAGs, dbt and the user.
#pragma once
#include "model/event.h"
#include "services/project.h"

typedef struct SeedReport {
    size_t tables, loaded, unchanged;
    long long rows;
} SeedReport;

// "3 seed files, 6,962 rows"
const char *sandbox_seed_totals(Arena *arena, const SeedReport *report);

// Loads what changed of seeds/*.csv and the dbt project's seed paths. Nothing changes on failure, nor in a dry run.
bool sandbox_seed(Context *ctx, const Project *project, SeedReport *report, Error *err) MUST_USE;

// Runs one statement on the sandbox; rows come back as a table and as data. Writing statements need `allows_writing`.
bool sandbox_query(Context *ctx, const Project *project, const char *sql, bool allows_writing, Result *result,
                   Error *err) MUST_USE;

// A consistent copy of the sandbox as it is now, in a file of its own.
bool sandbox_backup(Context *ctx, const Project *project, const char *to, Error *err) MUST_USE;

// One command at a time loads, copies or replaces the sandbox. Makes .devbox if need be; held until *fd is closed.
bool sandbox_lock(Context *ctx, const Project *project, const char *what, int *fd, Error *err) MUST_USE;

// Makes the sandbox, in one transaction, what the database in this file is; one that is missing is made.
bool sandbox_overwrite(Context *ctx, const Project *project, const char *from, Error *err) MUST_USE;

// There is no sandbox database; false.
bool sandbox_report_missing(Arena *arena, const Project *project, Error *err);

// The refusal of a writing statement that was not allowed; false.
bool sandbox_report_writing(Error *err);

const char *sandbox_path(Arena *arena, const Project *project);
