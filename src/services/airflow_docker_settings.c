#include "services/airflow_docker_settings.h"

#include "base/text.h"
#include "io/clock.h"
#include "model/event.h"
#include "services/airflow_docker_sql.h"

enum { KNOWN_TIMEOUT_MS = 30 * 1000, PAUSE_MS = 500 };

static const char *unpause_statement(Arena *arena, const StringList *ids) {
    Text text = {.arena = arena};
    text_append(&text, "UPDATE dag SET is_paused = false WHERE dag_id IN (");
    for (size_t i = 0; i < ids->count; i++) {
        text_append_format(&text, "%s'%s'", i > 0 ? ", " : "", text_replace(arena, ids->items[i], "'", "''"));
    }
    text_append(&text, ") RETURNING dag_id");
    return text_string(&text);
}

bool airflow_docker_write_pools(Context *ctx, const Project *project, Error *err) {
    Text sql = {.arena = ctx->arena};
    const char *rows;
    bool is_there;
    list_each(const PoolConfig, pool, &project->config.airflow.pools) {
        const char *description = pool->description == NULL ? "" : pool->description;
        text_append_format(&sql,
                           "INSERT INTO slot_pool (pool, slots, description, include_deferred) VALUES ('%s', %d, '%s', FALSE) "
                           "ON CONFLICT (pool) DO UPDATE SET slots = excluded.slots, description = excluded.description;\n",
                           text_replace(ctx->arena, pool->name, "'", "''"), pool->slots,
                           text_replace(ctx->arena, description, "'", "''"));
    }
    return sql.length == 0 || airflow_docker_run_sql(ctx, project, text_string(&sql), &rows, &is_there, err);
}

bool airflow_docker_unpause(Context *ctx, const Project *project, Error *err) {
    const StringList *wanted = &project->config.airflow.unpause;
    const char *output = "";
    bool is_there = true;
    if (wanted->count == 0) return true;
    long long deadline_ms = clock_now_ms() + KNOWN_TIMEOUT_MS;
    const char *sql = unpause_statement(ctx->arena, wanted);
    StringList known = {0};
    while (is_there && known.count < wanted->count && clock_now_ms() < deadline_ms) {
        if (!airflow_docker_run_sql(ctx, project, sql, &output, &is_there, err)) return false;
        known = text_split_lines(ctx->arena, output);
        if (known.count >= wanted->count || context_is_cancelled(ctx)) break;
        event_step_progress(ctx, "airflow", "waiting for Airflow to see the DAGs of airflow.unpause");
        clock_sleep_ms(PAUSE_MS);
    }
    list_each(const char *const, id, wanted) {
        if (string_list_contains(&known, *id)) continue;
        event_warning(ctx, "check airflow.unpause in devbox.yaml; once the DAG is there: devbox start",
                      "airflow.unpause: Airflow knows no DAG '%s'", *id);
    }
    return true;
}
