// fakes: process clock network platform
#include "services/airflow_native.h"

#include <sys/wait.h>

#include "base/text.h"
#include "services/supervisor.h"
#include "support/native.h"

static bool launch(Native *native, int port, bool *already_runs) {
    error_clear(native->err);
    return airflow_native_launch(native->ctx, &native->project, port, already_runs, native->err);
}

// What the real supervisor does first.
static void take_lock(const ProcessSpec *spec) {
    (void)spec;
    native_hold_lock(native_current);
}

static void a_first_launch_starts_the_supervisor(void **state) {
    static const FakeChild children[] = {
        {.command = "/usr/bin/devbox -C /tmp/devbox-test-* __supervise --port 8081", .effect = take_lock}};
    bool already_runs = true;
    fake_process_script(children, 1);
    if (!launch(*state, 8081, &already_runs)) fail_msg("%s", native_current->err->message);
    assert_false(already_runs);
    fake_process_assert_used();
    assert_string_equal(event_log_take(&native_current->log), "");
}

static void what_runs_with_the_same_settings_is_left_alone(void **state) {
    Native *native = *state;
    bool already_runs = false;
    RuntimeState running = native_make_state(RUNTIME_DEGRADED, 8081);
    assert_true(supervisor_fingerprint(native->ctx, &native->project, 8081, &running.fingerprint, native->err));
    native_hold_lock(native);
    native_write_state(native, &running);
    if (!launch(native, 8081, &already_runs)) fail_msg("%s", native->err->message);
    assert_true(already_runs);
}

static void a_supervisor_that_does_not_start_is_told_with_its_words(void **state) {
    static const FakeChild dies[] = {{.command = "* __supervise *", .output = "devbox: no such profile\n"}};
    static const FakeChild missing[] = {{.command = "* __supervise *", .error = ERROR_RUNTIME_MISSING}};
    bool already_runs;
    fake_process_script(dies, 1);
    assert_false(launch(*state, 8080, &already_runs));
    const char *said = error_as_text(native_current->err);
    assert_true(text_starts_with(said, "SERVICE the supervisor of Airflow did not start → full log: /"));
    assert_true(text_ends_with(said, "\ndevbox: no such profile"));
    assert_int_equal(fake_clock_slept_ms(), 0);
    fake_process_script(missing, 1);
    assert_false(launch(*state, 8080, &already_runs));
    assert_string_equal(error_as_text(native_current->err), "RUNTIME_MISSING devbox cannot run");
}

static ProcessInfo alive;

// Lives from now on, so that only the wait for it finds it.
static void come_alive(const ProcessSpec *spec) {
    (void)spec;
    alive = (ProcessInfo){.pid = FAKE_PROCESS_FIRST_PID + 1};
    fake_platform.processes = &alive;
    fake_platform.process_count = 1;
}

static void a_supervisor_that_lives_but_never_takes_its_lock_is_given_up(void **state) {
    static const FakeChild hangs[] = {{.command = "* __supervise *", .effect = come_alive}};
    bool already_runs;
    fake_process_script(hangs, 1);
    assert_false(launch(*state, 8080, &already_runs));
    assert_non_null(strstr(native_current->err->message, "did not start"));
    assert_true(fake_clock_slept_ms() >= 10000);
}

static void an_unknown_airflow_version_is_no_launch(void **state) {
    bool already_runs;
    native_current->project.config.airflow.version = "1.10.15";
    assert_false(launch(*state, 8080, &already_runs));
    assert_int_equal(native_current->err->code, ERROR_CONFIG);
}

static void stopping_what_does_not_run_does_nothing(void **state) {
    Native *native = *state;
    bool was_running = true;
    assert_true(airflow_native_stop(native->ctx, &native->project, &was_running, native->err));
    assert_false(was_running);
}

// A real process that holds the lock and ends at TERM, or not.
static pid_t fork_supervisor(Native *native, bool ignores_term) {
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int fd;
        if (ignores_term) signal(SIGTERM, SIG_IGN);
        const char *path = runtime_state_lock_path(native->ctx->arena, &native->project);
        bool is_taken = lock_file_take(native->ctx, path, "supervisor", 0, &fd, native->err);
        if (!is_taken || write(ready[1], "x", 1) != 1) _exit(1);
        for (;;) pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void sleep_a_little(void) { usleep(2000); }

static void check_stop(Native *native, bool ignores_term, int expected_signal) {
    bool was_running = false;
    int status = 0;
    pid_t pid = fork_supervisor(native, ignores_term);
    fake_clock_on_sleep(sleep_a_little);
    if (!airflow_native_stop(native->ctx, &native->project, &was_running, native->err)) fail_msg("%s", native->err->message);
    assert_true(was_running);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == expected_signal);
}

static void stopping_asks_the_supervisor_first_and_kills_it_when_it_does_not_end(void **state) {
    check_stop(*state, false, SIGTERM);
    check_stop(*state, true, SIGKILL);
}

static void a_lock_without_a_name_is_waited_for_but_nobody_is_killed(void **state) {
    Native *native = *state;
    bool was_running = true;
    native_hold_lock(native);
    assert_int_equal(truncate(runtime_state_lock_path(native->ctx->arena, &native->project), 0), 0);
    assert_false(airflow_native_stop(native->ctx, &native->project, &was_running, native->err));
    assert_string_equal(error_as_text(native->err), arena_format(native->ctx->arena, "TIMEOUT somebody holds %s",
                                                                 runtime_state_lock_path(native->ctx->arena, &native->project)));
    assert_true(was_running);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_native(a_first_launch_starts_the_supervisor),
        test_with_native(what_runs_with_the_same_settings_is_left_alone),
        test_with_native(a_supervisor_that_does_not_start_is_told_with_its_words),
        test_with_native(a_supervisor_that_lives_but_never_takes_its_lock_is_given_up),
        test_with_native(an_unknown_airflow_version_is_no_launch),
        test_with_native(stopping_what_does_not_run_does_nothing),
        test_with_native(stopping_asks_the_supervisor_first_and_kills_it_when_it_does_not_end),
        test_with_native(a_lock_without_a_name_is_waited_for_but_nobody_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
