#include "services/sandbox_live.h"

#include "base/text.h"
#include "services/sandbox.h"
#include "services/sandbox_door.h"

enum { BUSY_MS = 30000, ATTEMPTS = 5 };

// --- opened here ----------------------------------------------------------------------------------------------------------

static bool read_here(const SandboxLive *live, CatalogEntryList *entries, Error *err) {
    cleanup_database Database *db = NULL;
    return database_open(live->ctx->arena, live->path, DATABASE_READ, BUSY_MS, &db, err) &&
           sandbox_catalog_read(live->ctx->arena, db, entries, err);
}

static bool count_here(const SandboxLive *live, const char *sql, int64_t *rows, Error *err) {
    cleanup_database Database *db = NULL;
    return database_open(live->ctx->arena, live->path, DATABASE_READ, BUSY_MS, &db, err) &&
           database_query_integer(db, sql, 0, rows, err);
}

// One transaction, so that readers see all old tables or all new ones; closing without COMMIT takes everything back.
static bool change_here(const SandboxLive *live, const char *attached, SandboxLister *list, void *state, Error *err) {
    cleanup_database Database *db = NULL;
    Arena *arena = live->ctx->arena;
    CatalogEntryList entries = {0};
    SqlStatementList statements = {0};
    if (!database_open(arena, live->path, DATABASE_CREATE, BUSY_MS, &db, err)) return false;
    if (!database_execute_with(db, "ATTACH ?1 AS loaded", &attached, 1, err)) return false;
    if (!database_execute(db, "BEGIN IMMEDIATE", err) || !database_execute(db, sandbox_catalog_create_sql, err)) return false;
    if (!sandbox_catalog_read(arena, db, &entries, err) || !list(state, &entries, &statements, err)) return false;
    return sql_statements_execute(db, &statements, err) && database_execute(db, "COMMIT", err);
}

// --- through the door -----------------------------------------------------------------------------------------------------

static bool ask_rows(const SandboxLive *live, const char *sql, const Value **rows, Error *err) {
    Value *request = sandbox_door_request(live->ctx->arena, "query"), *answer;
    value_set_string(live->ctx->arena, request, "sql", sql);
    value_set_bool(live->ctx->arena, request, "mayWrite", false);
    if (!sandbox_door_ask(live->ctx, live->project, request, &answer, err)) return false;
    *rows = value_get(answer, "rows");
    return true;
}

// A database that a DAG made before the first seed has no list of tables yet.
static bool ask_catalog(const SandboxLive *live, const Value **rows, Error *err) {
    Error unlisted = {.arena = live->ctx->arena};
    if (ask_rows(live, sandbox_catalog_read_sql, rows, &unlisted)) return true;
    if (unlisted.code == ERROR_DATABASE && strstr(unlisted.message, "no such table") != NULL) {
        return ask_rows(live, sandbox_catalog_read_unlisted_sql, rows, err);
    }
    *err = unlisted;
    return false;
}

static const char *text_at(const Value *row, size_t column) {
    return column < row->count ? row->members[column].value->string : NULL;
}

static void take_entries(Arena *arena, const Value *rows, CatalogEntryList *entries) {
    for (size_t i = 0; rows != NULL && i < rows->count; i++) {
        const Value *row = rows->members[i].value;
        CatalogEntry entry = {.table = text_at(row, 0),
                              .owner = text_at(row, 1),
                              .content_hash = text_at(row, 2),
                              .exists = row->count > 3 && row->members[3].value->integer != 0};
        if (entry.table != NULL) list_push(arena, entries, entry);
    }
}

static Value *statements_to_value(Arena *arena, const SqlStatementList *statements) {
    Value *list = value_array(arena);
    list_each(const SqlStatement, statement, statements) {
        Value *item = value_object(arena);
        value_set_string(arena, item, "sql", statement->sql);
        value_set(arena, item, "parameters", value_from_strings(arena, &statement->parameters));
        value_append(arena, list, item);
    }
    return list;
}

static Value *entries_to_value(Arena *arena, const CatalogEntryList *entries) {
    Value *rows = value_array(arena);
    list_each(const CatalogEntry, entry, entries) {
        Value *row = value_array(arena);
        value_append(arena, row, value_string(arena, entry->table));
        value_append(arena, row, value_string(arena, entry->owner));
        value_append(arena, row, value_string(arena, entry->content_hash));
        value_append(arena, row, value_integer(arena, entry->exists));
        value_append(arena, rows, row);
    }
    return rows;
}

