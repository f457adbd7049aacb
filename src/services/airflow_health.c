#include "services/airflow_health.h"

#include "base/text.h"
#include "base/timestamp.h"
#include "io/http.h"
#include "io/json.h"

static ComponentHealth read_component(const Value *answer, const char *name) {
    ComponentHealth health = {.name = name};
    const Value *component = value_get(answer, name);
    health.is_healthy = text_equals(value_get_string(component, "status", ""), "healthy");
    for (size_t i = 0; component != NULL && i < component->count; i++) {
        const ValueMember *member = &component->members[i];
        bool is_heartbeat = member->key != NULL && strstr(member->key, "heartbeat") != NULL;
        if (is_heartbeat && member->value->kind == VALUE_STRING) health.heartbeat_ms = timestamp_parse(member->value->string);
    }
    return health;
}

bool airflow_health_ask(Context *ctx, const AirflowProfile *profile, int port, long long timeout_ms,
                        ComponentHealthList *components, Error *err) {
    HttpResponse response;
    Value *answer;
    HttpRequest request = {.url = arena_format(ctx->arena, "http://127.0.0.1:%d%s", port, profile->health_path),
                           .timeout_ms = timeout_ms};
    if (!http_request(ctx, &request, &response, err)) return false;
    if (response.status != 200) return error_set(err, ERROR_SERVICE, "Airflow's health page answers %ld", response.status);
    if (!json_parse(ctx->arena, response.body, "Airflow's health page", &answer, err)) return false;
    ComponentHealthList read = {0};
    list_each(const char *const, name, &profile->health_components) list_push(ctx->arena, &read, read_component(answer, *name));
    *components = read;
    return true;
}
