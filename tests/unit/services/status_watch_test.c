#include "services/status_watch.h"

#include "base/text.h"
#include "support/test.h"

static Arena *arena;

static int set_up(void **state) {
    (void)state;
    arena = arena_create();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_destroy(arena);
    return 0;
}

static RuntimeState state_of(RuntimePhase phase, ServiceStatus scheduler) {
    RuntimeState state = {.phase = phase};
    scheduler.name = "scheduler";
    list_push(arena, &state.services, scheduler);
    list_push(arena, &state.services, ((ServiceStatus){.name = "triggerer", .state = SERVICE_HEALTHY}));
    return state;
}

static void assert_lines(RuntimeState before, RuntimeState now, const char *expected) {
    StringList lines = status_watch_compare(arena, &before, &now);
    assert_string_equal(text_join(arena, &lines, "\n"), expected);
}

static void what_stays_as_it_was_is_not_said(void **state) {
    (void)state;
    RuntimeState one = state_of(RUNTIME_HEALTHY, (ServiceStatus){.state = SERVICE_HEALTHY, .pid = 1});
    RuntimeState other = state_of(RUNTIME_HEALTHY, (ServiceStatus){.state = SERVICE_HEALTHY, .pid = 1});
    assert_lines(one, other, "");
}

static void a_restart_is_said_with_its_reason(void **state) {
    (void)state;
    RuntimeState before = state_of(RUNTIME_HEALTHY, (ServiceStatus){.state = SERVICE_HEALTHY});
    RuntimeState now =
        state_of(RUNTIME_DEGRADED, (ServiceStatus){.state = SERVICE_RESTARTING, .restarts = 2, .message = "killed by signal 9"});
    assert_lines(before, now, "scheduler: healthy → restarting, 2 restarts: killed by signal 9\nAirflow: healthy → degraded");
}

static void a_start_names_all_services_and_a_stop_only_airflow(void **state) {
    (void)state;
    RuntimeState stopped = {.phase = RUNTIME_STOPPED};
    RuntimeState up = state_of(RUNTIME_HEALTHY, (ServiceStatus){.state = SERVICE_HEALTHY});
    assert_lines(stopped, up, "scheduler: healthy\ntriggerer: healthy\nAirflow: stopped → healthy");
    assert_lines(up, stopped, "Airflow: healthy → stopped");
}

static void a_restart_between_two_looks_is_seen_by_its_number(void **state) {
    (void)state;
    RuntimeState before = state_of(RUNTIME_HEALTHY, (ServiceStatus){.state = SERVICE_HEALTHY});
    RuntimeState now = state_of(RUNTIME_HEALTHY, (ServiceStatus){.state = SERVICE_HEALTHY, .restarts = 1});
    assert_lines(before, now, "scheduler: healthy, 1 restart");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stays_as_it_was_is_not_said),
        cmocka_unit_test(a_restart_is_said_with_its_reason),
        cmocka_unit_test(a_start_names_all_services_and_a_stop_only_airflow),
        cmocka_unit_test(a_restart_between_two_looks_is_seen_by_its_number),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
