// fakes: dag_tests dbt
#include <stdlib.h>

#include "base/text.h"
#include "commands/commands.h"
#include "commands/testing.h"
#include "fakes/fake_dag_tests.h"
#include "fakes/fake_dbt.h"
#include "services/test_reports.h"
#include "support/checkout.h"
#include "support/event_log.h"

// The options of verbs that test many things.
typedef struct Many {
    const char *changed;
    bool stops_at_first_red;
    TestReports reports;
} Many;

typedef struct Run {
    Checkout *checkout;
    Project project;
    EventLog log;
    Invocation invocation;
    TestReports reports;                                   // the options of most verbs
    const void *options;                                   // those of others; NULL: `reports`
    void (*on_event)(void *checkout, const Event *event);  // what happens while the test runs; NULL: nothing
    Outcome outcome;
} Run;

static Run prepare(void **state, const char *config) {
    Run run = {.checkout = *state};
    checkout_add(*state, "devbox.yaml", config);
    run.project = checkout_open(*state);
    run.invocation.folder = run.checkout->root;
    unsetenv("GITHUB_ACTIONS");
    unsetenv("GITHUB_STEP_SUMMARY");
    fake_dag_tests = (FakeDagTests){0};
    fake_dbt = (FakeDbt){0};
    return run;
}

static void remove_folder(void *state, const Event *event) {
    Checkout *checkout = state;
    if (event->kind != EVENT_TEST_CASE) return;
    assert_true(folder_remove(checkout->arena, checkout_path(checkout, "out"), &checkout->err));
}

static bool execute(Run *run, const Command *command) {
    error_clear(&run->checkout->err);
    run->invocation.project = &run->project;
    const Many usual = {.reports = run->reports};
    run->invocation.options = run->options != NULL ? run->options : &usual;
    run->outcome = (Outcome){0};
    event_log_start(&run->log, &run->checkout->ctx);
    run->log.on_event = run->on_event;
    run->log.state = run->checkout;
    return command->run(&run->checkout->ctx, &run->invocation, &run->outcome, &run->checkout->err);
}

static void must_end_with(Run *run, const Command *command, int exit_code) {
    if (!execute(run, command)) fail_msg("%s", run->checkout->err.message);
    assert_int_equal(run->outcome.exit_code, exit_code);
    assert_non_null(strstr(event_log_take(&run->log), "verdict: "));
}

static void everything_is_dags_and_dbt(void **state) {
    checkout_add(*state, "dags/a.py", "fine");
    checkout_add(*state, "dbt/dbt_project.yml", "name: shop");
    checkout_add(*state, "dbt/models/a.sql", "fine");
    Run run = prepare(state, "gate: {run_dags: [daily]}\n");
    must_end_with(&run, &command_test, 0);
    assert_int_equal(fake_dag_tests.checks, 1);
    assert_int_equal(fake_dag_tests.runs, 1);
    assert_int_equal(fake_dbt.tests, 1);
    checkout_add(*state, "dbt/models/b.sql", "broken");
    must_end_with(&run, &command_test, 1);
    checkout_add(*state, "dags/b.py", "broken");
    fake_dag_tests.runs = 0;
    must_end_with(&run, &command_test, 1);
    assert_int_equal(fake_dag_tests.runs, 0);
}

static void what_the_gate_leaves_out_is_left_out_here_too(void **state) {
    checkout_add(*state, "dags/a.py", "fine");
    checkout_add(*state, "dbt/dbt_project.yml", "name: shop");
    checkout_add(*state, "dbt/models/a.sql", "fine");
    Run run = prepare(state, "gate: {run: [dbt]}\n");
    must_end_with(&run, &command_test, 0);
    assert_int_equal(fake_dag_tests.checks, 0);
    assert_int_equal(fake_dbt.tests, 1);
    run.project.config.gate.runs_dags = true;
    run.project.config.gate.runs_dbt = false;
    must_end_with(&run, &command_test, 0);
    assert_int_equal(fake_dag_tests.checks, 1);
    assert_int_equal(fake_dbt.tests, 1);
}

