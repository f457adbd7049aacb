// fakes: clock
#include "services/runtime_state.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_clock.h"
#include "io/lock_file.h"
#include "support/checkout.h"
#include "support/event_log.h"

typedef struct Platform {
    Project project;
    int lock_fd;
} Platform;

static Platform prepare(Checkout *checkout, bool is_alive) {
    Platform platform = {.lock_fd = -1};
    checkout_add_folder(checkout, "dags");
    platform.project = checkout_open(checkout);
    assert_true(project_prepare_state(&checkout->ctx, &platform.project, &checkout->err));
    const char *lock = runtime_state_lock_path(checkout->arena, &platform.project);
    if (is_alive) assert_true(lock_file_take(&checkout->ctx, lock, "supervisor", 0, &platform.lock_fd, &checkout->err));
    return platform;
}

static RuntimeState must_read(Checkout *checkout, const Platform *platform) {
    RuntimeState read;
    if (!runtime_state_read(&checkout->ctx, &platform->project, &read, &checkout->err)) fail_msg("%s", checkout->err.message);
    return read;
}

static void write_healthy(Checkout *checkout, const Platform *platform, pid_t supervisor) {
    RuntimeState written = {.phase = RUNTIME_HEALTHY,
                            .supervisor = supervisor,
                            .version = "2.10.3",
                            .fingerprint = "abc",
                            .port = 8081,
                            .started_ms = 1000,
                            .healthy_ms = 2000,
                            .message = "it's up",
                            .request = "a1b2"};
    ServiceStatus service = {.name = "scheduler",
                             .label = "scheduler",
                             .state = SERVICE_UNHEALTHY,
                             .pid = 42,
                             .restarts = 3,
                             .started_ms = 1500,
                             .message = "no fresh heartbeat",
                             .log_path = "/x/scheduler.log"};
    list_push(checkout->arena, &written.services, service);
    assert_true(runtime_state_write(&checkout->ctx, &platform->project, &written, &checkout->err));
}

static void what_is_written_is_read_again(void **state) {
    Checkout *checkout = *state;
    Platform platform = prepare(checkout, true);
    write_healthy(checkout, &platform, getpid());
    RuntimeState read = must_read(checkout, &platform);
    assert_int_equal(read.phase, RUNTIME_HEALTHY);
    assert_int_equal(read.supervisor, getpid());
    assert_string_equal(read.version, "2.10.3");
    assert_string_equal(read.fingerprint, "abc");
    assert_int_equal(read.port, 8081);
    assert_int_equal(read.started_ms, 1000);
    assert_int_equal(read.healthy_ms, 2000);
    assert_string_equal(read.message, "it's up");
    assert_string_equal(read.request, "a1b2");
    assert_int_equal(read.services.count, 1);
    const ServiceStatus *service = &read.services.items[0];
    assert_string_equal(service->label, "scheduler");
    assert_int_equal(service->state, SERVICE_UNHEALTHY);
    assert_int_equal(service->pid, 42);
    assert_int_equal(service->restarts, 3);
    assert_int_equal(service->started_ms, 1500);
    assert_string_equal(service->message, "no fresh heartbeat");
    assert_string_equal(service->log_path, "/x/scheduler.log");
    assert_int_equal(file_info(checkout_path(checkout, ".devbox/run/services.json")).mode, 0600);
    close(platform.lock_fd);
}

static void without_a_supervisor_the_platform_is_stopped(void **state) {
    Checkout *checkout = *state;
    Platform platform = prepare(checkout, false);
    assert_int_equal(must_read(checkout, &platform).phase, RUNTIME_STOPPED);
    write_healthy(checkout, &platform, getpid());
    RuntimeState read = must_read(checkout, &platform);
    assert_int_equal(read.phase, RUNTIME_STOPPED);
    assert_int_equal(read.port, 8081);
}

static void a_supervisor_that_has_not_written_yet_is_starting(void **state) {
    Checkout *checkout = *state;
    Platform platform = prepare(checkout, true);
    RuntimeState read = must_read(checkout, &platform);
    assert_int_equal(read.phase, RUNTIME_STARTING);
    assert_int_equal(read.supervisor, getpid());
    // What a killed one left says nothing about the one that runs now.
    write_healthy(checkout, &platform, 5000001);
    read = must_read(checkout, &platform);
    assert_int_equal(read.phase, RUNTIME_STARTING);
    assert_int_equal(read.services.count, 0);
    close(platform.lock_fd);
}

