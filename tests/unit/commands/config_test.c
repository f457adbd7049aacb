#include "base/text.h"
#include "commands/commands.h"
#include "support/invoke.h"

static const bool is_masked = false, is_revealed = true;

static const Value *entry_of(const Recorder *recorder, const char *path) {
    const Value *entry = value_get(recorder->data, path);
    if (entry == NULL) fail_msg("no %s", path);
    return entry;
}

static void assert_entry(const Recorder *recorder, const char *path, const char *value, const char *origin) {
    const Value *entry = entry_of(recorder, path);
    const char *found = value_get_string(entry, "value", NULL);
    if (!text_equals(found, value)) fail_msg("%s: %s", path, found);
    assert_string_equal(value_get_string(entry, "origin", ""), origin);
}

static bool show(Checkout *checkout, const bool *reveals, Recorder *recorder) {
    return invoke(checkout, command_config.subcommands[0], reveals, NULL, recorder);
}

static bool check(Checkout *checkout, Recorder *recorder) {
    return invoke(checkout, command_config.subcommands[1], NULL, NULL, recorder);
}

static void show_without_a_file_prints_defaults_and_what_was_found(void **state) {
    Recorder recorder;
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, "dbt/dbt_project.yml", "");
    checkout_add(checkout, "requirements.txt", "");
    assert_true(show(checkout, &is_masked, &recorder));
    assert_entry(&recorder, "runtime", "auto", "default");
    assert_entry(&recorder, "airflow.port", "8080", "default");
    assert_entry(&recorder, "airflow.password", "admin", "default");
    assert_entry(&recorder, "airflow.requirements", "requirements.txt", "found");
    assert_entry(&recorder, "dbt.project", "dbt", "found");
    assert_entry(&recorder, "gate.run", "[dags, dbt]", "default");
    assert_entry(&recorder, "gate.budget", "240s", "default");
    assert_entry(&recorder, "gate.on_error", "block", "default");
    assert_true(recorder.row_count > 10);
}

static void a_runtime_that_was_chosen_before_is_told_as_such(void **state) {
    Recorder recorder;
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, ".devbox/runtime", "native\n");
    assert_true(show(checkout, &is_masked, &recorder));
    assert_entry(&recorder, "runtime", "native", ".devbox/runtime");
}

static const char everything[] =
    "runtime: docker\n"
    "airflow:\n"
    "  password: hunter2\n"
    "  memory: 2g\n"
    "  env: {API_TOKEN: abc, REGION: eu}\n"
    "  connections:\n"
    "    crm: http://ada:hunter2@crm?token=abc\n"
    "    lake: {conn_type: aws, password: hunter2}\n"
    "  pools: {crm: 3}\n"
    "seeds: {columns: {orders: {zip: text}}}\n"
    "dlt: {pipelines: [a.py]}\n"
    "gate: {budget: 1500ms, run: [], on_error: warn, run_dags: [a, b]}\n";

static void show_names_the_line_of_each_value_and_masks_secrets(void **state) {
    Recorder recorder;
    Checkout *checkout = *state;
    checkout_add(checkout, "devbox.yaml", everything);
    assert_true(show(checkout, &is_masked, &recorder));
    assert_entry(&recorder, "runtime", "docker", "devbox.yaml:1");
    assert_entry(&recorder, "airflow.password", "****", "devbox.yaml:3");
    assert_entry(&recorder, "airflow.memory", "2g", "devbox.yaml:4");
    assert_entry(&recorder, "airflow.env.API_TOKEN", "****", "devbox.yaml:5");
    assert_entry(&recorder, "airflow.env.REGION", "eu", "devbox.yaml:5");
    assert_entry(&recorder, "airflow.connections.crm", "http://****", "devbox.yaml:7");
    assert_entry(&recorder, "airflow.connections.lake", "****", "devbox.yaml:8");
    assert_entry(&recorder, "airflow.pools.crm", "3", "devbox.yaml:9");
    assert_entry(&recorder, "seeds.columns.orders.zip", "text", "devbox.yaml:10");
    assert_entry(&recorder, "dlt.pipelines", "[\"a.py\"]", "devbox.yaml:11");
    assert_entry(&recorder, "gate.budget", "1500ms", "devbox.yaml:12");
    assert_entry(&recorder, "gate.run", "[]", "devbox.yaml:12");
    assert_entry(&recorder, "gate.on_error", "warn", "devbox.yaml:12");
    assert_entry(&recorder, "gate.run_dags", "[a, b]", "devbox.yaml:12");
}

