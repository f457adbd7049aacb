// One CSV file into one table.
#pragma once
#include "io/database.h"
#include "services/seed_files.h"

typedef struct SeedTable {
    const char *name;
    const char *definition;  // the columns as CREATE TABLE wants them: ("order_id" INTEGER,"zip" TEXT)
    const char *columns;     // JSON for _devbox_tables: [{"name":…,"storage":…,"logical":…}]
    long long rows;
} SeedTable;

// Creates the table in `db` and fills it, inside the caller's transaction. The types of the first rows are tried on the whole
// file; only when a later value belies them, the file is loaded again. Errors name file:line. Empty is NULL, "" is an empty text.
bool seed_loader_load(Context *ctx, Database *db, const SeedFile *file, SeedTable *table, Error *err) MUST_USE;
