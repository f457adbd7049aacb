#include "services/sandbox_catalog.h"

#include <strings.h>

const char *const sandbox_catalog_create_sql =
    "CREATE TABLE IF NOT EXISTS main._devbox_tables(name TEXT PRIMARY KEY, owner TEXT, content_hash TEXT, columns TEXT)";

const char *const sandbox_catalog_read_unlisted_sql =
    "SELECT name, NULL, NULL, 1 FROM main.sqlite_master"
    " WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

const char *const sandbox_catalog_read_sql =
    "SELECT m.name, CASE m.type WHEN 'table' THEN t.owner END, t.content_hash, 1 FROM main.sqlite_master m"
    " LEFT JOIN main._devbox_tables t ON t.name = m.name COLLATE NOCASE"
    " WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.name <> '_devbox_tables'"
    " UNION ALL SELECT t.name, t.owner, t.content_hash, 0 FROM main._devbox_tables t WHERE NOT EXISTS"
    " (SELECT 1 FROM main.sqlite_master m WHERE m.name = t.name COLLATE NOCASE)";

void sql_statements_add(Arena *arena, SqlStatementList *statements, const char *sql, const char *const *parameters,
                        size_t count) {
    SqlStatement statement = {.sql = sql};
    for (size_t i = 0; i < count; i++) list_push(arena, &statement.parameters, parameters[i]);
    list_push(arena, statements, statement);
}

bool sql_statements_execute(Database *db, const SqlStatementList *statements, Error *err) {
    list_each(const SqlStatement, statement, statements) {
        const StringList *parameters = &statement->parameters;
        if (!database_execute_with(db, statement->sql, parameters->items, parameters->count, err)) return false;
    }
    return true;
}

static bool read_entries(Arena *arena, Database *db, const char *sql, CatalogEntryList *entries, Error *err) {
    cleanup_statement Statement *statement = NULL;
    bool has_row = true;
    if (!statement_prepare(db, sql, &statement, err)) return false;
    for (;;) {
        if (!statement_step(statement, &has_row, err)) return false;
        if (!has_row) return true;
        CatalogEntry entry = {
            .table = statement_column_text(arena, statement, 0),
            .owner = statement_column_text(arena, statement, 1),
            .content_hash = statement_column_text(arena, statement, 2),
            .exists = statement_column_integer(statement, 3) != 0,
        };
        list_push(arena, entries, entry);
    }
}

bool sandbox_catalog_read(Arena *arena, Database *db, CatalogEntryList *entries, Error *err) {
    CatalogEntryList found = {0};
    int64_t has_list = 0;
    const char *count_lists = "SELECT count(*) FROM main.sqlite_master WHERE name = '_devbox_tables'";
    if (!database_query_integer(db, count_lists, 0, &has_list, err)) return false;
    const char *sql = has_list == 0 ? sandbox_catalog_read_unlisted_sql : sandbox_catalog_read_sql;
    if (!read_entries(arena, db, sql, &found, err)) return false;
    *entries = found;
    return true;
}

const CatalogEntry *sandbox_catalog_find(const CatalogEntryList *entries, const char *table) {
    list_each(const CatalogEntry, entry, entries) {
        if (strcasecmp(entry->table, table) == 0) return entry;
    }
    return NULL;
}

void sandbox_catalog_set_seed(Arena *arena, SqlStatementList *statements, const SeedTable *table, const char *content_hash) {
    const char *const values[] = {table->name, "seed", content_hash, table->columns};
    sandbox_catalog_remove(arena, statements, table->name);
    sql_statements_add(arena, statements,
                       "INSERT INTO main._devbox_tables(name, owner, content_hash, columns) VALUES(?1, ?2, ?3, ?4)", values,
                       sizeof values / sizeof *values);
}

void sandbox_catalog_remove(Arena *arena, SqlStatementList *statements, const char *table) {
    sql_statements_add(arena, statements, "DELETE FROM main._devbox_tables WHERE name = ?1 COLLATE NOCASE", &table, 1);
}
