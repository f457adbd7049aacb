// fakes: clock
#include "services/status.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_clock.h"
#include "io/json.h"
#include "io/lock_file.h"
#include "services/runtime_state.h"
#include "support/checkout.h"
#include "support/event_log.h"

enum { NOON = 1795435200 };

typedef struct Shown {
    Checkout *checkout;
    Project project;
    EventLog log;
    int lock_fd;
    Result result;
} Shown;

static Shown prepare(void **state) {
    Shown shown = {.checkout = *state, .lock_fd = -1};
    checkout_add_folder(*state, "it's/dags");
    shown.checkout->root = checkout_path(*state, "it's");
    shown.project = checkout_open(*state);
    assert_true(project_prepare_state(&shown.checkout->ctx, &shown.project, &shown.checkout->err));
    fake_clock_set(0, NOON * 1000LL);
    return shown;
}

// The folder that is removed at the end.
static void finish(Shown *shown) {
    shown->checkout->root = path_folder(shown->checkout->arena, shown->checkout->root);
    if (shown->lock_fd >= 0) close(shown->lock_fd);
}

static void run_platform(Shown *shown, long long age_s) {
    Checkout *checkout = shown->checkout;
    RuntimeState state = {.phase = RUNTIME_HEALTHY, .supervisor = getpid(), .version = "2.10.3", .fingerprint = "", .port = 8081};
    ServiceStatus scheduler = {.name = "scheduler", .label = "scheduler", .state = SERVICE_RESTARTING, .pid = 42, .restarts = 2};
    ServiceStatus triggerer = {.name = "triggerer", .label = "triggerer", .state = SERVICE_FAILED, .message = "exited (1)"};
    scheduler.started_ms = (NOON - 83) * 1000LL;
    list_push(checkout->arena, &state.services, scheduler);
    list_push(checkout->arena, &state.services, triggerer);
    const char *lock = runtime_state_lock_path(checkout->arena, &shown->project);
    assert_true(lock_file_take(&checkout->ctx, lock, "supervisor", 0, &shown->lock_fd, &checkout->err));
    assert_true(runtime_state_write(&checkout->ctx, &shown->project, &state, &checkout->err));
    const struct timespec times[] = {{.tv_sec = NOON - age_s}, {.tv_sec = NOON - age_s}};
    assert_int_equal(utimensat(AT_FDCWD, checkout_path(checkout, ".devbox/run/services.json"), times, 0), 0);
}

static const char *describe(Shown *shown, bool is_short) {
    event_log_start(&shown->log, &shown->checkout->ctx);
    if (!status_describe(&shown->checkout->ctx, &shown->project, is_short, &shown->result, &shown->checkout->err))
        fail_msg("%s", shown->checkout->err.message);
    return event_log_take(&shown->log);
}

static void what_does_not_run_says_how_to_start_it(void **state) {
    Shown shown = prepare(state);
    assert_string_equal(describe(&shown, false), "");
    assert_string_equal(shown.result.text, "it's · stopped · start with: devbox start");
    assert_null(shown.result.table);
    assert_string_equal(value_get_string(shown.result.data, "phase", ""), "stopped");
    assert_string_equal(value_get_string(shown.result.data, "airflowVersion", ""), "3.0.6");
    assert_string_equal(value_get_string(shown.result.data, "airflowUrl", "none"), "none");
    finish(&shown);
}

static void what_runs_is_a_table_of_services(void **state) {
    Shown shown = prepare(state);
    run_platform(&shown, 3);
    assert_string_equal(describe(&shown, false), "headline: it's · native · Airflow 2.10.3 · healthy · http://localhost:8081\n");
    assert_int_equal(shown.result.table->rows.count, 2);
    assert_string_equal(text_join(shown.checkout->arena, &shown.result.table->rows.items[0], "|"),
                        "scheduler|restarting|42|1m23s|2|");
    assert_string_equal(text_join(shown.checkout->arena, &shown.result.table->rows.items[1], "|"),
                        "triggerer|failed|||0|exited (1)");
    assert_int_equal(value_get(shown.result.data, "services")->count, 2);
    describe(&shown, true);
    assert_string_equal(shown.result.text, "it's · native · Airflow 2.10.3 · healthy · http://localhost:8081");
    finish(&shown);
}

static void a_supervisor_that_hangs_is_told(void **state) {
    Shown shown = prepare(state);
    run_platform(&shown, 16);
    describe(&shown, true);
    assert_true(text_ends_with(shown.result.text, " · the supervisor does not answer: devbox stop, then devbox start"));
    finish(&shown);
}

static void a_supervisor_that_has_only_begun_has_no_address_yet(void **state) {
    Shown shown = prepare(state);
    const char *lock = runtime_state_lock_path(shown.checkout->arena, &shown.project);
    assert_true(lock_file_take(&shown.checkout->ctx, lock, "supervisor", 0, &shown.lock_fd, &shown.checkout->err));
    describe(&shown, true);
    assert_string_equal(shown.result.text, "it's · native · Airflow 3.0.6 · starting");
    assert_null(value_get_string(shown.result.data, "airflowUrl", NULL));
    finish(&shown);
}

static void variables_for_a_shell_are_quoted(void **state) {
    Shown shown = prepare(state);
    Context *ctx = &shown.checkout->ctx;
    const char *sandbox = text_quote_for_shell(ctx->arena, checkout_path(shown.checkout, ".devbox/sandbox.db"));
    assert_true(status_describe_environment(ctx, &shown.project, &shown.result, &shown.checkout->err));
    assert_string_equal(shown.result.text, arena_format(ctx->arena, "DEVBOX_PHASE=stopped\nDEVBOX_SANDBOX=%s\n", sandbox));
    run_platform(&shown, 0);
    assert_true(status_describe_environment(ctx, &shown.project, &shown.result, &shown.checkout->err));
    assert_string_equal(
        shown.result.text,
        arena_format(ctx->arena, "DEVBOX_PHASE=healthy\nDEVBOX_SANDBOX=%s\nDEVBOX_AIRFLOW_URL=http://localhost:8081\n", sandbox));
    finish(&shown);
}

static void a_damaged_state_is_an_error(void **state) {
    Shown shown = prepare(state);
    run_platform(&shown, 0);
    checkout_add(shown.checkout, ".devbox/run/services.json", "{");
    assert_false(status_describe(&shown.checkout->ctx, &shown.project, true, &shown.result, &shown.checkout->err));
    assert_false(status_describe_environment(&shown.checkout->ctx, &shown.project, &shown.result, &shown.checkout->err));
    assert_string_equal(shown.checkout->err.hint, "devbox stop, then devbox start");
    finish(&shown);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(what_does_not_run_says_how_to_start_it),
        test_with_checkout(what_runs_is_a_table_of_services),
        test_with_checkout(a_supervisor_that_hangs_is_told),
        test_with_checkout(a_supervisor_that_has_only_begun_has_no_address_yet),
        test_with_checkout(variables_for_a_shell_are_quoted),
        test_with_checkout(a_damaged_state_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
