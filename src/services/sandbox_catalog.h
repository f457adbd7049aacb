// _devbox_tables: which tables of the sandbox database devbox made, and from what. Its shape is part of docs/PROTOCOL.md.
#pragma once
#include "io/database.h"
#include "services/seed_loader.h"

typedef struct CatalogEntry {
    const char *table;
    const char *owner;         // "seed", "dbt"; NULL: not devbox's
    const char *content_hash;  // NULL when not devbox's
    bool exists;               // false: listed, but somebody dropped the table
} CatalogEntry;

typedef LIST_OF(CatalogEntry) CatalogEntryList;

// A statement with texts for ?1, ?2, …; to be executed here or inside a container.
typedef struct SqlStatement {
    const char *sql;
    StringList parameters;
} SqlStatement;

typedef LIST_OF(SqlStatement) SqlStatementList;

void sql_statements_add(Arena *arena, SqlStatementList *statements, const char *sql, const char *const *parameters, size_t count);
bool sql_statements_execute(Database *db, const SqlStatementList *statements, Error *err) MUST_USE;

// Creates the list when it is missing.
extern const char *const sandbox_catalog_create_sql;

// Gives all tables and views, and what is listed without being there: name, owner, content hash, 1 when it is there. The second
// one is for a database without the list.
extern const char *const sandbox_catalog_read_sql, *const sandbox_catalog_read_unlisted_sql;

// What these give.
bool sandbox_catalog_read(Arena *arena, Database *db, CatalogEntryList *entries, Error *err) MUST_USE;

// The entry of this name (compared as SQL does, without case), NULL when there is none.
const CatalogEntry *sandbox_catalog_find(const CatalogEntryList *entries, const char *table);

// Statements that list the table as a seed's, and that forget one.
void sandbox_catalog_set_seed(Arena *arena, SqlStatementList *statements, const SeedTable *table, const char *content_hash);
void sandbox_catalog_remove(Arena *arena, SqlStatementList *statements, const char *table);
