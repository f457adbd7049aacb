// fakes: process clock network platform
#include "services/airflow_native.h"

#include "base/text.h"
#include "support/native.h"

static bool wait_healthy(Native *native) {
    error_clear(native->err);
    return airflow_native_wait_healthy(native->ctx, &native->project, "airflow", native->err);
}

static const char *must_not_become_healthy(Native *native) {
    assert_false(wait_healthy(native));
    return error_as_text(native->err);
}

static RuntimeState two_services(Native *native, ServiceState scheduler) {
    RuntimeState state = native_make_state(RUNTIME_STARTING, 8080);
    ServiceStatus web = {.name = "webserver", .label = "web server", .state = SERVICE_HEALTHY, .pid = 7, .log_path = "/web.log"};
    ServiceStatus other = {.name = "scheduler",
                           .label = "scheduler",
                           .state = scheduler,
                           .restarts = 4,
                           .log_path = checkout_path(native->checkout, ".devbox/logs/scheduler.log")};
    list_push(native->ctx->arena, &state.services, web);
    list_push(native->ctx->arena, &state.services, other);
    return state;
}

static int turn_count;

// The platform on its way up: two turns of waiting, a crash, then health.
static void come_up(void) {
    RuntimeState state = two_services(native_current, SERVICE_STARTING);
    turn_count++;
    if (turn_count == 3) {
        state.services.items[1].state = SERVICE_RESTARTING;
        state.services.items[1].message = "exited (1) 0.3s after its start";
    }
    if (turn_count == 5) state.phase = RUNTIME_HEALTHY;
    native_write_state(native_current, &state);
}

static void waiting_tells_each_change_once(void **state) {
    Native *native = *state;
    native_hold_lock(native);
    turn_count = 0;
    fake_clock_on_sleep(come_up);
    assert_true(wait_healthy(native));
    assert_int_equal(turn_count, 5);
    assert_string_equal(event_log_take(&native->log),
                        "progress airflow: waiting for Airflow\nprogress airflow: waiting for scheduler\n"
                        "progress airflow: scheduler exited (1) 0.3s after its start; starting it again\n"
                        "progress airflow: waiting for scheduler\n");
}

static void a_failed_service_ends_the_wait_with_its_last_lines(void **state) {
    Native *native = *state;
    RuntimeState failed = two_services(native, SERVICE_FAILED);
    Text log = {.arena = native->ctx->arena};
    for (int i = 1; i <= 20; i++) text_append_format(&log, "line %d\n", i);
    failed.phase = RUNTIME_FAILED;
    failed.services.items[1].message = "exited (1) 2.0s after its start";
    checkout_add(native->checkout, ".devbox/logs/scheduler.log", text_string(&log));
    native_hold_lock(native);
    native_write_state(native, &failed);
    assert_string_equal(
        must_not_become_healthy(native),
        arena_format(native->ctx->arena,
                     "SERVICE scheduler exited (1) 2.0s after its start, restarted 4× → full log: %s · after "
                     "mending the cause: devbox start\n%s",
                     failed.services.items[1].log_path, text_last_lines(native->ctx->arena, text_string(&log), 15)));
    assert_int_equal(fake_clock_slept_ms(), 0);
}

static void a_failure_without_a_failed_service_tells_the_supervisor_s_reason(void **state) {
    Native *native = *state;
    RuntimeState failed = native_make_state(RUNTIME_FAILED, 8080);
    checkout_add(native->checkout, ".devbox/logs/airflow-host.log", "ImportError: x\n");
    native_hold_lock(native);
    failed.message = "Airflow's parent process ended too often";
    native_write_state(native, &failed);
    const char *said = must_not_become_healthy(native);
    assert_true(text_starts_with(said, "SERVICE Airflow could not be started: Airflow's parent process ended too often"));
    assert_true(text_ends_with(said, "airflow-host.log · after mending the cause: devbox start\nImportError: x"));
    failed = native_make_state(RUNTIME_FAILED, 8080);
    native_write_state(native, &failed);
    assert_true(text_starts_with(must_not_become_healthy(native), "SERVICE Airflow could not be started: failed → "));
    ServiceStatus bare = {.name = "x", .label = "x", .state = SERVICE_FAILED};
    list_push(native->ctx->arena, &failed.services, bare);
    native_write_state(native, &failed);
    assert_true(text_starts_with(must_not_become_healthy(native), "SERVICE Airflow could not be started: failed → "));
}

