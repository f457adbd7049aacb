// fakes: dag_tests dbt
#include "commands/commands.h"
#include "fakes/fake_dag_tests.h"
#include "fakes/fake_dbt.h"
#include "support/checkout.h"
#include "support/event_log.h"

typedef struct Run {
    Checkout *checkout;
    Project project;
    EventLog log;
    Invocation invocation;
    Outcome outcome;
} Run;

static Run prepare(void **state, const char *config) {
    Run run = {.checkout = *state};
    checkout_add(*state, "devbox.yaml", config);
    run.project = checkout_open(*state);
    run.invocation.folder = run.checkout->root;
    fake_dag_tests = (FakeDagTests){0};
    fake_dbt = (FakeDbt){0};
    return run;
}

static bool execute(Run *run, const Command *command) {
    error_clear(&run->checkout->err);
    run->invocation.project = &run->project;
    run->outcome = (Outcome){0};
    event_log_start(&run->log, &run->checkout->ctx);
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
    const char *const given[] = {changed};  // the command's options: --changed alone
    run->invocation.options = given;
    run->invocation.arguments = (StringList){0};
    if (selector != NULL) list_push(run->checkout->arena, &run->invocation.arguments, selector);
    return execute(run, command_test.subcommands[2]);
}

static void changes_are_tested_since_the_base_that_is_named(void **state) {
    checkout_add(*state, "dbt/dbt_project.yml", "name: shop");
    checkout_add(*state, "dbt/models/a.sql", "fine");
    Run run = prepare(state, "dbt: {project: dbt}\n");
    assert_true(execute_dbt(&run, NULL, NULL));
    assert_null(fake_dbt.base);
    assert_true(execute_dbt(&run, "", NULL));
    assert_string_equal(fake_dbt.base, "");
    assert_true(execute_dbt(&run, "develop", NULL));
    assert_string_equal(fake_dbt.base, "develop");
    assert_false(execute_dbt(&run, "", "develop"));
    assert_int_equal(run.checkout->err.code, ERROR_USAGE);
    assert_string_equal(run.checkout->err.hint, "another base: devbox test dbt --changed=develop");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(everything_is_dags_and_dbt),
        test_with_checkout(what_the_gate_leaves_out_is_left_out_here_too),
        test_with_checkout(a_checkout_with_only_a_dbt_project_is_tested_as_that),
        test_with_checkout(a_test_that_could_not_run_is_an_error),
        test_with_checkout(paths_are_those_of_the_user_s_folder_else_of_the_checkout),
        test_with_checkout(changes_are_tested_since_the_base_that_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