static void a_checkout_with_only_a_dbt_project_is_tested_as_that(void **state) {
    checkout_add(*state, "dbt/dbt_project.yml", "name: shop");
    checkout_add(*state, "dbt/models/a.sql", "fine");
    Run run = prepare(state, "dbt: {project: dbt}\n");
    must_end_with(&run, &command_test, 0);
    assert_int_equal(fake_dag_tests.checks, 0);
    assert_int_equal(fake_dbt.tests, 1);
}

static void a_test_that_could_not_run_is_an_error(void **state) {
    checkout_add(*state, "dags/a.py", "fine");
    checkout_add(*state, "dbt/dbt_project.yml", "name: shop");
    Run run = prepare(state, "{}\n");
    fake_dbt.failure = ERROR_TIMEOUT;
    assert_false(execute(&run, &command_test));
    assert_int_equal(run.checkout->err.code, ERROR_TIMEOUT);
    fake_dag_tests.failure = ERROR_CHILD;
    assert_false(execute(&run, &command_test));
    assert_int_equal(run.checkout->err.code, ERROR_CHILD);
    assert_int_equal(run.outcome.exit_code, 0);
}

static const Command *find(const char *name) {
    for (const Command *const *command = command_test.subcommands; *command != NULL; command++) {
        if (strcmp((*command)->name, name) == 0) return *command;
    }
    fail_msg("no command test %s", name);
    return NULL;
}

static void paths_are_those_of_the_user_s_folder_else_of_the_checkout(void **state) {
    checkout_add(*state, "dags/sub/a.py", "fine");
    Run run = prepare(state, "{}\n");
    run.invocation.folder = checkout_path(*state, "dags");
    list_push(run.checkout->arena, &run.invocation.arguments, "sub/a.py");
    list_push(run.checkout->arena, &run.invocation.arguments, "sub");
    list_push(run.checkout->arena, &run.invocation.arguments, "dags/sub/a.py");
    must_end_with(&run, find("dags"), 0);
    assert_int_equal(fake_dag_tests.paths.count, 3);
    assert_string_equal(fake_dag_tests.paths.items[0], checkout_path(*state, "dags/sub/a.py"));
    assert_string_equal(fake_dag_tests.paths.items[1], checkout_path(*state, "dags/sub"));
    assert_string_equal(fake_dag_tests.paths.items[2], "dags/sub/a.py");
}

static bool execute_dbt(Run *run, const char *changed, const char *selector) {
    const Many given = {.changed = changed, .stops_at_first_red = true};
    run->options = &given;
    run->invocation.arguments = (StringList){0};
    if (selector != NULL) list_push(run->checkout->arena, &run->invocation.arguments, selector);
    return execute(run, command_test.subcommands[2]);
}

static void changes_are_tested_since_the_base_that_is_named(void **state) {
    checkout_add(*state, "dbt/dbt_project.yml", "name: shop");
    checkout_add(*state, "dbt/models/a.sql", "fine");
    Run run = prepare(state, "dbt: {project: dbt}\n");
    assert_true(execute_dbt(&run, NULL, NULL));
    assert_null(fake_dbt.options.base);
    assert_true(fake_dbt.options.stops_at_first_red);
    assert_true(execute_dbt(&run, "", NULL));
    assert_string_equal(fake_dbt.options.base, "");
    assert_true(execute_dbt(&run, "develop", NULL));
    assert_string_equal(fake_dbt.options.base, "develop");
    assert_false(execute_dbt(&run, "", "develop"));
    assert_int_equal(run.checkout->err.code, ERROR_USAGE);
    assert_string_equal(run.checkout->err.hint, "another base: devbox test dbt --changed=develop");
}

static const char *content_of(Checkout *checkout, const char *name) {
    char *content;
    const char *path = checkout_path(checkout, name);
    return file_read(checkout->arena, path, &content, NULL, &checkout->err) ? content : "";
}

