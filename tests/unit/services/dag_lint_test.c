// fakes: process clock
#include "services/dag_lint.h"

#include "fakes/fake_clock.h"
#include "fakes/fake_process.h"
#include "support/airflow_ready.h"
#include "support/event_log.h"

typedef struct Linting {
    Checkout *checkout;
    Project project;
    EventLog log;
    Verdict verdict;
    StringList files;
} Linting;

static Linting *prepare(void **state, const char *version) {
    Checkout *checkout = *state;
    Linting *linting = arena_allocate(checkout->arena, sizeof *linting);
    linting->checkout = checkout;
    airflow_use_own_cache(checkout);
    checkout_add(checkout, "devbox.yaml", arena_format(checkout->arena, "airflow:\n  version: \"%s\"\n", version));
    checkout_add(checkout, "dags/orders.py", "x = 1\n");
    linting->project = checkout_open(checkout);
    assert_true(project_prepare_state(&checkout->ctx, &linting->project, &checkout->err));
    event_log_start(&linting->log, &checkout->ctx);
    list_push(checkout->arena, &linting->files, checkout_path(checkout, "dags/orders.py"));
    fake_clock_set(1000, 1000);
    fake_process_script(NULL, 0);
    return linting;
}

static void install_ruff(const Linting *linting) {
    PythonEnvironment environment;
    Checkout *checkout = linting->checkout;
    PythonRequest request = {
        .name = "ruff",
        .lock_path = path_join(checkout->arena, checkout->ctx.share_dir, "compose/ruff/requirements.lock"),
        .python_prefer = "3.11",
    };
    assert_true(python_environment_observe(&checkout->ctx, &request, &environment, &checkout->err));
    airflow_add_environment(checkout, &environment);
}

static const char *lint(Linting *linting) {
    DagLint process;
    dag_lint_start(&linting->checkout->ctx, &linting->project, &linting->files, &process);
    dag_lint_finish(&linting->checkout->ctx, &linting->project, &process, &linting->verdict);
    fake_process_assert_used();
    return event_log_take(&linting->log);
}

#define ENTRY(code, line, message, fix)                                                                           \
    "{\"code\":" code ",\"filename\":\"@/dags/orders.py\",\"location\":{\"row\":" line "},\"message\":\"" message \
    "\","                                                                                                         \
    "\"fix\":" fix ",\"url\":\"https://rule\"}"

static const char report[] = "[" ENTRY("\"AIR301\"", "3", "`days_ago` is removed", "null") "," ENTRY(
    "\"AIR301\"", "3", "`days_ago` is removed",
    "null") "," ENTRY("null", "9", "a syntax error", "null") "," ENTRY("\"invalid-syntax\"", "9", "no",
                                                                       "null") "," ENTRY("\"AIR302\"", "4",
                                                                                         "`x` is moved into y; It still works",
                                                                                         "{\"message\":\"Use `y.x`\"}") "]";

static void what_ruff_finds_is_a_finding_once_per_line(void **state) {
    Linting *linting = prepare(state, "2.10.3");
    install_ruff(linting);
    const FakeChild ruff = {.command = "*/bin/ruff check --isolated * --select AIR301,AIR302,AIR303 -- */dags/orders.py",
                            .output = text_replace(linting->checkout->arena, report, "@", linting->checkout->root)};
    fake_process_script(&ruff, 1);
    assert_string_equal(lint(linting),
                        "warning: dags/orders.py:3 `days_ago` is removed → https://rule\n"
                        "warning: dags/orders.py:4 `x` is moved into y: Use `y.x` → https://rule\n");
    assert_int_equal(linting->verdict.findings.count, 2);
    assert_string_equal(linting->verdict.findings.items[0].code, "AIR301");
    assert_true(verdict_is_green(&linting->verdict));
}

static void what_only_moved_is_told_in_airflow_3(void **state) {
    Linting *linting = prepare(state, "3.0.6");
    install_ruff(linting);
    const FakeChild ruff = {.command = "*--select AIR301,AIR302,AIR303,AIR311,AIR312 -- *", .output = "[]"};
    fake_process_script(&ruff, 1);
    assert_string_equal(lint(linting), "");
}

static void an_answer_that_cannot_be_read_is_a_warning(void **state) {
    static const FakeChild rows[] = {{.command = "*/ruff check *", .output = "{}"},
                                     {.command = "*/ruff check *", .output = "no json"},
                                     {.command = "*/ruff check *", .exit_code = 2, .errors = "panicked"},
                                     {.command = "*/ruff check *", .outcome = PROCESS_TIMED_OUT},
                                     {.command = "*/ruff check *", .outcome = PROCESS_SIGNALED, .signal = 9}};
    Linting *linting = prepare(state, "3.0.6");
    install_ruff(linting);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fake_process_script(&rows[i], 1);
        assert_true(text_starts_with(lint(linting), "warning: what Airflow 3 removed or moved was not looked for"));
    }
    assert_int_equal(linting->verdict.findings.count, 0);
}

static void without_ruff_there_is_one_warning_a_day(void **state) {
    Linting *linting = prepare(state, "3.0.6");
    const char *first = lint(linting);
    assert_true(text_starts_with(first, "warning: what Airflow 3 removed or moved is not looked for until tomorrow: uv"));
    assert_string_equal(lint(linting), "");
    fake_clock_advance(24LL * 60 * 60 * 1000);
    assert_string_equal(lint(linting), first);
    linting->files.count = 0;
    fake_clock_advance(24LL * 60 * 60 * 1000);
    assert_string_equal(lint(linting), "");
}

static void an_end_that_was_asked_for_says_nothing(void **state) {
    Linting *linting = prepare(state, "3.0.6");
    install_ruff(linting);
    const FakeChild ruff = {.command = "*/ruff check *"};
    DagLint process;
    fake_process_script(&ruff, 1);
    dag_lint_start(&linting->checkout->ctx, &linting->project, &linting->files, &process);
    dag_lint_stop(&linting->checkout->ctx, &process);
    dag_lint_finish(&linting->checkout->ctx, &linting->project, &process, &linting->verdict);
    assert_string_equal(event_log_take(&linting->log), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(what_ruff_finds_is_a_finding_once_per_line),
        test_with_checkout(what_only_moved_is_told_in_airflow_3),
        test_with_checkout(an_answer_that_cannot_be_read_is_a_warning),
        test_with_checkout(without_ruff_there_is_one_warning_a_day),
        test_with_checkout(an_end_that_was_asked_for_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
