// fakes: process clock network platform
#include "services/airflow_native.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_network.h"
#include "fakes/fake_platform.h"
#include "fakes/fake_process.h"
#include "io/lock_file.h"
#include "services/state_store.h"
#include "services/supervisor.h"
#include "support/checkout.h"
#include "support/event_log.h"

static volatile sig_atomic_t cancel;

typedef struct Native {
    Checkout *checkout;
    Context *ctx;
    Error *err;
    Project project;
    EventLog log;
    int lock_fd;
} Native;

static Native *current;

static int start_native(void **state) {
    if (checkout_create(state) != 0) return -1;
    Checkout *checkout = *state;
    Native *native = arena_allocate(checkout->arena, sizeof *native);
    *native = (Native){.checkout = checkout, .ctx = &checkout->ctx, .err = &checkout->err, .lock_fd = -1};
    setenv("XDG_CACHE_HOME", checkout_path(checkout, "cache"), 1);
    setenv("DOCKER_HOST", "unix:///nowhere/docker.sock", 1);
    checkout_add_folder(checkout, "dags");
    native->project = checkout_open(checkout);
    assert_true(project_prepare_state(native->ctx, &native->project, native->err));
    cancel = 0;
    native->ctx->cancel = &cancel;
    native->ctx->executable = "/usr/bin/devbox";
    fake_clock_set(1000, 1795435200LL * 1000);
    fake_clock_on_sleep(NULL);
    fake_network_reset();
    fake_platform_reset();
    fake_process_script(NULL, 0);
    event_log_start(&native->log, native->ctx);
    current = native;
    *state = native;
    return 0;
}

static int end_native(void **state) {
    Native *native = *state;
    void *checkout = native->checkout;
    if (native->lock_fd >= 0) close(native->lock_fd);
    return checkout_remove(&checkout);
}

#define test_native(function) cmocka_unit_test_setup_teardown(function, start_native, end_native)

// From now on this process is the supervisor.
static void hold_lock(Native *native) {
    const char *path = runtime_state_lock_path(native->ctx->arena, &native->project);
    assert_true(lock_file_take(native->ctx, path, "supervisor", 0, &native->lock_fd, native->err));
}

static void let_go(Native *native) {
    close(native->lock_fd);
    native->lock_fd = -1;
}

static RuntimeState make_state(RuntimePhase phase, int port) {
    return (RuntimeState){.phase = phase, .supervisor = getpid(), .version = "3.0.6", .fingerprint = "abc", .port = port};
}

static void write_state(Native *native, const RuntimeState *state) {
    assert_true(runtime_state_write(native->ctx, &native->project, state, native->err));
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
    assert_string_equal(event_log_take(&current->log), "");
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
    RuntimeState running = make_state(RUNTIME_HEALTHY, 8085);
    hold_lock(native);
    write_state(native, &running);
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
    checkout_add(current->checkout, ".devbox/state.db", "this is no database, however long it is");
    assert_non_null(strstr(must_not_choose(*state), "DATABASE"));
    fake_network_occupy(8080, AF_INET);
    assert_non_null(strstr(must_not_choose(*state), "DATABASE"));
}

static bool wait_healthy(Native *native) {
    error_clear(native->err);
    return airflow_native_wait_healthy(native->ctx, &native->project, "airflow", native->err);
}

static const char *must_not_become_healthy(Native *native) {
    assert_false(wait_healthy(native));
    return error_as_text(native->err);
}

static RuntimeState two_services(Native *native, ServiceState scheduler) {
    RuntimeState state = make_state(RUNTIME_STARTING, 8080);
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
    RuntimeState state = two_services(current, SERVICE_STARTING);
    turn_count++;
    if (turn_count == 3) {
        state.services.items[1].state = SERVICE_RESTARTING;
        state.services.items[1].message = "exited (1) 0.3s after its start";
    }
    if (turn_count == 5) state.phase = RUNTIME_HEALTHY;
    write_state(current, &state);
}