static void show_reveals_when_asked(void **state) {
    Recorder recorder;
    Checkout *checkout = *state;
    checkout_add(checkout, "devbox.yaml", everything);
    assert_true(show(checkout, &is_revealed, &recorder));
    assert_entry(&recorder, "airflow.password", "hunter2", "devbox.yaml:3");
    assert_entry(&recorder, "airflow.connections.crm", "http://ada:hunter2@crm?token=abc", "devbox.yaml:7");
}

static void check_counts_keys(void **state) {
    Recorder recorder;
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    assert_true(check(checkout, &recorder));
    assert_non_null(strstr(recorder.text, "there is no devbox.yaml"));
    checkout_add(checkout, "devbox.yaml", "runtime: auto\n");
    assert_true(check(checkout, &recorder));
    assert_string_equal(recorder.text, "devbox.yaml is in order, 1 key set");
}

static void check_finds_what_shows_only_together(void **state) {
    Recorder recorder;
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, "devbox.yaml", "airflow: {variables: {a: 1, A: 2}}\n");
    assert_false(check(checkout, &recorder));
    assert_int_equal(checkout->err.code, ERROR_CONFIG);
    checkout_add(checkout, "devbox.yaml", "");
    checkout_add_link(checkout, "dags/loop", ".");
    assert_false(check(checkout, &recorder));
    assert_int_equal(checkout->err.code, ERROR_DAG_FOLDER);
}

static void env_masks_secrets_and_says_what_stays_out(void **state) {
    Recorder recorder;
    Checkout *checkout = *state;
    setenv("AWS_PROFILE", "production", 1);
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, "devbox.yaml", "airflow: {connections: {crm: 'http://ada:hunter2@crm'}, variables: {region: eu}}\n");
    checkout_add(checkout, ".env", "API_KEY=abc\n");
    assert_true(invoke(checkout, &command_env, &is_masked, NULL, &recorder));
    const Value *variables = value_get(recorder.data, "variables");
    assert_string_equal(value_get_string(variables, "AIRFLOW_CONN_CRM", ""), "****");
    assert_string_equal(value_get_string(variables, "AIRFLOW_VAR_REGION", ""), "eu");
    assert_string_equal(value_get_string(variables, "API_KEY", ""), "****");
    assert_null(value_get(variables, "AWS_PROFILE"));
    assert_non_null(strstr(recorder.note, "AWS_PROFILE"));
    assert_true(invoke(checkout, &command_env, &is_revealed, NULL, &recorder));
    assert_string_equal(value_get_string(value_get(recorder.data, "variables"), "API_KEY", ""), "abc");
    unsetenv("AWS_PROFILE");
}

static void env_of_containers_has_nothing_of_the_shell_but_what_is_passed(void **state) {
    Recorder recorder;
    Checkout *checkout = *state;
    setenv("OF_THE_SHELL", "here", 1);
    setenv("PASSED", "on", 1);
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, "devbox.yaml", "runtime: docker\nenv: {pass: [PASSED]}\n");
    assert_true(invoke(checkout, &command_env, &is_masked, NULL, &recorder));
    const Value *variables = value_get(recorder.data, "variables");
    assert_string_equal(value_get_string(variables, "PASSED", ""), "on");
    assert_string_equal(value_get_string(variables, "AWS_CONFIG_FILE", ""), "/dev/null");
    assert_null(value_get(variables, "OF_THE_SHELL"));
    assert_null(value_get(variables, "PATH"));
    checkout_add(checkout, "devbox.yaml", "runtime: native\n");
    assert_true(invoke(checkout, &command_env, &is_masked, NULL, &recorder));
    assert_string_equal(value_get_string(value_get(recorder.data, "variables"), "OF_THE_SHELL", ""), "here");
    assert_true(strlen(value_get_string(recorder.data, "instance", "")) > 0);
    unsetenv("OF_THE_SHELL");
    unsetenv("PASSED");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(show_without_a_file_prints_defaults_and_what_was_found),
        test_with_checkout(a_runtime_that_was_chosen_before_is_told_as_such),
        test_with_checkout(show_names_the_line_of_each_value_and_masks_secrets),
        test_with_checkout(show_reveals_when_asked),
        test_with_checkout(check_counts_keys),
        test_with_checkout(check_finds_what_shows_only_together),
        test_with_checkout(env_masks_secrets_and_says_what_stays_out),
        test_with_checkout(env_of_containers_has_nothing_of_the_shell_but_what_is_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
