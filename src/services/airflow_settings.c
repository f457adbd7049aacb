#include "services/airflow_settings.h"

#include <ctype.h>

#include "base/text.h"
#include "io/json.h"
#include "services/sandbox.h"

// Airflow looks for AIRFLOW_CONN_ or AIRFLOW_VAR_ and the name in capitals.
static const char *variable_name(Arena *arena, const char *prefix, const char *name) {
    Text text = {.arena = arena};
    text_append(&text, prefix);
    for (; *name != '\0'; name++) text_append_char(&text, (char)toupper((unsigned char)*name));
    return text_string(&text);
}

// What .env says wins: it is the user's own file, devbox.yaml the team's.
static void set_unless_present(ChildEnvironment *environment, const char *key, const Pair *pair) {
    if (child_environment_get(environment, key) != NULL) return;
    child_environment_set_from(environment, key, pair->value, pair->origin);
}

static bool check_distinct(Arena *arena, const PairList *pairs, const char *prefix, Error *err) {
    for (size_t i = 0; i < pairs->count; i++) {
        for (size_t j = 0; j < i; j++) {
            const Pair *later = &pairs->items[i], *earlier = &pairs->items[j];
            const char *variable = variable_name(arena, prefix, later->key);
            if (!text_equals(variable, variable_name(arena, prefix, earlier->key))) continue;
            error_set(err, ERROR_CONFIG, "%s: %s and %s (%s) are the same to Airflow: both are read from %s", later->origin,
                      later->key, earlier->key, earlier->origin, variable);
            return error_hint(err, "remove or rename one of them");
        }
    }
    return true;
}

static bool apply_pairs(ChildEnvironment *environment, const PairList *pairs, const char *prefix, Error *err) {
    if (!check_distinct(environment->arena, pairs, prefix, err)) return false;
    list_each(const Pair, pair, pairs)
        set_unless_present(environment, variable_name(environment->arena, prefix, pair->key), pair);
    return true;
}

static const char *sandbox_connection(Arena *arena, const char *database) {
    Value *connection = value_object(arena);
    value_set_string(arena, connection, "conn_type", "sqlite");
    value_set_string(arena, connection, "host", database);
    return json_print(arena, connection);
}

bool airflow_settings_apply(Context *ctx, const Project *project, ChildEnvironment *environment, Error *err) {
    const char *database = sandbox_path(ctx->arena, project);
    if (!apply_pairs(environment, &project->config.airflow.connections, "AIRFLOW_CONN_", err)) return false;
    if (!apply_pairs(environment, &project->config.airflow.variables, "AIRFLOW_VAR_", err)) return false;
    Pair sandbox = {.value = sandbox_connection(ctx->arena, database), .origin = "devbox"};
    set_unless_present(environment, "AIRFLOW_CONN_SANDBOX", &sandbox);
    child_environment_set(environment, "DEVBOX_SANDBOX", database);
    if (project->dbt_dir != NULL) child_environment_set(environment, "DEVBOX_DBT_PROJECT", project->dbt_dir);
    return true;
}

PairList airflow_settings_placeholders(Arena *arena, const Project *project, const Secrets *secrets, int port) {
    PairList values = {0};
    pair_list_add(arena, &values, "dags", project->dags_dir);
    pair_list_add(arena, &values, "plugins", project->plugins_dir);
    pair_list_add(arena, &values, "password", project->config.airflow.password);
    pair_list_add(arena, &values, "port", arena_format(arena, "%d", port));
    pair_list_add(arena, &values, "fernet_key", secrets->fernet_key);
    pair_list_add(arena, &values, "secret_key", secrets->secret_key);
    pair_list_add(arena, &values, "jwt_secret", secrets->jwt_secret);
    return values;
}
