#include "services/service_times.h"

#include "base/text.h"
#include "io/clock.h"
#include "services/airflow_wait.h"

enum { DEFAULT_SECONDS = 240 };

ServiceTimes service_times_begin(const Context *ctx, const AirflowProfile *profile) {
    return (ServiceTimes){.arena = ctx->arena, .profile = profile, .begun_ms = clock_now_ms(), .whole_ms = ctx->timeout_ms};
}

static bool is_pending(const ServiceStatus *status) {
    return status->state != SERVICE_HEALTHY && status->state != SERVICE_FAILED;
}

// Not started yet.
static bool is_waiting(const ServiceStatus *status) { return status->state == SERVICE_STARTING && status->pid == 0; }

static bool is_something_on_its_way(const RuntimeState *state) {
    list_each(const ServiceStatus, status, &state->services) {
        if (is_pending(status) && !is_waiting(status)) return true;
    }
    return false;
}

static long long find_limit(const AirflowProfile *profile, const char *name) {
    list_each(const ServiceLimit, limit, &profile->ready_within) {
        if (text_equals(limit->name, name)) return limit->seconds * 1000LL;
    }
    return DEFAULT_SECONDS * 1000LL;
}

static long long first_seen(ServiceTimes *times, const char *name, long long started_ms, long long now_ms) {
    list_each(const ServiceRun, run, &times->runs) {
        if (run->started_ms == started_ms && text_equals(run->name, name)) return run->seen_ms;
    }
    const char *kept = arena_copy_string(times->arena, name);
    list_push(times->arena, &times->runs, ((ServiceRun){.name = kept, .started_ms = started_ms, .seen_ms = now_ms}));
    return now_ms;
}

static const ServiceStatus *find_overdue(ServiceTimes *times, const RuntimeState *state, long long now_ms) {
    bool others_come_first = is_something_on_its_way(state);
    list_each(const ServiceStatus, status, &state->services) {
        if (!is_pending(status) || (is_waiting(status) && others_come_first)) continue;
        long long seen_ms = first_seen(times, status->name, status->started_ms, now_ms);
        if (now_ms - seen_ms >= find_limit(times->profile, status->name)) return status;
    }
    return NULL;
}

static const ServiceStatus *find_slowest(const RuntimeState *state) {
    static const ServiceState order[] = {SERVICE_STARTING, SERVICE_UNHEALTHY, SERVICE_RESTARTING};
    const ServiceStatus *found = NULL;
    for (size_t i = 0; i < sizeof order / sizeof *order && found == NULL; i++) found = airflow_wait_find(state, order[i]);
    return found;
}

bool service_times_are_over(ServiceTimes *times, const RuntimeState *state, SlowService *slow) {
    long long now_ms = clock_now_ms();
    bool has_one_time = times->whole_ms > 0 || state->services.count == 0;
    if (has_one_time) {
        slow->status = find_slowest(state);
        slow->limit_ms = times->whole_ms > 0 ? times->whole_ms : DEFAULT_SECONDS * 1000LL;
        return now_ms - times->begun_ms >= slow->limit_ms;
    }
    slow->status = find_overdue(times, state, now_ms);
    if (slow->status != NULL) slow->limit_ms = find_limit(times->profile, slow->status->name);
    return slow->status != NULL;
}