static void changed_dag_files_take_no_paths_beside_them(void **state) {
    const Many given = {.changed = "develop", .stops_at_first_red = true};
    Run run = prepare(state, "{}\n");
    run.options = &given;
    fake_dag_tests.changes.what = "nothing changed";
    must_end_with(&run, find("dags"), 0);
    assert_string_equal(fake_dag_tests.check.base, "develop");
    assert_true(fake_dag_tests.check.stops_at_first_red);
    assert_non_null(strstr(content_of(*state, ".devbox/" LAST_REPORT), "devbox test dags --changed=develop --fail-fast"));
    assert_int_equal(fake_dag_tests.checks, 0);
    list_push(run.checkout->arena, &run.invocation.arguments, "dags/a.py");
    assert_false(execute(&run, find("dags")));
    assert_int_equal(run.checkout->err.code, ERROR_USAGE);
    assert_string_equal(run.checkout->err.hint, "another base: devbox test dags --changed=dags/a.py");
}

static void of_everything_what_changed_is_tested(void **state) {
    const Many given = {.changed = ""};
    checkout_add(*state, "dags/a.py", "fine");
    checkout_add(*state, "dbt/dbt_project.yml", "name: shop");
    checkout_add(*state, "dbt/models/a.sql", "broken");
    Run run = prepare(state, "{dbt: {project: dbt}, gate: {run_dags: [daily]}}\n");
    run.options = &given;
    fake_dag_tests.changes.what = "nothing changed";
    fake_dbt.is_unchanged = true;
    if (!execute(&run, &command_test)) fail_msg("%s", run.checkout->err.message);
    assert_non_null(strstr(content_of(*state, ".devbox/" LAST_REPORT), "DAGs · nothing changed; dbt · nothing changed"));
    assert_int_equal(run.outcome.exit_code, 0);
    assert_int_equal(fake_dag_tests.checks + fake_dag_tests.runs + fake_dbt.tests, 0);
    list_push(run.checkout->arena, &fake_dag_tests.changes.files, checkout_path(*state, "dags/a.py"));
    must_end_with(&run, &command_test, 0);
    assert_int_equal(fake_dag_tests.runs, 1);
    assert_int_equal(fake_dag_tests.selected_from, 1);
    fake_dag_tests.changes = (DagChanges){.is_all = true, .what = "all"};
    fake_dbt.is_unchanged = false;
    must_end_with(&run, &command_test, 1);
    assert_int_equal(fake_dag_tests.runs, 2);
    assert_int_equal(fake_dag_tests.selected_from, 0);
    assert_int_equal(fake_dbt.tests, 1);
}

static void a_test_leaves_the_reports_that_were_asked_for_and_the_last_one(void **state) {
    checkout_add(*state, "dags/a.py", "fine");
    checkout_add(*state, "dags/b.py", "broken");
    checkout_add_folder(*state, "sub");
    Run run = prepare(state, "{}\n");
    run.invocation.folder = checkout_path(*state, "sub");
    run.reports = (TestReports){.junit = "out/junit.xml", .page = checkout_path(*state, "page.html")};
    must_end_with(&run, find("dags"), 1);
    assert_non_null(
        strstr(content_of(*state, "sub/out/junit.xml"), "<testsuites name=\"devbox test dags\" tests=\"2\" failures=\"1\""));
    const char *page = content_of(*state, "page.html");
    assert_non_null(strstr(page, "ImportError: broken"));
    assert_string_equal(content_of(*state, ".devbox/" LAST_REPORT), page);
}

static void a_report_that_cannot_be_written_is_said_before_the_test(void **state) {
    checkout_add(*state, "dags/a.py", "fine");
    checkout_add_folder(*state, "taken");
    Run run = prepare(state, "{}\n");
    run.reports.page = "taken";
    assert_false(execute(&run, find("dags")));
    assert_int_equal(run.checkout->err.code, ERROR_FILE);
    assert_non_null(strstr(run.checkout->err.message, "taken is a folder"));
    run.reports = (TestReports){.junit = "dags/a.py/junit.xml"};
    assert_false(execute(&run, find("dags")));
    assert_non_null(strstr(run.checkout->err.message, "the report junit.xml cannot be written"));
    assert_int_equal(fake_dag_tests.checks, 0);
}

