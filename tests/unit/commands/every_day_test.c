// fakes: clock
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "commands/commands.h"
#include "io/lock_file.h"
#include "services/runtime_state.h"
#include "support/checkout.h"
#include "support/event_log.h"

typedef struct Run {
    Checkout *checkout;
    Project project;
    EventLog log;
    Invocation invocation;
    Outcome outcome;
} Run;

static Run prepare(void **state) {
    Run run = {.checkout = *state};
    checkout_add_folder(*state, "dags");
    setenv("HOME", run.checkout->root, 1);  // whoever runs the tests may have an Airbyte
    run.project = checkout_open(*state);
    run.invocation.folder = run.checkout->root;
    return run;
}

// Runs the command; without options all of them are zero, as when none is given.
static bool execute(Run *run, const Command *command, const void *options) {
    error_clear(&run->checkout->err);
    run->invocation.project = &run->project;
    run->invocation.options = options != NULL ? options : arena_allocate(run->checkout->arena, command->options_size + 1);
    run->outcome = (Outcome){0};
    event_log_start(&run->log, &run->checkout->ctx);
    return command->run(&run->checkout->ctx, &run->invocation, &run->outcome, &run->checkout->err);
}

static void logs_shows_a_hundred_lines_unless_told_otherwise(void **state) {
    const struct {
        bool is_following;
        long long lines, since_ms;
    } five = {false, 5, 0};
    Run run = prepare(state);
    Text log = {.arena = run.checkout->arena};
    for (int i = 0; i < 150; i++) text_append_format(&log, "%d\n", i);
    checkout_add(*state, ".devbox/logs/scheduler.log", text_string(&log));
    assert_true(execute(&run, &command_logs, NULL));
    assert_int_equal(text_split_lines(run.checkout->arena, event_log_take(&run.log)).count, 100);
    assert_int_equal(sizeof five, command_logs.options_size);
    assert_true(execute(&run, &command_logs, &five));
    assert_int_equal(text_split_lines(run.checkout->arena, event_log_take(&run.log)).count, 5);
    list_push(run.checkout->arena, &run.invocation.arguments, "nobody");
    assert_false(execute(&run, &command_logs, NULL));
    assert_int_equal(run.checkout->err.code, ERROR_USAGE);
}

static void status_can_be_json_or_lines_for_a_shell(void **state) {
    const struct {
        bool is_short, is_watching;
        const char *format;
    } json = {.format = "json"}, env = {.format = "env"};
    Run run = prepare(state);
    assert_int_equal(sizeof json, command_status.options_size);
    assert_true(execute(&run, &command_status, &json));
    assert_true(execute(&run, &command_status, &env));
    assert_true(execute(&run, &command_status, NULL));
    assert_int_equal(run.outcome.exit_code, 0);
    assert_string_equal(event_log_take(&run.log), "result: \n");
}

static void stop_does_nothing_while_a_start_is_under_way(void **state) {
    int other = -1;
    Run run = prepare(state);
    assert_true(project_prepare_state(&run.checkout->ctx, &run.project, &run.checkout->err));
    const char *lock = checkout_path(*state, ".devbox/run/start.lock");
    assert_true(lock_file_take(&run.checkout->ctx, lock, "start", 0, &other, &run.checkout->err));
    assert_false(execute(&run, &command_stop, NULL));
    assert_int_equal(run.checkout->err.code, ERROR_BUSY);
    close(other);
    assert_true(execute(&run, &command_stop, NULL));
    assert_string_equal(event_log_take(&run.log), "started airflow: stopping\ndone airflow: was not running\nresult: \n");
}

static void restart_does_nothing_while_a_start_is_under_way(void **state) {
    int other = -1;
    Run run = prepare(state);
    assert_true(project_prepare_state(&run.checkout->ctx, &run.project, &run.checkout->err));
    const char *lock = checkout_path(*state, ".devbox/run/start.lock");
    assert_true(lock_file_take(&run.checkout->ctx, lock, "start", 0, &other, &run.checkout->err));
    assert_false(execute(&run, &command_restart, NULL));
    assert_int_equal(run.checkout->err.code, ERROR_BUSY);
    close(other);
    assert_false(execute(&run, &command_restart, NULL));
    assert_int_equal(run.checkout->err.code, ERROR_NOT_RUNNING);
    assert_string_equal(event_log_take(&run.log),
                        "started airflow: restarting\nfailed airflow: the platform is not running, so there is nothing to "
                        "restart\n");
}

// From now on this process is the supervisor of a platform in this phase.
static int supervise(Run *run, RuntimePhase phase) {
    int lock_fd = -1;
    RuntimeState state = {.phase = phase, .supervisor = getpid(), .version = "3.0.6", .fingerprint = "", .port = 8085};
    ServiceStatus scheduler = {.name = "scheduler", .label = "scheduler", .state = SERVICE_HEALTHY};
    list_push(run->checkout->arena, &state.services, scheduler);
    assert_true(project_prepare_state(&run->checkout->ctx, &run->project, &run->checkout->err));
    const char *lock = runtime_state_lock_path(run->checkout->arena, &run->project);
    assert_true(lock_file_take(&run->checkout->ctx, lock, "supervisor", 0, &lock_fd, &run->checkout->err));
    assert_true(runtime_state_write(&run->checkout->ctx, &run->project, &state, &run->checkout->err));
    return lock_fd;
}

