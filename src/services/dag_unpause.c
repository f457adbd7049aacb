#include "services/dag_unpause.h"

#include "io/database.h"

enum { BUSY_MS = 2000 };

static bool unpause(Context *ctx, Database *db, const char *dag_id) {
    cleanup_statement Statement *statement = NULL;
    bool has_row = false;
    Error ignored = {.arena = ctx->arena};
    if (!statement_prepare(db, "UPDATE dag SET is_paused = 0 WHERE dag_id = ?1 RETURNING dag_id", &statement, &ignored))
        return false;
    statement_bind_text(statement, 1, dag_id, strlen(dag_id));
    return statement_step(statement, &has_row, &ignored) && has_row;
}

void dag_unpause_known(Context *ctx, const char *database, StringList *waiting) {
    cleanup_database Database *db = NULL;
    Error ignored = {.arena = ctx->arena};
    size_t left = 0;
    if (waiting->count == 0 || !database_open(ctx->arena, database, DATABASE_WRITE, BUSY_MS, &db, &ignored)) return;
    list_each(const char *, dag_id, waiting) {
        if (!unpause(ctx, db, *dag_id)) waiting->items[left++] = *dag_id;
    }
    waiting->count = left;
}