static void a_report_that_cannot_be_written_takes_no_verdict_away(void **state) {
    checkout_add(*state, "dags/a.py", "broken");
    Run run = prepare(state, "{}\n");
    run.on_event = remove_folder;
    run.reports.junit = "out/junit.xml";
    assert_false(execute(&run, find("dags")));
    assert_int_equal(run.checkout->err.code, ERROR_FILE);
    assert_non_null(strstr(run.checkout->err.hint, "the verdict above stands"));
    assert_non_null(strstr(event_log_take(&run.log), "verdict: "));
}

static void a_test_that_could_not_run_leaves_reports_that_say_why(void **state) {
    checkout_add(*state, "dags/a.py", "fine");
    Run run = prepare(state, "{}\n");
    run.reports.junit = "junit.xml";
    fake_dag_tests.failure = ERROR_CHILD;
    assert_false(execute(&run, &command_test));
    assert_int_equal(run.checkout->err.code, ERROR_CHILD);
    assert_non_null(strstr(content_of(*state, "junit.xml"), "<error message=\"Airflow could not be asked\""));
    assert_non_null(strstr(content_of(*state, ".devbox/" LAST_REPORT), "could not test"));
    fake_dag_tests.failure = ERROR_USAGE;
    run.reports.junit = "other.xml";
    assert_false(execute(&run, &command_test));
    assert_false(file_exists(checkout_path(*state, "other.xml")));
}

static void github_gets_annotations_before_the_verdict_and_a_summary(void **state) {
    checkout_add(*state, "dags/a.py", "broken");
    Run run = prepare(state, "{}\n");
    setenv("GITHUB_ACTIONS", "true", 1);
    setenv("GITHUB_STEP_SUMMARY", checkout_path(*state, "summary.md"), 1);
    checkout_add(*state, "summary.md", "before\n");
    assert_true(execute(&run, find("dags")));
    assert_int_equal(run.outcome.exit_code, 1);
    const char *log = event_log_take(&run.log);
    const char *annotation = strstr(log, "line: ::error title=dags/a.py::ImportError: broken\n");
    assert_non_null(annotation);
    assert_non_null(strstr(annotation, "verdict: "));
    assert_true(text_starts_with(content_of(*state, "summary.md"), "before\n### ✗ devbox test dags: failed in "));
    run.invocation.is_json = true;
    assert_true(execute(&run, find("dags")));
    assert_null(strstr(event_log_take(&run.log), "::error"));
    setenv("GITHUB_STEP_SUMMARY", checkout_path(*state, "nowhere/summary.md"), 1);
    assert_false(execute(&run, find("dags")));
    assert_non_null(strstr(run.checkout->err.hint, "GITHUB_STEP_SUMMARY"));
}

static void a_checkout_below_the_top_of_its_repository_is_named(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "repository/platform/a.py", "");
    Project project = {.root = checkout_path(checkout, "repository/platform")};
    assert_string_equal(test_reports_repository_folder(checkout->arena, &project), ".");
    checkout_add_folder(checkout, "repository/.git");
    assert_string_equal(test_reports_repository_folder(checkout->arena, &project), "platform");
    project.root = checkout_path(checkout, "repository");
    assert_string_equal(test_reports_repository_folder(checkout->arena, &project), ".");
    project.root = checkout_path(checkout, "gone");
    assert_string_equal(test_reports_repository_folder(checkout->arena, &project), ".");
}

static void the_first_red_part_can_be_the_last(void **state) {
    checkout_add(*state, "dags/a.py", "broken");
    checkout_add(*state, "dbt/dbt_project.yml", "name: shop");
    checkout_add(*state, "dbt/models/a.sql", "fine");
    Run run = prepare(state, "dbt: {project: dbt}\n");
    const Many given = {.stops_at_first_red = true};
    run.options = &given;
    must_end_with(&run, &command_test, 1);
    assert_int_equal(fake_dbt.tests, 0);
    checkout_add(*state, "dags/a.py", "fine");
    must_end_with(&run, &command_test, 0);
    assert_int_equal(fake_dbt.tests, 1);
}

