// fakes: process clock network platform
#include "services/airflow_native_restart.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_network.h"
#include "fakes/fake_platform.h"
#include "fakes/fake_process.h"
#include "io/lock_file.h"
#include "services/restart_request.h"
#include "services/runtime_state.h"
#include "support/checkout.h"
#include "support/event_log.h"

static volatile sig_atomic_t cancel;

typedef struct Restart {
    Checkout *checkout;
    Context *ctx;
    Project project;
    EventLog log;
    int lock_fd;
    RuntimeState state;
    StringList asked;  // what the supervisor was asked for
    int turns;
} Restart;

static Restart restart;  // where what happens during a sleep finds it

static void write_state(RuntimePhase phase, ServiceState scheduler) {
    restart.state.phase = phase;
    restart.state.services.items[1].state = scheduler;
    assert_true(runtime_state_write(restart.ctx, &restart.project, &restart.state, &restart.checkout->err));
}

static void prepare(void **state) {
    static const char *const names[] = {"webserver", "scheduler", "dag-processor"};
    Checkout *checkout = *state;
    restart = (Restart){.checkout = checkout, .ctx = &checkout->ctx, .lock_fd = -1};
    setenv("XDG_CACHE_HOME", checkout_path(checkout, "cache"), 1);
    checkout_add_folder(checkout, "dags");
    restart.project = checkout_open(checkout);
    assert_true(project_prepare_state(restart.ctx, &restart.project, &checkout->err));
    restart.ctx->executable = "/usr/bin/devbox";
    restart.ctx->cancel = &cancel;
    cancel = 0;
    restart.state = (RuntimeState){.supervisor = getpid(), .version = "3.0.6", .fingerprint = "", .port = 8080};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ServiceStatus service = {.name = names[i], .label = names[i], .state = SERVICE_HEALTHY, .pid = 7};
        list_push(checkout->arena, &restart.state.services, service);
    }
    fake_clock_set(1000, 1795435200LL * 1000);
    fake_clock_on_sleep(NULL);
    fake_network_reset();
    fake_platform_reset();
    fake_process_script(NULL, 0);
    event_log_start(&restart.log, restart.ctx);
}

// From now on this process is the supervisor of a healthy platform.
static void run_platform(void **state) {
    prepare(state);
    const char *lock = runtime_state_lock_path(restart.ctx->arena, &restart.project);
    assert_true(lock_file_take(restart.ctx, lock, "supervisor", 0, &restart.lock_fd, &restart.checkout->err));
    write_state(RUNTIME_HEALTHY, SERVICE_HEALTHY);
}

static bool ask(const char *first, const char *second) {
    StringList services = {0};
    error_clear(&restart.checkout->err);
    if (first != NULL) list_push(restart.ctx->arena, &services, first);
    if (second != NULL) list_push(restart.ctx->arena, &services, second);
    return airflow_native_restart(restart.ctx, &restart.project, &services, &restart.checkout->err);
}

static const char *must_not(const char *first) {
    assert_false(ask(first, NULL));
    return error_as_text(&restart.checkout->err);
}

static bool is_request_left(void) { return file_exists(checkout_path(restart.checkout, ".devbox/run/restart.json")); }

// Takes the request in the second turn; two turns later all is well again.
static void supervise(void) {
    RestartRequest request;
    restart.turns++;
    if (restart.turns == 2) {
        assert_true(restart_request_take(restart.ctx, &restart.project, &request));
        restart.state.request = request.id;
        restart.asked = request.services;
        write_state(RUNTIME_STARTING, SERVICE_RESTARTING);
    }
    if (restart.turns == 4) write_state(RUNTIME_HEALTHY, SERVICE_HEALTHY);
}

static void named_services_are_left_to_the_supervisor_until_all_is_healthy(void **state) {
    run_platform(state);
    fake_clock_on_sleep(supervise);
    if (!ask("scheduler", "dag-processor")) fail_msg("%s", restart.checkout->err.message);
    assert_int_equal(restart.turns, 4);
    assert_string_equal(text_join(restart.ctx->arena, &restart.asked, " "), "scheduler dag-processor");
    assert_string_equal(event_log_take(&restart.log),
                        "progress airflow: restarting scheduler, dag-processor\nprogress airflow: waiting for scheduler\n");
    close(restart.lock_fd);
}

static void an_unknown_service_has_the_nearest_and_the_known_ones_as_its_hint(void **state) {
    run_platform(state);
    assert_string_equal(must_not("schedular"),
                        "USAGE there is no service 'schedular' → did you mean: devbox restart scheduler · there are: webserver, "
                        "scheduler, dag-processor");
    assert_string_equal(must_not("x"), "USAGE there is no service 'x' → there are: webserver, scheduler, dag-processor");
    assert_false(ask("scheduler", "y"));
    assert_false(is_request_left());
    restart.state.services.count = 0;
    assert_true(runtime_state_write(restart.ctx, &restart.project, &restart.state, &restart.checkout->err));
    assert_string_equal(must_not("scheduler"),
                        "USAGE there is no service 'scheduler' → Airflow is only beginning to start; look with: devbox status");
    close(restart.lock_fd);
}