static void waiting_tells_each_change_once(void **state) {
    Native *native = *state;
    hold_lock(native);
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
    hold_lock(native);
    write_state(native, &failed);
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
    RuntimeState failed = make_state(RUNTIME_FAILED, 8080);
    checkout_add(native->checkout, ".devbox/logs/airflow-host.log", "ImportError: x\n");
    hold_lock(native);
    failed.message = "Airflow's parent process ended too often";
    write_state(native, &failed);
    const char *said = must_not_become_healthy(native);
    assert_true(text_starts_with(said, "SERVICE Airflow could not be started: Airflow's parent process ended too often"));
    assert_true(text_ends_with(said, "airflow-host.log · after mending the cause: devbox start\nImportError: x"));
    failed = make_state(RUNTIME_FAILED, 8080);
    write_state(native, &failed);
    assert_true(text_starts_with(must_not_become_healthy(native), "SERVICE Airflow could not be started: failed → "));
    ServiceStatus bare = {.name = "x", .label = "x", .state = SERVICE_FAILED};
    list_push(native->ctx->arena, &failed.services, bare);
    write_state(native, &failed);
    assert_true(text_starts_with(must_not_become_healthy(native), "SERVICE Airflow could not be started: failed → "));
}

static void a_supervisor_that_is_gone_ends_the_wait_at_once(void **state) {
    Native *native = *state;
    RuntimeState starting = two_services(native, SERVICE_STARTING);
    checkout_add(native->checkout, ".devbox/logs/supervisor.log", "out of memory\n");
    write_state(native, &starting);
    const char *said = must_not_become_healthy(native);
    assert_true(text_starts_with(said, "SERVICE the supervisor of Airflow ended while Airflow was starting → full log: /"));
    assert_true(text_ends_with(said, "supervisor.log · then run devbox start again\nout of memory"));
    assert_int_equal(fake_clock_slept_ms(), 0);
}

static void a_slow_start_is_told_with_the_slow_service(void **state) {
    Native *native = *state;
    RuntimeState starting = two_services(native, SERVICE_STARTING);
    hold_lock(native);
    write_state(native, &starting);
    checkout_add(native->checkout, ".devbox/logs/scheduler.log", "migrating\n");
    const char *said = must_not_become_healthy(native);
    assert_true(text_starts_with(said,
                                 "TIMEOUT scheduler is still starting after 3m00s → it goes on starting; look with: devbox "
                                 "status · full log: /"));
    assert_true(text_ends_with(said, "scheduler.log\nmigrating"));
    assert_true(fake_clock_slept_ms() >= 180000 && fake_clock_slept_ms() <= 180100);
    native->ctx->timeout_ms = 20000;
    starting.services.items[1].state = SERVICE_UNHEALTHY;
    write_state(native, &starting);
    assert_true(text_starts_with(must_not_become_healthy(native), "TIMEOUT scheduler is still starting after 20.0s → "));
    starting.services.count = 0;
    write_state(native, &starting);
    assert_true(text_starts_with(must_not_become_healthy(native), "TIMEOUT Airflow is still starting after 20.0s → "));
}

static void a_slow_start_on_a_full_disk_tells_of_the_disk(void **state) {
    Native *native = *state;
    RuntimeState starting = two_services(native, SERVICE_STARTING);
    hold_lock(native);
    write_state(native, &starting);
    checkout_add(native->checkout, ".devbox/logs/scheduler.log", "migrating\n");
    fake_platform.free_disk_bytes = 19LL << 20;
    const char *said = must_not_become_healthy(native);
    assert_true(text_starts_with(said,
                                 "TIMEOUT scheduler is still starting after 3m00s, and the disk that holds .devbox is full "
                                 "(19 MiB left) → make room there, then: devbox stop && devbox start · full log: /"));
    assert_true(text_ends_with(said, "scheduler.log\nmigrating"));
    fake_platform.free_disk_bytes = 20LL << 20;
    assert_null(strstr(must_not_become_healthy(native), "disk"));
}

static void ctrl_c_ends_the_wait(void **state) {
    hold_lock(*state);
    cancel = 1;
    assert_string_equal(must_not_become_healthy(*state), "INTERRUPTED interrupted while Airflow was starting");
}

static void a_damaged_state_ends_the_wait(void **state) {
    hold_lock(*state);
    checkout_add(current->checkout, ".devbox/run/services.json", "{");
    assert_non_null(strstr(must_not_become_healthy(*state), "services.json"));
}

static bool launch(Native *native, int port, bool *already_runs) {
    error_clear(native->err);
    return airflow_native_launch(native->ctx, &native->project, port, already_runs, native->err);
}

// What the real supervisor does first.
static void take_lock(const ProcessSpec *spec) {
    (void)spec;
    hold_lock(current);
}