static void a_dry_run_of_restart_says_what_it_would_do(void **state) {
    Run run = prepare(state);
    run.checkout->ctx.is_dry_run = true;
    assert_false(execute(&run, &command_restart, NULL));
    assert_int_equal(run.checkout->err.code, ERROR_NOT_RUNNING);
    assert_false(folder_exists(checkout_path(*state, ".devbox")));
    int lock_fd = supervise(&run, RUNTIME_HEALTHY);
    assert_true(execute(&run, &command_restart, NULL));
    list_push(run.checkout->arena, &run.invocation.arguments, "scheduler");
    assert_true(execute(&run, &command_restart, NULL));
    run.invocation.arguments.items[0] = "schedular";
    assert_false(execute(&run, &command_restart, NULL));
    assert_int_equal(run.checkout->err.code, ERROR_USAGE);
    close(lock_fd);
}

static void open_needs_a_running_platform_and_a_page_that_there_is(void **state) {
    Run run = prepare(state);
    assert_false(execute(&run, &command_open, NULL));
    assert_string_equal(error_as_text(&run.checkout->err),
                        "NOT_RUNNING Airflow is not running, so there is no page to open → bring it up: devbox start");
    list_push(run.checkout->arena, &run.invocation.arguments, "reports");
    assert_false(execute(&run, &command_open, NULL));
    assert_string_equal(error_as_text(&run.checkout->err),
                        "USAGE there is no page 'reports' → devbox open airflow, or devbox open report");
}

static void open_shows_the_report_of_the_last_test(void **state) {
    Run run = prepare(state);
    list_push(run.checkout->arena, &run.invocation.arguments, "report");
    assert_false(execute(&run, &command_open, NULL));
    assert_string_equal(error_as_text(&run.checkout->err),
                        "FILE there is no report yet: no test has run in this checkout → run one: devbox test");
    checkout_add(*state, ".devbox/report.html", "<!doctype html>");
    run.checkout->ctx.is_dry_run = true;
    assert_true(execute(&run, &command_open, NULL));
    assert_non_null(strstr(event_log_take(&run.log), "note: no browser was opened: a dry run opens nothing\nresult: "));
}

static void open_says_the_address_when_it_opens_no_browser(void **state) {
    Run run = prepare(state);
    int lock_fd = supervise(&run, RUNTIME_STARTING);
    setenv("BROWSER", "/bin/false-browser-of-nobody", 1);
    assert_true(execute(&run, &command_open, NULL));
    const char *said = event_log_take(&run.log);
    assert_true(
        text_starts_with(said, "note: Airflow is starting, so the page may not answer yet\nnote: no browser was opened: "));
    assert_true(text_ends_with(said, "\nresult: \n"));
    run.checkout->ctx.is_dry_run = true;
    setenv("BROWSER", checkout_path(*state, "never-run"), 1);
    list_push(run.checkout->arena, &run.invocation.arguments, "airflow");
    assert_true(execute(&run, &command_open, NULL));
    assert_non_null(strstr(event_log_take(&run.log), "note: no browser was opened: a dry run opens nothing\n"));
    close(lock_fd);
}

static void a_dry_run_stops_nothing(void **state) {
    Run run = prepare(state);
    run.checkout->ctx.is_dry_run = true;
    assert_true(execute(&run, &command_stop, NULL));
    assert_false(folder_exists(checkout_path(*state, ".devbox")));
    assert_true(execute(&run, &command_start, NULL));
    assert_false(folder_exists(checkout_path(*state, ".devbox")));
}

static void a_step_answers_for_itself(void **state) {
    Run run = prepare(state);
    assert_true(project_prepare_state(&run.checkout->ctx, &run.project, &run.checkout->err));
    list_push(run.checkout->arena, &run.invocation.arguments, "dbt");
    assert_true(execute(&run, &command_step, NULL));
    assert_int_equal(run.outcome.exit_code, 0);
    assert_string_equal(event_log_take(&run.log), "result: \n");
    run.invocation.arguments.items[0] = "airbite";
    assert_false(execute(&run, &command_step, NULL));
    assert_string_equal(error_as_text(&run.checkout->err), "USAGE there is no step 'airbite'");
}

static void a_second_supervisor_is_one_too_many(void **state) {
    int other = -1;
    Run run = prepare(state);
    assert_true(project_prepare_state(&run.checkout->ctx, &run.project, &run.checkout->err));
    const char *lock = checkout_path(*state, ".devbox/run/supervisor.lock");
    assert_true(lock_file_take(&run.checkout->ctx, lock, "supervisor", 0, &other, &run.checkout->err));
    assert_false(execute(&run, &command_supervise, NULL));
    assert_int_equal(run.checkout->err.code, ERROR_BUSY);
    close(other);
}

static void dbt_without_a_project_says_so(void **state) {
    Run run = prepare(state);
    assert_false(execute(&run, &command_dbt, NULL));
    assert_int_equal(run.checkout->err.code, ERROR_CHECKOUT);
}

static void airflow_of_an_unknown_version_says_so(void **state) {
    Run run = prepare(state);
    run.project.config.airflow.version = "1.10.15";
    assert_false(execute(&run, &command_airflow, NULL));
    assert_int_equal(run.checkout->err.code, ERROR_CONFIG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(logs_shows_a_hundred_lines_unless_told_otherwise),
        test_with_checkout(status_can_be_json_or_lines_for_a_shell),
        test_with_checkout(stop_does_nothing_while_a_start_is_under_way),
        test_with_checkout(restart_does_nothing_while_a_start_is_under_way),
        test_with_checkout(a_dry_run_of_restart_says_what_it_would_do),
        test_with_checkout(open_needs_a_running_platform_and_a_page_that_there_is),
        test_with_checkout(open_shows_the_report_of_the_last_test),
        test_with_checkout(open_says_the_address_when_it_opens_no_browser),
        test_with_checkout(a_dry_run_stops_nothing),
        test_with_checkout(a_step_answers_for_itself),
        test_with_checkout(a_second_supervisor_is_one_too_many),
        test_with_checkout(dbt_without_a_project_says_so),
        test_with_checkout(airflow_of_an_unknown_version_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
