#include "services/service_times.h"

#include "base/text.h"
#include "io/clock.h"
#include "services/airflow_wait.h"

enum {
    DEFAULT_MS = 240 * 1000,
    LONGEST_MS = 15 * 60 * 1000  // services that are well by turns would never be overdue
};

ServiceTimes service_times_begin(Arena *arena, const AirflowProfile *profile) {
    return (ServiceTimes){.arena = arena, .profile = profile, .begun_ms = clock_now_ms()};
}

long long service_times_more_minutes(const SlowService *slow) { return slow->limit_ms / 60000 * 2 + 1; }

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

static long long find_limit(const ServiceTimes *times, const char *name) {
    long long limit_ms = DEFAULT_MS;
    list_each(const ServiceLimit, limit, &times->profile->ready_within) {
        if (text_equals(limit->name, name)) limit_ms = limit->seconds * 1000LL;
    }
    return limit_ms > times->least_ms ? limit_ms : times->least_ms;
}

// For how long this has been asked for in each turn.
static long long find_duration(ServiceTimes *times, const char *name, long long now_ms) {
    ServiceClock *found = NULL;
    list_each(ServiceClock, clock, &times->clocks) {
        if (text_equals(clock->name, name)) found = clock;
    }
    if (found == NULL) {
        list_push(times->arena, &times->clocks, ((ServiceClock){.name = arena_copy_string(times->arena, name), .turn = -1}));
        found = &times->clocks.items[times->clocks.count - 1];
    }
    if (found->turn != times->turn - 1) found->since_ms = now_ms;
    found->turn = times->turn;
    return now_ms - found->since_ms;
}

static bool find_overdue(ServiceTimes *times, const RuntimeState *state, long long now_ms, SlowService *slow) {
    bool others_come_first = is_something_on_its_way(state), is_any_on_its_way = false, is_over = false;
    list_each(const ServiceStatus, status, &state->services) {
        if (!is_pending(status) || (is_waiting(status) && others_come_first)) continue;
        is_any_on_its_way = true;
        long long limit_ms = find_limit(times, status->name);
        if (find_duration(times, status->name, now_ms) < limit_ms || is_over) continue;
        is_over = true;
        *slow = (SlowService){.status = status, .limit_ms = limit_ms};
    }
    if (is_any_on_its_way || find_duration(times, "", now_ms) < DEFAULT_MS) return is_over;
    *slow = (SlowService){.limit_ms = DEFAULT_MS};
    return true;
}

static const ServiceStatus *find_one_that_is_not_healthy(const RuntimeState *state) {
    static const ServiceState order[] = {SERVICE_STARTING, SERVICE_UNHEALTHY, SERVICE_RESTARTING};
    const ServiceStatus *found = NULL;
    for (size_t i = 0; i < sizeof order / sizeof *order && found == NULL; i++) found = airflow_wait_find(state, order[i]);
    return found;
}

bool service_times_are_over(ServiceTimes *times, const RuntimeState *state, SlowService *slow) {
    long long now_ms = clock_now_ms();
    times->turn++;
    if (times->whole_ms <= 0 && find_overdue(times, state, now_ms, slow)) return true;
    long long limit_ms = times->whole_ms > 0 ? times->whole_ms : LONGEST_MS;
    *slow = (SlowService){.status = find_one_that_is_not_healthy(state), .limit_ms = limit_ms};
    return now_ms - times->begun_ms >= limit_ms;
}
