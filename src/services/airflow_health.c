#include "services/airflow_health.h"

#include <ctype.h>
#include <time.h>

#include "base/text.h"
#include "io/http.h"
#include "io/json.h"

// Exactly `count` digits, then `end` unless that is 0.
static bool take_number(const char **text, int count, char end, int *number) {
    int read = 0;
    for (int i = 0; i < count; i++) {
        if (!isdigit((unsigned char)(*text)[i])) return false;
        read = read * 10 + ((*text)[i] - '0');
    }
    if (end != '\0' && (*text)[count] != end) return false;
    *text += count + (end != '\0');
    *number = read;
    return true;
}

static int take_milliseconds(const char **text) {
    int milliseconds = 0, weight = 100;
    if (**text != '.' && **text != ',') return 0;
    for ((*text)++; isdigit((unsigned char)**text); (*text)++, weight /= 10) milliseconds += weight * (**text - '0');
    return milliseconds;
}

// "+05:30", "-0800", " +0000"; nothing and "Z" are UTC.
static long long take_offset_ms(const char *text) {
    int hours = 0, minutes = 0;
    if (*text == ' ') text++;
    bool is_west = *text == '-';
    if (*text != '+' && !is_west) return 0;
    text++;
    if (!take_number(&text, 2, '\0', &hours)) return 0;
    if (*text == ':') text++;
    if (!take_number(&text, 2, '\0', &minutes)) minutes = 0;
    long long offset_ms = (hours * 60LL + minutes) * 60000LL;
    return is_west ? -offset_ms : offset_ms;
}

static bool is_time(const struct tm *time) {
    bool is_date = time->tm_year >= 1970 && time->tm_mon >= 1 && time->tm_mon <= 12 && time->tm_mday >= 1 && time->tm_mday <= 31;
    return is_date && time->tm_hour < 24 && time->tm_min < 60 && time->tm_sec <= 60;
}

long long airflow_health_parse_time(const char *text) {
    struct tm time = {0};
    if (text == NULL || !take_number(&text, 4, '-', &time.tm_year) || !take_number(&text, 2, '-', &time.tm_mon)) return 0;
    if (!take_number(&text, 2, '\0', &time.tm_mday) || (*text != 'T' && *text != ' ')) return 0;
    text++;
    if (!take_number(&text, 2, ':', &time.tm_hour) || !take_number(&text, 2, ':', &time.tm_min)) return 0;
    if (!take_number(&text, 2, '\0', &time.tm_sec) || !is_time(&time)) return 0;
    int milliseconds = take_milliseconds(&text);
    time.tm_year -= 1900;
    time.tm_mon -= 1;
    return (long long)timegm(&time) * 1000 + milliseconds - take_offset_ms(text);
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