static void the_last_report_is_missed_by_nobody_who_did_not_ask(void **state) {
    checkout_add(*state, "dags/a.py", "fine");
    checkout_add_folder(*state, ".devbox/" LAST_REPORT);
    Run run = prepare(state, "{}\n");
    assert_true(execute(&run, find("dags")));
    assert_int_equal(run.outcome.exit_code, 0);
    assert_non_null(strstr(event_log_take(&run.log), "warning: devbox open report will not show this test: cannot write"));
}

static volatile sig_atomic_t cancel;
static int waits;

static void save_twice(void *state, const Event *event) {
    if (event->kind != EVENT_STATUS) return;
    if (++waits == 3) cancel = 1;
    checkout_add(state, waits == 1 ? "dags/a.py" : "dags/sql/new.sql", "fine");
}

// Options zeroed but for this flag.
static const void *options_with(Arena *arena, const Command *command, const char *flag) {
    char *options = arena_allocate(arena, command->options_size);
    for (const Option *option = command->options; option->name != NULL; option++) {
        if (text_equals(option->name, flag)) *(bool *)(void *)(options + option->offset) = true;
    }
    return options;
}

static void a_watched_dag_runs_again_after_each_save_and_leaves_the_last_report(void **state) {
    checkout_add(*state, "dags/a.py", "fine");
    checkout_add_folder(*state, "dags/sql");
    checkout_add_folder(*state, ".devbox");
    Run run = prepare(state, "{}\n");
    run.options = options_with(run.checkout->arena, find("dag"), "watch");
    run.on_event = save_twice;
    list_push(run.checkout->arena, &run.invocation.arguments, "daily");
    cancel = waits = 0;
    run.checkout->ctx.cancel = &cancel;
    if (!execute(&run, find("dag"))) fail_msg("%s", run.checkout->err.message);
    assert_int_equal(run.outcome.exit_code, 0);
    assert_int_equal(fake_dag_tests.runs, 3);
    assert_non_null(strstr(event_log_take(&run.log), "dags/sql/new.sql saved\nround: \nstatus: watching dags · "));
    assert_non_null(strstr(content_of(*state, ".devbox/" LAST_REPORT), "daily"));
}

static void a_command_is_quoted_as_a_shell_needs_it(void **state) {
    Arena *arena = ((Checkout *)*state)->arena;
    StringList words = {0};
    list_push(arena, &words, "stg_orders+");
    list_push(arena, &words, "tag:a b");
    list_push(arena, &words, "");
    assert_string_equal(testing_command(arena, "test dbt", &words), "test dbt stg_orders+ 'tag:a b' ''");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(everything_is_dags_and_dbt),
        test_with_checkout(what_the_gate_leaves_out_is_left_out_here_too),
        test_with_checkout(a_checkout_with_only_a_dbt_project_is_tested_as_that),
        test_with_checkout(a_test_that_could_not_run_is_an_error),
        test_with_checkout(paths_are_those_of_the_user_s_folder_else_of_the_checkout),
        test_with_checkout(changes_are_tested_since_the_base_that_is_named),
        test_with_checkout(changed_dag_files_take_no_paths_beside_them),
        test_with_checkout(of_everything_what_changed_is_tested),
        test_with_checkout(a_test_leaves_the_reports_that_were_asked_for_and_the_last_one),
        test_with_checkout(a_report_that_cannot_be_written_is_said_before_the_test),
        test_with_checkout(a_report_that_cannot_be_written_takes_no_verdict_away),
        test_with_checkout(a_test_that_could_not_run_leaves_reports_that_say_why),
        test_with_checkout(github_gets_annotations_before_the_verdict_and_a_summary),
        test_with_checkout(a_checkout_below_the_top_of_its_repository_is_named),
        test_with_checkout(the_first_red_part_can_be_the_last),
        test_with_checkout(the_last_report_is_missed_by_nobody_who_did_not_ask),
        test_with_checkout(a_watched_dag_runs_again_after_each_save_and_leaves_the_last_report),
        test_with_checkout(a_command_is_quoted_as_a_shell_needs_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
