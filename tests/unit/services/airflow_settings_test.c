#include "services/airflow_settings.h"

#include "base/text.h"
#include "io/json.h"
#include "support/checkout.h"

static ChildEnvironment apply(Checkout *checkout, const Project *project) {
    ChildEnvironment environment = child_environment_create(&checkout->ctx, project);
    bool is_applied = airflow_settings_apply(&checkout->ctx, project, &environment, &checkout->err);
    if (!is_applied) print_message("%s\n", checkout->err.message);
    assert_true(is_applied);
    return environment;
}

static Project open_with(Checkout *checkout, const char *yaml, const char *dotenv) {
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, "devbox.yaml", yaml);
    checkout_add(checkout, ".env", dotenv);
    return checkout_open(checkout);
}

static void connections_and_variables_become_variables_in_capitals(void **state) {
    Checkout *checkout = *state;
    Project project =
        open_with(checkout, "airflow: {connections: {crm_api: 'http://crm'}, variables: {Region: eu, limits: [1, 2]}}\n", "");
    ChildEnvironment environment = apply(checkout, &project);
    assert_string_equal(child_environment_get(&environment, "AIRFLOW_CONN_CRM_API"), "http://crm");
    assert_string_equal(child_environment_get(&environment, "AIRFLOW_VAR_REGION"), "eu");
    assert_string_equal(child_environment_get(&environment, "AIRFLOW_VAR_LIMITS"), "[1,2]");
}

static void a_line_of_dotenv_wins(void **state) {
    Checkout *checkout = *state;
    Project project = open_with(checkout, "airflow: {connections: {crm: 'http://team'}}\n", "AIRFLOW_CONN_CRM=http://mine\n");
    ChildEnvironment environment = apply(checkout, &project);
    assert_string_equal(child_environment_get(&environment, "AIRFLOW_CONN_CRM"), "http://mine");
}

static void the_sandbox_is_a_connection(void **state) {
    Checkout *checkout = *state;
    Value *connection;
    Project project = open_with(checkout, "", "");
    ChildEnvironment environment = apply(checkout, &project);
    const char *json = child_environment_get(&environment, "AIRFLOW_CONN_SANDBOX");
    assert_true(json_parse(checkout->arena, json, "connection", &connection, &checkout->err));
    assert_string_equal(value_get_string(connection, "conn_type", ""), "sqlite");
    assert_string_equal(value_get_string(connection, "host", ""), checkout_path(checkout, ".devbox/sandbox.db"));
    assert_string_equal(child_environment_get(&environment, "DEVBOX_SANDBOX"), checkout_path(checkout, ".devbox/sandbox.db"));
    assert_null(child_environment_get(&environment, "DEVBOX_DBT_PROJECT"));
}

static void a_sandbox_connection_of_the_user_is_kept(void **state) {
    Checkout *checkout = *state;
    Project project = open_with(checkout, "airflow: {connections: {sandbox: 'sqlite:////tmp/x.db'}}\n", "");
    ChildEnvironment environment = apply(checkout, &project);
    assert_string_equal(child_environment_get(&environment, "AIRFLOW_CONN_SANDBOX"), "sqlite:////tmp/x.db");
}

static void the_dbt_project_is_told(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "dbt/dbt_project.yml", "");
    Project project = open_with(checkout, "", "");
    ChildEnvironment environment = apply(checkout, &project);
    assert_string_equal(child_environment_get(&environment, "DEVBOX_DBT_PROJECT"), checkout_path(checkout, "dbt"));
}

static void names_that_fall_together_are_an_error(void **state) {
    Checkout *checkout = *state;
    Project project = open_with(checkout, "airflow:\n  variables:\n    Region: eu\n    region: us\n", "");
    ChildEnvironment environment = child_environment_create(&checkout->ctx, &project);
    assert_false(airflow_settings_apply(&checkout->ctx, &project, &environment, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_CONFIG);
    assert_string_equal(
        checkout->err.message,
        "devbox.yaml:4: region and Region (devbox.yaml:3) are the same to Airflow: both are read from AIRFLOW_VAR_REGION");
    project = open_with(checkout, "airflow:\n  connections:\n    CRM: http://a\n    crm: http://b\n", "");
    assert_false(airflow_settings_apply(&checkout->ctx, &project, &environment, &checkout->err));
    assert_non_null(strstr(checkout->err.message, "AIRFLOW_CONN_CRM"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(connections_and_variables_become_variables_in_capitals),
        test_with_checkout(a_line_of_dotenv_wins),
        test_with_checkout(the_sandbox_is_a_connection),
        test_with_checkout(a_sandbox_connection_of_the_user_is_kept),
        test_with_checkout(the_dbt_project_is_told),
        test_with_checkout(names_that_fall_together_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
