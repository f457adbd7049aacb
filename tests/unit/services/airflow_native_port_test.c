// fakes: process clock network platform
#include "services/airflow_native.h"

#include <sys/socket.h>

#include "services/state_store.h"
#include "support/native.h"

static void let_go(Native *native) {
    close(native->lock_fd);
    native->lock_fd = -1;
}

static int must_choose(Native *native) {
    int port = 0;
    if (!airflow_native_choose_port(native->ctx, &native->project, &port, native->err)) fail_msg("%s", native->err->message);
    return port;
}

static const char *must_not_choose(Native *native) {
    int port = 7;
    assert_false(airflow_native_choose_port(native->ctx, &native->project, &port, native->err));
    assert_int_equal(port, 7);
    return error_as_text(native->err);
}

static const char *remembered(Native *native) { return state_store_get(native->ctx, &native->project, "airflow.port"); }

static const ProcessInfo java = {.pid = 4312, .command = "java", .command_line = "java -jar tomcat.jar"};

static void a_free_default_port_is_taken_and_remembered(void **state) {
    assert_int_equal(must_choose(*state), 8080);
    assert_string_equal(remembered(*state), "8080");
    assert_string_equal(event_log_take(&native_current->log), "");
}

static void a_busy_default_port_moves_to_a_substitute_that_sticks(void **state) {
    Native *native = *state;
    fake_platform.holder = &java;
    fake_network_occupy(8080, AF_INET);
    fake_network_occupy(8081, AF_INET6);
    assert_int_equal(must_choose(native), 8082);
    assert_string_equal(event_log_take(&native->log),
                        "warning: airflow    port 8080 is held by java (pid 4312, java -jar tomcat.jar) → using 8082 from now "
                        "on; to get it back: kill 4312\n");
    fake_network_release(8080);
    assert_int_equal(must_choose(native), 8082);
    assert_string_equal(event_log_take(&native->log), "");
    assert_string_equal(remembered(native), "8082");
}

static void an_explicit_port_is_never_moved(void **state) {
    Native *native = *state;
    native->project.config.airflow.is_port_explicit = true;
    native->project.config.airflow.port = 9000;
    assert_int_equal(must_choose(native), 9000);
    assert_null(remembered(native));
    fake_network_occupy(9000, AF_INET6);
    assert_string_equal(must_not_choose(native),
                        "PORT_BUSY port 9000 on [::1] is held by another user's program → end that program, or give "
                        "airflow.port in devbox.yaml another value");
    fake_platform.holder = &java;
    fake_network_occupy(9000, AF_INET);
    assert_string_equal(
        must_not_choose(native),
        "PORT_BUSY port 9000 on 127.0.0.1 is held by java (pid 4312, java -jar tomcat.jar) → end it with: kill 4312 · or "
        "give airflow.port in devbox.yaml another value");
}

static void an_explicit_port_wins_over_a_remembered_one(void **state) {
    Native *native = *state;
    assert_true(state_store_set(native->ctx, &native->project, "airflow.port", "8099", native->err));
    assert_int_equal(must_choose(native), 8099);
    native->project.config.airflow.is_port_explicit = true;
    assert_int_equal(must_choose(native), 8080);
}

static void a_remembered_port_that_is_none_is_forgotten(void **state) {
    static const char *const facts[] = {"", "x", "0", "-1", "65536", "99999999999"};
    Native *native = *state;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        assert_true(state_store_set(native->ctx, &native->project, "airflow.port", facts[i], native->err));
        assert_int_equal(must_choose(native), 8080);
    }
}

static void no_free_port_near_by_is_an_error(void **state) {
    for (int port = 8080; port <= 8180; port++) fake_network_occupy(port, AF_INET);
    assert_non_null(strstr(must_not_choose(*state), "PORT_BUSY port 8080 on 127.0.0.1 is held by another user's program"));
}

static void the_running_platform_keeps_its_own_port(void **state) {
    Native *native = *state;
    RuntimeState running = native_make_state(RUNTIME_HEALTHY, 8085);
    native_hold_lock(native);
    native_write_state(native, &running);
    fake_network_occupy(8085, AF_INET);
    assert_int_equal(must_choose(native), 8085);
    assert_string_equal(remembered(native), "8085");
    // Another port was asked for meanwhile: that one has to be free.
    native->project.config.airflow.is_port_explicit = true;
    assert_int_equal(must_choose(native), 8080);
    native->project.config.airflow.port = 8085;
    assert_int_equal(must_choose(native), 8085);
    // Stopped, it is a stranger who holds the port.
    let_go(native);
    assert_non_null(strstr(must_not_choose(native), "port 8085 on 127.0.0.1 is held by"));
}

static void an_ending_process_of_ours_is_waited_for(void **state) {
    static ProcessInfo ending;
    ending = (ProcessInfo){.pid = 0, .owner = geteuid()};
    fake_platform.holder = &ending;
    fake_network_occupy(8080, AF_INET);
    assert_int_equal(must_choose(*state), 8081);
    assert_true(fake_clock_slept_ms() >= 2000 && fake_clock_slept_ms() < 2500);
}

static int reserve_as_another_checkout(Native *native, int port) {
    int fd = -1;
    const char *path = arena_format(native->ctx->arena, "cache/devbox/ports/%d.lock", port);
    checkout_add_folder(native->checkout, "cache/devbox/ports");
    assert_true(lock_file_take(native->ctx, checkout_path(native->checkout, path), "another", 0, &fd, native->err));
    return fd;
}

static void a_port_that_another_start_is_about_to_use_is_busy(void **state) {
    Native *native = *state;
    int first = reserve_as_another_checkout(native, 8080), second = reserve_as_another_checkout(native, 8081);
    assert_int_equal(must_choose(native), 8082);
    assert_string_equal(
        event_log_take(&native->log),
        arena_format(native->ctx->arena,
                     "warning: airflow    port 8080 is held by the start of another checkout (pid %d) → using 8082 from now on\n",
                     getpid()));
    native->project.config.airflow.is_port_explicit = true;
    assert_string_equal(must_not_choose(native),
                        arena_format(native->ctx->arena,
                                     "PORT_BUSY port 8080 on 127.0.0.1 is held by the start of another checkout (pid %d) → end "
                                     "that program, or give airflow.port in devbox.yaml another value",
                                     getpid()));
    close(first);
    close(second);
    assert_int_equal(must_choose(native), 8080);
}

static void a_port_that_cannot_be_remembered_is_an_error(void **state) {
    checkout_add(native_current->checkout, ".devbox/state.db", "this is no database, however long it is");
    assert_non_null(strstr(must_not_choose(*state), "DATABASE"));
    fake_network_occupy(8080, AF_INET);
    assert_non_null(strstr(must_not_choose(*state), "DATABASE"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_native(a_free_default_port_is_taken_and_remembered),
        test_with_native(a_busy_default_port_moves_to_a_substitute_that_sticks),
        test_with_native(an_explicit_port_is_never_moved),
        test_with_native(an_explicit_port_wins_over_a_remembered_one),
        test_with_native(a_remembered_port_that_is_none_is_forgotten),
        test_with_native(no_free_port_near_by_is_an_error),
        test_with_native(the_running_platform_keeps_its_own_port),
        test_with_native(an_ending_process_of_ours_is_waited_for),
        test_with_native(a_port_that_another_start_is_about_to_use_is_busy),
        test_with_native(a_port_that_cannot_be_remembered_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