static void a_supervisor_that_has_not_even_named_itself_is_starting(void **state) {
    Checkout *checkout = *state;
    Platform platform = prepare(checkout, true);
    assert_int_equal(ftruncate(platform.lock_fd, 0), 0);
    RuntimeState read = must_read(checkout, &platform);
    assert_int_equal(read.phase, RUNTIME_STARTING);
    assert_int_equal(read.supervisor, 0);
    close(platform.lock_fd);
}

static void a_file_that_cannot_be_read_matters_only_while_a_supervisor_lives(void **state) {
    static const char *const broken[] = {"", "{\"phase\": ", "<html>"};
    Checkout *checkout = *state;
    Platform platform = prepare(checkout, false);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        checkout_add(checkout, ".devbox/run/services.json", broken[i]);
        assert_int_equal(must_read(checkout, &platform).phase, RUNTIME_STOPPED);
    }
    const char *lock = runtime_state_lock_path(checkout->arena, &platform.project);
    assert_true(lock_file_take(&checkout->ctx, lock, "supervisor", 0, &platform.lock_fd, &checkout->err));
    RuntimeState untouched = {.port = 7};
    assert_false(runtime_state_read(&checkout->ctx, &platform.project, &untouched, &checkout->err));
    assert_non_null(strstr(checkout->err.message, "services.json"));
    assert_string_equal(checkout->err.hint, "devbox stop, then devbox start");
    assert_int_equal(untouched.port, 7);
    close(platform.lock_fd);
}

static void odd_values_are_read_as_the_least_that_they_can_mean(void **state) {
    static const char *const contents[] = {"[]", "null", "{\"services\": 5}", "{\"phase\": 3, \"supervisor\": \"x\"}"};
    Checkout *checkout = *state;
    Platform platform = prepare(checkout, true);
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        checkout_add(checkout, ".devbox/run/services.json", contents[i]);
        assert_int_equal(must_read(checkout, &platform).phase, RUNTIME_STARTING);
    }
    const char *content = arena_format(
        checkout->arena, "{\"phase\": \"dancing\", \"supervisor\": %d, \"services\": [5, {\"state\": \"asleep\"}]}", getpid());
    checkout_add(checkout, ".devbox/run/services.json", content);
    RuntimeState read = must_read(checkout, &platform);
    assert_int_equal(read.phase, RUNTIME_STOPPED);
    assert_int_equal(read.services.count, 2);
    assert_int_equal(read.services.items[1].state, SERVICE_STARTING);
    assert_string_equal(read.services.items[0].name, "");
    close(platform.lock_fd);
}

static void age_is_told_and_renewed_by_a_touch(void **state) {
    Checkout *checkout = *state;
    Platform platform = prepare(checkout, true);
    write_healthy(checkout, &platform, getpid());
    const char *path = checkout_path(checkout, ".devbox/run/services.json");
    const struct timespec times[] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    fake_clock_set(0, 1000 * 1000 + 16000);
    assert_int_equal(must_read(checkout, &platform).age_ms, 16000);
    runtime_state_touch(&checkout->ctx, &platform.project);
    assert_true(must_read(checkout, &platform).age_ms < 16000);
    close(platform.lock_fd);
}

static void a_state_that_cannot_be_written_is_an_error_with_its_path(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    Project project = checkout_open(checkout);
    RuntimeState stopped = {.version = "2.10.3"};
    assert_false(runtime_state_write(&checkout->ctx, &project, &stopped, &checkout->err));
    assert_non_null(strstr(checkout->err.message, "services.json"));
}

static void every_state_has_a_name(void **state) {
    (void)state;
    assert_string_equal(service_state_name(SERVICE_STARTING), "starting");
    assert_string_equal(service_state_name(SERVICE_FAILED), "failed");
    assert_string_equal(runtime_phase_name(RUNTIME_STOPPED), "stopped");
    assert_string_equal(runtime_phase_name(RUNTIME_STOPPING), "stopping");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(what_is_written_is_read_again),
        test_with_checkout(without_a_supervisor_the_platform_is_stopped),
        test_with_checkout(a_supervisor_that_has_not_written_yet_is_starting),
        test_with_checkout(a_supervisor_that_has_not_even_named_itself_is_starting),
        test_with_checkout(a_file_that_cannot_be_read_matters_only_while_a_supervisor_lives),
        test_with_checkout(odd_values_are_read_as_the_least_that_they_can_mean),
        test_with_checkout(age_is_told_and_renewed_by_a_touch),
        test_with_checkout(a_state_that_cannot_be_written_is_an_error_with_its_path),
        cmocka_unit_test(every_state_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