static void a_first_launch_starts_the_supervisor(void **state) {
    static const FakeChild children[] = {
        {.command = "/usr/bin/devbox -C /tmp/devbox-test-* __supervise --port 8081", .effect = take_lock}};
    bool already_runs = true;
    fake_process_script(children, 1);
    if (!launch(*state, 8081, &already_runs)) fail_msg("%s", current->err->message);
    assert_false(already_runs);
    fake_process_assert_used();
    assert_string_equal(event_log_take(&current->log), "");
}

static void what_runs_with_the_same_settings_is_left_alone(void **state) {
    Native *native = *state;
    bool already_runs = false;
    RuntimeState running = make_state(RUNTIME_DEGRADED, 8081);
    assert_true(supervisor_fingerprint(native->ctx, &native->project, 8081, &running.fingerprint, native->err));
    hold_lock(native);
    write_state(native, &running);
    if (!launch(native, 8081, &already_runs)) fail_msg("%s", native->err->message);
    assert_true(already_runs);
}

static void a_supervisor_that_does_not_start_is_told_with_its_words(void **state) {
    static const FakeChild dies[] = {{.command = "* __supervise *", .output = "devbox: no such profile\n"}};
    static const FakeChild missing[] = {{.command = "* __supervise *", .error = ERROR_RUNTIME_MISSING}};
    bool already_runs;
    fake_process_script(dies, 1);
    assert_false(launch(*state, 8080, &already_runs));
    const char *said = error_as_text(current->err);
    assert_true(text_starts_with(said, "SERVICE the supervisor of Airflow did not start → full log: /"));
    assert_true(text_ends_with(said, "\ndevbox: no such profile"));
    assert_int_equal(fake_clock_slept_ms(), 0);
    fake_process_script(missing, 1);
    assert_false(launch(*state, 8080, &already_runs));
    assert_string_equal(error_as_text(current->err), "RUNTIME_MISSING devbox cannot run");
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
    assert_non_null(strstr(current->err->message, "did not start"));
    assert_true(fake_clock_slept_ms() >= 10000);
}

static void an_unknown_airflow_version_is_no_launch(void **state) {
    bool already_runs;
    current->project.config.airflow.version = "1.10.15";
    assert_false(launch(*state, 8080, &already_runs));
    assert_int_equal(current->err->code, ERROR_CONFIG);
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
    hold_lock(native);
    assert_int_equal(truncate(runtime_state_lock_path(native->ctx->arena, &native->project), 0), 0);
    assert_false(airflow_native_stop(native->ctx, &native->project, &was_running, native->err));
    assert_string_equal(error_as_text(native->err), arena_format(native->ctx->arena, "TIMEOUT somebody holds %s",
                                                                 runtime_state_lock_path(native->ctx->arena, &native->project)));
    assert_true(was_running);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_native(a_free_default_port_is_taken_and_remembered),
        test_native(a_busy_default_port_moves_to_a_substitute_that_sticks),
        test_native(an_explicit_port_is_never_moved),
        test_native(an_explicit_port_wins_over_a_remembered_one),
        test_native(a_remembered_port_that_is_none_is_forgotten),
        test_native(no_free_port_near_by_is_an_error),
        test_native(the_running_platform_keeps_its_own_port),
        test_native(an_ending_process_of_ours_is_waited_for),
        test_native(a_port_that_another_start_is_about_to_use_is_busy),
        test_native(a_port_that_cannot_be_remembered_is_an_error),
        test_native(waiting_tells_each_change_once),
        test_native(a_failed_service_ends_the_wait_with_its_last_lines),
        test_native(a_failure_without_a_failed_service_tells_the_supervisor_s_reason),
        test_native(a_supervisor_that_is_gone_ends_the_wait_at_once),
        test_native(a_slow_start_is_told_with_the_slow_service),
        test_native(a_slow_start_on_a_full_disk_tells_of_the_disk),
        test_native(ctrl_c_ends_the_wait),
        test_native(a_damaged_state_ends_the_wait),
        test_native(a_first_launch_starts_the_supervisor),
        test_native(what_runs_with_the_same_settings_is_left_alone),
        test_native(a_supervisor_that_does_not_start_is_told_with_its_words),
        test_native(a_supervisor_that_lives_but_never_takes_its_lock_is_given_up),
        test_native(an_unknown_airflow_version_is_no_launch),
        test_native(stopping_what_does_not_run_does_nothing),
        test_native(stopping_asks_the_supervisor_first_and_kills_it_when_it_does_not_end),
        test_native(a_lock_without_a_name_is_waited_for_but_nobody_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