static void what_does_not_run_cannot_be_restarted(void **state) {
    static const char expected[] =
        "NOT_RUNNING the platform is not running, so there is nothing to restart → bring it up: devbox start";
    prepare(state);
    assert_string_equal(must_not(NULL), expected);
    assert_string_equal(must_not("scheduler"), expected);
    restart.ctx->is_dry_run = true;
    assert_string_equal(must_not("scheduler"), expected);
    assert_false(is_request_left());
}

static void a_dry_run_leaves_no_request(void **state) {
    run_platform(state);
    restart.ctx->is_dry_run = true;
    assert_true(ask("scheduler", NULL));
    assert_true(ask(NULL, NULL));
    assert_false(ask("x", NULL));
    assert_false(is_request_left());
    close(restart.lock_fd);
}

static void a_supervisor_that_does_not_answer_is_told_and_asked_no_more(void **state) {
    run_platform(state);
    // What it took earlier is no answer.
    restart.state.request = "abcdef";
    write_state(RUNTIME_HEALTHY, SERVICE_HEALTHY);
    assert_string_equal(must_not("scheduler"),
                        arena_format(restart.ctx->arena,
                                     "TIMEOUT the supervisor of Airflow (pid %d) did not answer within 15.0s → restart all of "
                                     "Airflow: devbox restart",
                                     getpid()));
    assert_true(fake_clock_slept_ms() >= 15000 && fake_clock_slept_ms() < 15100);
    assert_false(is_request_left());
    close(restart.lock_fd);
}

static void end_supervisor(void) { close(restart.lock_fd); }

static void a_supervisor_that_ends_meanwhile_is_told_at_once(void **state) {
    run_platform(state);
    fake_clock_on_sleep(end_supervisor);
    assert_string_equal(must_not("scheduler"),
                        "SERVICE the supervisor of Airflow ended before it could restart anything → bring the platform up "
                        "again: devbox start");
    assert_int_equal(fake_clock_slept_ms(), 50);
    assert_false(is_request_left());
}

static void press_ctrl_c(void) { cancel = 1; }

static void ctrl_c_takes_the_request_back(void **state) {
    run_platform(state);
    fake_clock_on_sleep(press_ctrl_c);
    assert_string_equal(must_not("scheduler"), "INTERRUPTED interrupted before anything was restarted");
    assert_false(is_request_left());
    close(restart.lock_fd);
}

static void fail_again(void) {
    supervise();
    if (restart.turns < 3) return;
    restart.state.services.items[1].message = "exited (1) 0.3s after its start";
    restart.state.services.items[1].restarts = 4;
    restart.state.services.items[1].log_path = checkout_path(restart.checkout, ".devbox/logs/scheduler.log");
    write_state(RUNTIME_FAILED, SERVICE_FAILED);
}

static void a_service_that_does_not_come_up_again_is_told_with_its_last_lines(void **state) {
    run_platform(state);
    checkout_add(restart.checkout, ".devbox/logs/scheduler.log", "ImportError: x\n");
    fake_clock_on_sleep(fail_again);
    const char *said = must_not("scheduler");
    assert_true(text_starts_with(said, "SERVICE scheduler exited (1) 0.3s after its start, restarted 4× → full log: /"));
    assert_true(text_ends_with(said, "\nImportError: x"));
    close(restart.lock_fd);
}

static void what_all_of_airflow_needs_is_looked_at_before_it_is_stopped(void **state) {
    run_platform(state);
    restart.project.config.airflow.version = "1.10.15";
    assert_true(text_starts_with(must_not(NULL), "CONFIG Airflow 1.10.15 has no profile"));
    RuntimeState now;
    assert_true(runtime_state_read(restart.ctx, &restart.project, &now, &restart.checkout->err));
    assert_int_equal(now.phase, RUNTIME_HEALTHY);
    close(restart.lock_fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(named_services_are_left_to_the_supervisor_until_all_is_healthy),
        test_with_checkout(an_unknown_service_has_the_nearest_and_the_known_ones_as_its_hint),
        test_with_checkout(what_does_not_run_cannot_be_restarted),
        test_with_checkout(a_dry_run_leaves_no_request),
        test_with_checkout(a_supervisor_that_does_not_answer_is_told_and_asked_no_more),
        test_with_checkout(a_supervisor_that_ends_meanwhile_is_told_at_once),
        test_with_checkout(ctrl_c_takes_the_request_back),
        test_with_checkout(a_service_that_does_not_come_up_again_is_told_with_its_last_lines),
        test_with_checkout(what_all_of_airflow_needs_is_looked_at_before_it_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