static Value *make_change(Arena *arena, const char *attached, const CatalogEntryList *entries,
                          const SqlStatementList *statements) {
    Value *request = sandbox_door_request(arena, "execute"), *guard = value_object(arena), *prepare = value_array(arena);
    value_set_string(arena, guard, "sql", sandbox_catalog_read_sql);
    value_set(arena, guard, "rows", entries_to_value(arena, entries));
    value_append(arena, prepare, value_string(arena, sandbox_catalog_create_sql));
    value_set_string(arena, request, "attach", attached);
    value_set(arena, request, "prepare", prepare);
    value_set(arena, request, "guard", guard);
    value_set(arena, request, "statements", statements_to_value(arena, statements));
    return request;
}

// The decisions fall here, outside of the transaction: it only goes through when the catalog is still the one that they were made
// on.
static bool change_inside(const SandboxLive *live, const char *attached, SandboxLister *list, void *state, Error *err) {
    Arena *arena = live->ctx->arena;
    for (int i = 0; i < ATTEMPTS; i++) {
        CatalogEntryList entries = {0};
        SqlStatementList statements = {0};
        const Value *rows;
        Value *answer;
        if (!ask_catalog(live, &rows, err)) return false;
        take_entries(arena, rows, &entries);
        if (!list(state, &entries, &statements, err)) return false;
        Value *request = make_change(arena, attached, &entries, &statements);
        if (!sandbox_door_ask(live->ctx, live->project, request, &answer, err)) return false;
        if (!value_get_bool(answer, "isStale", true)) return true;
    }
    error_set(err, ERROR_BUSY, "the tables of %s keep changing while seeds are loaded", live->path);
    return error_hint(err, "wait until DAGs and dbt are done, then: devbox db seed");
}

// --- either way -----------------------------------------------------------------------------------------------------------

bool sandbox_live_read_catalog(const SandboxLive *live, CatalogEntryList *entries, Error *err) {
    const Value *rows;
    if (!live->is_behind_door) return read_here(live, entries, err);
    if (!ask_catalog(live, &rows, err)) return false;
    take_entries(live->ctx->arena, rows, entries);
    return true;
}

bool sandbox_live_count(const SandboxLive *live, const char *table, int64_t *rows, Error *err) {
    const Value *answer;
    const char *name = database_quote_identifier(live->ctx->arena, table);
    const char *sql = arena_format(live->ctx->arena, "SELECT count(*) FROM %s", name);
    if (!live->is_behind_door) return count_here(live, sql, rows, err);
    if (!ask_rows(live, sql, &answer, err)) return false;
    bool has_row = answer != NULL && answer->count == 1 && answer->members[0].value->count == 1;
    *rows = has_row ? answer->members[0].value->members[0].value->integer : 0;
    return true;
}

bool sandbox_live_change(const SandboxLive *live, const char *attached, SandboxLister *list, void *state, Error *err) {
    return live->is_behind_door ? change_inside(live, attached, list, state, err) : change_here(live, attached, list, state, err);
}

bool sandbox_backup(Context *ctx, const Project *project, const char *to, Error *err) {
    if (!sandbox_door_is_needed(ctx, project)) return database_backup(ctx->arena, sandbox_path(ctx->arena, project), to, err);
    Value *request = sandbox_door_request(ctx->arena, "backup"), *answer;
    value_set_string(ctx->arena, request, "to", to);
    return sandbox_door_ask(ctx, project, request, &answer, err);
}

static bool overwrite_here(Context *ctx, const char *path, const char *from, Error *err) {
    cleanup_database Database *db = NULL;
    // A new one is to have a log, as every sandbox has.
    return database_backup(ctx->arena, from, path, err) && database_open(ctx->arena, path, DATABASE_CREATE, BUSY_MS, &db, err);
}

bool sandbox_overwrite(Context *ctx, const Project *project, const char *from, Error *err) {
    if (!sandbox_door_is_needed(ctx, project)) return overwrite_here(ctx, sandbox_path(ctx->arena, project), from, err);
    Value *request = sandbox_door_request(ctx->arena, "overwrite"), *answer;
    value_set_string(ctx->arena, request, "from", from);
    return sandbox_door_ask(ctx, project, request, &answer, err);
}
