// fakes: clock
#include "services/service_times.h"

#include "base/text.h"
#include "fakes/fake_clock.h"
#include "support/test.h"

typedef struct Case {
    Context ctx;
    AirflowProfile profile;
    ServiceTimes times;
    RuntimeState state;
} Case;

static Case begin(Arena *arena, long long timeout_ms) {
    Case made = {.ctx = {.arena = arena, .timeout_ms = timeout_ms}};
    list_push(arena, &made.profile.ready_within, ((ServiceLimit){.name = "postgres", .seconds = 120}));
    return made;
}

static void add(Case *one, const char *name, ServiceState state, pid_t pid) {
    ServiceStatus status = {.name = name, .label = name, .state = state, .pid = pid, .started_ms = pid};
    list_push(one->ctx.arena, &one->state.services, status);
}

// The name of the service whose time is over after so many more seconds, "Airflow" for none of them; NULL: none's is.
static const char *after(Case *one, int seconds) {
    SlowService slow;
    if (one->times.profile == NULL) one->times = service_times_begin(&one->ctx, &one->profile);
    fake_clock_advance(seconds * 1000);
    if (!service_times_are_over(&one->times, &one->state, &slow)) return NULL;
    const char *name = slow.status == NULL ? "Airflow" : slow.status->name;
    return arena_format(one->ctx.arena, "%s %llds", name, slow.limit_ms / 1000);
}

static void a_service_has_its_own_time(void **state) {
    Case one = begin(*state, 0);
    add(&one, "postgres", SERVICE_STARTING, 7);
    add(&one, "scheduler", SERVICE_HEALTHY, 8);
    assert_null(after(&one, 0));
    assert_null(after(&one, 119));
    assert_string_equal(after(&one, 1), "postgres 120s");
}

static void others_have_four_minutes(void **state) {
    Case one = begin(*state, 0);
    add(&one, "scheduler", SERVICE_UNHEALTHY, 8);
    assert_null(after(&one, 0));
    assert_null(after(&one, 239));
    assert_string_equal(after(&one, 1), "scheduler 240s");
}

static void one_that_waits_for_another_has_time_meanwhile(void **state) {
    Case one = begin(*state, 0);
    add(&one, "scheduler", SERVICE_STARTING, 0);
    add(&one, "postgres", SERVICE_STARTING, 7);
    assert_null(after(&one, 0));
    assert_string_equal(after(&one, 400), "postgres 120s");
    one.state.services.items[1].state = SERVICE_HEALTHY;
    assert_null(after(&one, 0));
    assert_null(after(&one, 239));
    assert_string_equal(after(&one, 1), "scheduler 240s");
}

static void a_new_process_has_the_whole_time(void **state) {
    Case one = begin(*state, 0);
    add(&one, "scheduler", SERVICE_STARTING, 8);
    assert_null(after(&one, 0));
    assert_null(after(&one, 200));
    one.state.services.items[0].state = SERVICE_RESTARTING;
    one.state.services.items[0].started_ms = 9;
    assert_null(after(&one, 200));
    assert_string_equal(after(&one, 240), "scheduler 240s");
}

static void an_airflow_that_shows_nothing_has_four_minutes(void **state) {
    Case one = begin(*state, 0);
    assert_null(after(&one, 239));
    assert_string_equal(after(&one, 1), "Airflow 240s");
}

static void the_time_that_the_user_gives_is_for_all_together(void **state) {
    Case one = begin(*state, 500 * 1000);
    add(&one, "postgres", SERVICE_HEALTHY, 7);
    add(&one, "scheduler", SERVICE_RESTARTING, 8);
    assert_null(after(&one, 499));
    assert_string_equal(after(&one, 1), "scheduler 500s");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(a_service_has_its_own_time),
        test_with_arena(others_have_four_minutes),
        test_with_arena(one_that_waits_for_another_has_time_meanwhile),
        test_with_arena(a_new_process_has_the_whole_time),
        test_with_arena(an_airflow_that_shows_nothing_has_four_minutes),
        test_with_arena(the_time_that_the_user_gives_is_for_all_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
