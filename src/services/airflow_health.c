#include "services/airflow_health.h"

#include <time.h>

#include "base/text.h"
#include "io/http.h"
#include "io/json.h"

enum { HEALTH_TIMEOUT_MS = 5000 };

long long airflow_health_parse_time(const char *text) {
    struct tm time = {0};
    int fraction_end = 0, offset_hours = 0, offset_minutes = 0;
    if (text == NULL) return 0;
    int fields = sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &time.tm_year, &time.tm_mon, &time.tm_mday, &time.tm_hour,
                        &time.tm_min, &time.tm_sec, &fraction_end);
    if (fields != 6) return 0;
    const char *rest = text + fraction_end;
    int milliseconds = 0;
    if (*rest == '.') {
        sscanf(rest, ".%3d", &milliseconds);
        rest += 1 + strspn(rest + 1, "0123456789");
    }
    char sign = *rest;
    if (sign == '+' || sign == '-') sscanf(rest + 1, "%2d:%2d", &offset_hours, &offset_minutes);
    time.tm_year -= 1900;
    time.tm_mon -= 1;
    long long offset = (offset_hours * 60LL + offset_minutes) * 60000LL;
    return (long long)timegm(&time) * 1000 + milliseconds - (sign == '-' ? -offset : offset);
}

static ComponentHealth read_component(const Value *answer, const char *name) {
    ComponentHealth health = {.name = name};
    const Value *component = value_get(answer, name);
    health.is_healthy = text_equals(value_get_string(component, "status", ""), "healthy");
    for (size_t i = 0; component != NULL && i < component->count; i++) {
        const ValueMember *member = &component->members[i];
        bool is_heartbeat = member->key != NULL && strstr(member->key, "heartbeat") != NULL;
        if (is_heartbeat && member->value->kind == VALUE_STRING)
            health.heartbeat_ms = airflow_health_parse_time(member->value->string);
    }
    return health;
}

bool airflow_health_ask(Context *ctx, const AirflowProfile *profile, int port, ComponentHealthList *components, Error *err) {
    HttpResponse response;
    Value *answer;
    HttpRequest request = {.url = arena_format(ctx->arena, "http://127.0.0.1:%d%s", port, profile->health_path),
                           .timeout_ms = HEALTH_TIMEOUT_MS};
    if (!http_request(ctx, &request, &response, err)) return false;
    if (response.status != 200) return error_set(err, ERROR_SERVICE, "Airflow's health page answers %ld", response.status);
    if (!json_parse(ctx->arena, response.body, "Airflow's health page", &answer, err)) return false;
    ComponentHealthList read = {0};
    list_each(const char *const, name, &profile->health_components) list_push(ctx->arena, &read, read_component(answer, *name));
    *components = read;
    return true;
}