static void a_supervisor_that_is_gone_ends_the_wait_at_once(void **state) {
    Native *native = *state;
    RuntimeState starting = two_services(native, SERVICE_STARTING);
    checkout_add(native->checkout, ".devbox/logs/supervisor.log", "out of memory\n");
    native_write_state(native, &starting);
    const char *said = must_not_become_healthy(native);
    assert_true(text_starts_with(said, "SERVICE the supervisor of Airflow ended while Airflow was starting → full log: /"));
    assert_true(text_ends_with(said, "supervisor.log · then run devbox start again\nout of memory"));
    assert_int_equal(fake_clock_slept_ms(), 0);
}

static void a_slow_start_is_told_with_the_slow_service(void **state) {
    Native *native = *state;
    RuntimeState starting = two_services(native, SERVICE_STARTING);
    native_hold_lock(native);
    native_write_state(native, &starting);
    checkout_add(native->checkout, ".devbox/logs/scheduler.log", "migrating\n");
    const char *said = must_not_become_healthy(native);
    assert_true(text_starts_with(said,
                                 "TIMEOUT scheduler is still starting after 4m00s → it goes on starting; look with: devbox "
                                 "status · full log: /"));
    assert_true(text_ends_with(said, "scheduler.log\nmigrating"));
    assert_true(fake_clock_slept_ms() >= 240000 && fake_clock_slept_ms() <= 240100);
    native->ctx->timeout_ms = 20000;
    starting.services.items[1].state = SERVICE_UNHEALTHY;
    native_write_state(native, &starting);
    assert_true(text_starts_with(must_not_become_healthy(native), "TIMEOUT scheduler is still starting after 20.0s → "));
    starting.services.count = 0;
    native_write_state(native, &starting);
    assert_true(text_starts_with(must_not_become_healthy(native), "TIMEOUT Airflow is still starting after 20.0s → "));
}

static void a_slow_start_on_a_full_disk_tells_of_the_disk(void **state) {
    Native *native = *state;
    RuntimeState starting = two_services(native, SERVICE_STARTING);
    native_hold_lock(native);
    native_write_state(native, &starting);
    checkout_add(native->checkout, ".devbox/logs/scheduler.log", "migrating\n");
    fake_platform.free_disk_bytes = 19LL << 20;
    const char *said = must_not_become_healthy(native);
    assert_true(text_starts_with(said,
                                 "TIMEOUT scheduler is still starting after 4m00s, and the disk that holds .devbox is full "
                                 "(19 MiB left) → make room there, then: devbox stop && devbox start · full log: /"));
    assert_true(text_ends_with(said, "scheduler.log\nmigrating"));
    fake_platform.free_disk_bytes = 20LL << 20;
    assert_null(strstr(must_not_become_healthy(native), "disk"));
}

static void ctrl_c_ends_the_wait(void **state) {
    native_hold_lock(*state);
    native_cancel = 1;
    assert_string_equal(must_not_become_healthy(*state), "INTERRUPTED interrupted while Airflow was starting");
}

static void a_damaged_state_ends_the_wait(void **state) {
    native_hold_lock(*state);
    checkout_add(native_current->checkout, ".devbox/run/services.json", "{");
    assert_non_null(strstr(must_not_become_healthy(*state), "services.json"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_native(waiting_tells_each_change_once),
        test_with_native(a_failed_service_ends_the_wait_with_its_last_lines),
        test_with_native(a_failure_without_a_failed_service_tells_the_supervisor_s_reason),
        test_with_native(a_supervisor_that_is_gone_ends_the_wait_at_once),
        test_with_native(a_slow_start_is_told_with_the_slow_service),
        test_with_native(a_slow_start_on_a_full_disk_tells_of_the_disk),
        test_with_native(ctrl_c_ends_the_wait),
        test_with_native(a_damaged_state_ends_the_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
