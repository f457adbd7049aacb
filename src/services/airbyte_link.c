#include "services/airbyte_link.h"

#include "base/text.h"
#include "io/json.h"
#include "services/airbyte.h"
#include "services/airflow_runtime.h"

#define MARK "The local Airbyte. devbox keeps this up to date."

static const char *quote(Arena *arena, const char *text) {
    return text == NULL ? "NULL" : arena_format(arena, "'%s'", text_replace(arena, text, "'", "''"));
}

static const char *field(Arena *arena, const Value *connection, const char *key) {
    return quote(arena, value_get_string(connection, key, NULL));
}

// Understood by SQLite and PostgreSQL alike.
static const char *make_statement(Arena *arena, const Value *connection) {
    return arena_format(arena,
                        "INSERT INTO connection (conn_id, conn_type, description, host, schema, login, password, is_encrypted, "
                        "is_extra_encrypted) VALUES ('airbyte_default', %s, '" MARK
                        "', %s, %s, %s, %s, FALSE, FALSE) "
                        "ON CONFLICT (conn_id) DO UPDATE SET conn_type = excluded.conn_type, host = excluded.host, "
                        "schema = excluded.schema, login = excluded.login, password = excluded.password, is_encrypted = FALSE "
                        "WHERE connection.description = '" MARK "'",
                        field(arena, connection, "conn_type"), field(arena, connection, "host"),
                        field(arena, connection, "schema"), field(arena, connection, "login"),
                        field(arena, connection, "password"));
}

bool airbyte_link_airflow(Context *ctx, const Project *project, Error *err) {
    const AirflowRuntime *runtime = airflow_runtime_of(project);
    const char *json, *rows;
    Value *connection;
    bool is_there;
    if (project->config.airbyte.enabled == CHOICE_FALSE) return true;
    if (!airbyte_connection_find(ctx, project, runtime->host_name, &json, err)) return false;
    if (json == NULL) return true;
    if (!json_parse(ctx->arena, json, "Airbyte's connection", &connection, err)) return false;
    return runtime->run_sql(ctx, project, make_statement(ctx->arena, connection), &rows, &is_there, err);
}
