#include "services/state_store.h"

#include "io/database.h"
#include "io/file_system.h"

enum { BUSY_MS = 5000 };

static const char *store_path(Context *ctx, const Project *project) {
    return project_state_path(ctx->arena, project, "state.db");
}

const char *state_store_get(Context *ctx, const Project *project, const char *name) {
    cleanup_database Database *db = NULL;
    cleanup_statement Statement *statement = NULL;
    bool has_row = false;
    Error ignored = {.arena = ctx->arena};
    if (!file_exists(store_path(ctx, project))) return NULL;
    if (!database_open(ctx->arena, store_path(ctx, project), DATABASE_READ, BUSY_MS, &db, &ignored)) return NULL;
    if (!statement_prepare(db, "SELECT value FROM fact WHERE name = ?1", &statement, &ignored)) return NULL;
    statement_bind_text(statement, 1, name, strlen(name));
    if (!statement_step(statement, &has_row, &ignored) || !has_row) return NULL;
    return statement_column_text(ctx->arena, statement, 0);
}

static bool migrate(Database *db, Error *err) {
    int64_t version;
    if (!database_query_integer(db, "PRAGMA user_version", 0, &version, err)) return false;
    if (version >= 1) return true;
    return database_execute(
        db,
        "CREATE TABLE IF NOT EXISTS fact(name TEXT PRIMARY KEY, value TEXT, updated_at TEXT DEFAULT CURRENT_TIMESTAMP);"
        "PRAGMA user_version = 1",
        err);
}

bool state_store_set(Context *ctx, const Project *project, const char *name, const char *value, Error *err) {
    cleanup_database Database *db = NULL;
    const char *const parameters[] = {name, value};
    if (!database_open(ctx->arena, store_path(ctx, project), DATABASE_CREATE, BUSY_MS, &db, err)) return false;
    if (!migrate(db, err)) return false;
    return database_execute_with(
        db, "INSERT INTO fact(name, value) VALUES (?1, ?2) ON CONFLICT(name) DO UPDATE SET value = excluded.value", parameters, 2,
        err);
}
