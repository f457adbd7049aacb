// fakes: clock
#include "services/service_times.h"

#include "base/text.h"
#include "fakes/fake_clock.h"
#include "support/test.h"

typedef struct Case {
    Arena *arena;
    long long whole_ms;
    AirflowProfile profile;
    ServiceTimes times;
    RuntimeState state;
} Case;

static Case begin(Arena *arena, long long whole_ms) {
    Case made = {.arena = arena, .whole_ms = whole_ms};
    list_push(arena, &made.profile.ready_within, ((ServiceLimit){.name = "postgres", .seconds = 120}));
    return made;
}

static void add(Case *one, const char *name, ServiceState state, pid_t pid) {
    ServiceStatus status = {.name = name, .label = name, .state = state, .pid = pid, .started_ms = pid};
    list_push(one->arena, &one->state.services, status);
}

// The name of the service whose time is over after so many more seconds, "Airflow" for none of them; NULL: none's is.
static const char *after(Case *one, int seconds) {
    SlowService slow;
    if (one->times.profile == NULL) {
        one->times = service_times_begin(one->arena, &one->profile);
        one->times.whole_ms = one->whole_ms;
    }
    fake_clock_advance(seconds * 1000);
    if (!service_times_are_over(&one->times, &one->state, &slow)) return NULL;
    const char *name = slow.status == NULL ? "Airflow" : slow.status->name;
    return arena_format(one->arena, "%s %llds", name, slow.limit_ms / 1000);
}

// From now on, and not a second before.
static void assert_over_after(Case *one, int seconds, const char *expected) {
    assert_null(after(one, 0));
    assert_null(after(one, seconds - 1));
    assert_string_equal(after(one, 1), expected);
}

static void a_service_has_its_own_time(void **state) {
    Case one = begin(*state, 0);
    add(&one, "postgres", SERVICE_STARTING, 7);
    add(&one, "scheduler", SERVICE_HEALTHY, 8);
    assert_over_after(&one, 120, "postgres 120s");
}

static void others_have_four_minutes(void **state) {
    Case one = begin(*state, 0);
    add(&one, "scheduler", SERVICE_UNHEALTHY, 8);
    assert_over_after(&one, 240, "scheduler 240s");
}

static void one_that_waits_for_another_has_time_meanwhile(void **state) {
    Case one = begin(*state, 0);
    add(&one, "scheduler", SERVICE_STARTING, 0);
    add(&one, "postgres", SERVICE_STARTING, 7);
    assert_null(after(&one, 0));
    assert_string_equal(after(&one, 400), "postgres 120s");
    one.state.services.items[1].state = SERVICE_HEALTHY;
    assert_over_after(&one, 240, "scheduler 240s");
}

static void one_that_waited_alone_for_a_moment_has_the_whole_time_later(void **state) {
    Case one = begin(*state, 0);
    add(&one, "scheduler", SERVICE_STARTING, 0);
    add(&one, "postgres", SERVICE_STARTING, 0);
    assert_null(after(&one, 0));
    one.state.services.items[1].pid = 7;
    assert_null(after(&one, 1));
    assert_null(after(&one, 118));
    one.state.services.items[1].state = SERVICE_HEALTHY;
    assert_null(after(&one, 200));
    assert_null(after(&one, 239));
    assert_string_equal(after(&one, 1), "scheduler 240s");
}

static void one_that_was_healthy_has_the_whole_time_again(void **state) {
    Case one = begin(*state, 0);
    add(&one, "scheduler", SERVICE_STARTING, 8);
    add(&one, "triggerer", SERVICE_STARTING, 9);
    assert_null(after(&one, 0));
    one.state.services.items[0].state = SERVICE_HEALTHY;
    assert_null(after(&one, 230));
    one.state.services.items[0].state = SERVICE_UNHEALTHY;
    one.state.services.items[1].state = SERVICE_HEALTHY;
    assert_null(after(&one, 100));
    assert_null(after(&one, 239));
    assert_string_equal(after(&one, 1), "scheduler 240s");
}

static void a_process_that_is_started_again_has_no_more_time(void **state) {
    Case one = begin(*state, 0);
    add(&one, "scheduler", SERVICE_STARTING, 8);
    assert_null(after(&one, 0));
    assert_null(after(&one, 200));
    one.state.services.items[0].state = SERVICE_RESTARTING;
    one.state.services.items[0].pid = 0;
    assert_null(after(&one, 30));
    one.state.services.items[0].state = SERVICE_STARTING;
    one.state.services.items[0].pid = 9;
    assert_string_equal(after(&one, 10), "scheduler 240s");
}

static void services_that_are_well_by_turns_have_a_quarter_of_an_hour(void **state) {
    Case one = begin(*state, 0);
    add(&one, "scheduler", SERVICE_UNHEALTHY, 8);
    add(&one, "triggerer", SERVICE_HEALTHY, 9);
    assert_null(after(&one, 0));
    for (int minute = 1; minute < 15; minute++) {
        bool is_even = minute % 2 == 0;
        one.state.services.items[0].state = is_even ? SERVICE_UNHEALTHY : SERVICE_HEALTHY;
        one.state.services.items[1].state = is_even ? SERVICE_HEALTHY : SERVICE_UNHEALTHY;
        assert_null(after(&one, 60));
    }
    assert_string_equal(after(&one, 60), "scheduler 900s");
}

static void no_service_has_less_than_the_least(void **state) {
    Case one = begin(*state, 0);
    add(&one, "postgres", SERVICE_STARTING, 7);
    assert_null(after(&one, 0));
    one.times.least_ms = 200 * 1000;
    assert_null(after(&one, 199));
    assert_string_equal(after(&one, 1), "postgres 200s");
}

static void healthy_services_of_an_airflow_that_is_not_are_not_waited_for_for_ever(void **state) {
    Case one = begin(*state, 0);
    add(&one, "scheduler", SERVICE_HEALTHY, 8);
    assert_over_after(&one, 240, "Airflow 240s");
}

static void an_airflow_that_shows_nothing_has_four_minutes(void **state) {
    Case one = begin(*state, 0);
    assert_over_after(&one, 240, "Airflow 240s");
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
        test_with_arena(one_that_waited_alone_for_a_moment_has_the_whole_time_later),
        test_with_arena(one_that_was_healthy_has_the_whole_time_again),
        test_with_arena(a_process_that_is_started_again_has_no_more_time),
        test_with_arena(services_that_are_well_by_turns_have_a_quarter_of_an_hour),
        test_with_arena(no_service_has_less_than_the_least),
        test_with_arena(healthy_services_of_an_airflow_that_is_not_are_not_waited_for_for_ever),
        test_with_arena(an_airflow_that_shows_nothing_has_four_minutes),
        test_with_arena(the_time_that_the_user_gives_is_for_all_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
