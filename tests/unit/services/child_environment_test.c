#include "services/child_environment.h"

#include "base/text.h"
#include "support/checkout.h"

extern char **environ;

static char **original_environment;

// Every test starts from an environment of its own.
static int set_up(void **state) {
    static char *empty[] = {NULL};
    original_environment = environ;
    environ = empty;
    setenv("PATH", "/usr/bin:/bin", 1);
    setenv("HOME", "/home/ada", 1);
    return checkout_create(state);
}

static int tear_down(void **state) {
    environ = original_environment;
    return checkout_remove(state);
}

#define test_with_environment(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static Project open_with(Checkout *checkout, const char *yaml, const char *dotenv) {
    checkout_add(checkout, "devbox.yaml", yaml);
    checkout_add(checkout, ".env", dotenv);
    return checkout_open(checkout);
}

static const char *child_sees(Checkout *checkout, const Project *project, const char *name) {
    ChildEnvironment environment = child_environment_create(&checkout->ctx, project);
    return child_environment_get(&environment, name);
}

static void what_reaches_production_stays_out(void **state) {
    static const char *const names[] = {
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "aws_secret_access_key",
        "Aws_Session_Token",
        "AWS_ENDPOINT_URL",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "google_cloud_project",
        "AZURE_CLIENT_SECRET",
        "ARM_CLIENT_ID",
        "SNOWFLAKE_PASSWORD",
        "snowflake_account",
        "DATABRICKS_HOST",
        "DBT_PROFILES_DIR",
        "DBT_TARGET",
        "dbt_env_secret_x",
        "AIRFLOW_HOME",
        "AIRFLOW__CORE__DAGS_FOLDER",
        "AIRFLOW_CONN_WAREHOUSE",
        "airflow__database__sql_alchemy_conn",
        "AIRFLOW_VAR_X",
        "PGPASSWORD",
        "PGHOST",
        "MY_API_KEY",
        "DB_PASSWORD",
        "GITHUB_TOKEN",
        "STRIPE_SECRET",
        "DATABASE_URL",
        "VAULT_ADDR",
        "DESTINATION__POSTGRES__CREDENTIALS",
    };
    Checkout *checkout = *state;
    Project project = open_with(checkout, "", "");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        setenv(names[i], "production", 1);
        if (child_sees(checkout, &project, names[i]) != NULL) fail_msg("%s reaches children", names[i]);
        if (child_sees(checkout, NULL, names[i]) != NULL) fail_msg("%s reaches tools", names[i]);
    }
}

static void files_and_metadata_servers_of_clouds_are_shut_off(void **state) {
    Checkout *checkout = *state;
    setenv("AWS_CONFIG_FILE", "/home/ada/.aws/config", 1);
    setenv("KUBECONFIG", "/home/ada/.kube/production", 1);
    for (int i = 0; i < 2; i++) {
        Project opened = open_with(checkout, "", "");
        const Project *project = i == 0 ? &opened : NULL;
        assert_string_equal(child_sees(checkout, project, "AWS_CONFIG_FILE"), "/dev/null");
        assert_string_equal(child_sees(checkout, project, "AWS_SHARED_CREDENTIALS_FILE"), "/dev/null");
        assert_string_equal(child_sees(checkout, project, "AWS_EC2_METADATA_DISABLED"), "true");
        assert_string_equal(child_sees(checkout, project, "NO_GCE_CHECK"), "true");
        assert_string_equal(child_sees(checkout, project, "KUBECONFIG"), "/dev/null");
        assert_true(text_starts_with(child_sees(checkout, project, "CLOUDSDK_CONFIG"), "/dev/null"));
    }
}

static void git_and_python_of_the_shell_stay_out(void **state) {
    static const char *const names[] = {"GIT_DIR",     "GIT_INDEX_FILE", "PYTHONPATH",      "PYTHONDONTWRITEBYTECODE",
                                        "VIRTUAL_ENV", "CONDA_PREFIX",   "DEVBOX_INSTANCE", "DEVBOX_SANDBOX"};
    Checkout *checkout = *state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        setenv(names[i], "/x", 1);
        if (child_sees(checkout, NULL, names[i]) != NULL) fail_msg("%s reaches tools", names[i]);
    }
}

static void what_programs_need_is_kept(void **state) {
    static const char *const names[] = {"LANG",
                                        "LC_ALL",
                                        "TZ",
                                        "TERM",
                                        "SSL_CERT_FILE",
                                        "REQUESTS_CA_BUNDLE",
                                        "https_proxy",
                                        "NO_PROXY",
                                        "UV_INDEX_URL",
                                        "UV_INDEX_PRIVATE_PASSWORD",
                                        "PIP_INDEX_URL",
                                        "DOCKER_HOST",
                                        "SSH_AUTH_SOCK",
                                        "TMPDIR",
                                        "AWS_CA_BUNDLE",
                                        "GIT_SSL_CAINFO",
                                        "XDG_RUNTIME_DIR"};
    Checkout *checkout = *state;
    Project project = open_with(checkout, "", "");
    assert_string_equal(child_sees(checkout, &project, "PATH"), "/usr/bin:/bin");
    assert_string_equal(child_sees(checkout, &project, "HOME"), "/home/ada");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        setenv(names[i], "kept", 1);
        const char *seen = child_sees(checkout, &project, names[i]);
        if (!text_equals(seen, "kept")) fail_msg("%s does not reach children", names[i]);
    }
}

static void env_pass_lets_single_names_through(void **state) {
    Checkout *checkout = *state;
    setenv("AWS_PROFILE", "dev", 1);
    setenv("AWS_REGION", "eu-west-1", 1);
    setenv("AWS_CONFIG_FILE", "/home/ada/.aws/config", 1);
    Project project = open_with(checkout, "env: {pass: [AWS_PROFILE, AWS_CONFIG_FILE, NOT_SET]}\n", "");
    assert_string_equal(child_sees(checkout, &project, "AWS_PROFILE"), "dev");
    assert_string_equal(child_sees(checkout, &project, "AWS_CONFIG_FILE"), "/home/ada/.aws/config");
    assert_null(child_sees(checkout, &project, "AWS_REGION"));
    assert_null(child_sees(checkout, &project, "NOT_SET"));
    assert_null(child_sees(checkout, NULL, "AWS_PROFILE"));
    StringList passed = child_environment_passed(&checkout->ctx, &project);
    assert_int_equal(passed.count, 2);
    assert_string_equal(passed.items[0], "AWS_PROFILE");
}

static void lines_of_dotenv_reach_children_and_cloud_ones_are_said(void **state) {
    Checkout *checkout = *state;
    setenv("LANG", "C", 1);
    Project project =
        open_with(checkout, "", "AWS_ENDPOINT_URL=http://localhost:4566\nLANG=de\nPLAIN=1\nAIRFLOW_CONN_X=http://x\n");
    assert_string_equal(child_sees(checkout, &project, "AWS_ENDPOINT_URL"), "http://localhost:4566");
    assert_string_equal(child_sees(checkout, &project, "LANG"), "de");
    assert_string_equal(child_sees(checkout, &project, "PLAIN"), "1");
    assert_null(child_sees(checkout, NULL, "PLAIN"));
    StringList passed = child_environment_passed(&checkout->ctx, &project);
    assert_int_equal(passed.count, 1);
    assert_string_equal(passed.items[0], "AWS_ENDPOINT_URL (.env:1)");
}

static void the_mark_of_the_checkout_cannot_be_changed(void **state) {
    Checkout *checkout = *state;
    setenv("DEVBOX_INSTANCE", "shell", 1);
    Project project = open_with(checkout, "env: {pass: [DEVBOX_INSTANCE]}\n", "DEVBOX_INSTANCE=file\n");
    assert_string_equal(child_sees(checkout, &project, "DEVBOX_INSTANCE"), project.instance);
    assert_null(child_sees(checkout, NULL, "DEVBOX_INSTANCE"));
}

static void withheld_names_are_listed(void **state) {
    Checkout *checkout = *state;
    setenv("AWS_PROFILE", "production", 1);
    setenv("API_TOKEN", "x", 1);
    setenv("LANG", "C", 1);
    Project project = open_with(checkout, "", "");
    StringList withheld = child_environment_withheld(&checkout->ctx, &project);
    assert_int_equal(withheld.count, 2);
    assert_string_equal(withheld.items[0], "API_TOKEN");
    assert_string_equal(withheld.items[1], "AWS_PROFILE");
}

static void variables_can_be_set_replaced_and_removed(void **state) {
    Checkout *checkout = *state;
    ChildEnvironment environment = {.arena = checkout->arena};
    child_environment_set(&environment, "A", "1");
    child_environment_set(&environment, "B", "2");
    child_environment_set(&environment, "A", "3=4");
    child_environment_set_from(&environment, "C", "", ".env:1");
    child_environment_unset(&environment, "B");
    child_environment_unset(&environment, "B");
    const char *const *vector = child_environment_vector(&environment);
    assert_string_equal(vector[0], "A=3=4");
    assert_string_equal(vector[1], "C=");
    assert_null(vector[2]);
    assert_null(child_environment_get(&environment, "B"));
    assert_string_equal(environment.variables.items[1].origin, ".env:1");
}

static void folders_go_to_the_front_of_path(void **state) {
    Checkout *checkout = *state;
    ChildEnvironment environment = child_environment_create(&checkout->ctx, NULL);
    child_environment_prepend_path(&environment, "/venv/bin");
    assert_string_equal(child_environment_get(&environment, "PATH"), "/venv/bin:/usr/bin:/bin");
    child_environment_unset(&environment, "PATH");
    child_environment_prepend_path(&environment, "/venv/bin");
    assert_string_equal(child_environment_get(&environment, "PATH"), "/venv/bin");
}

static void entries_that_are_no_variables_are_dropped(void **state) {
    char *odd[] = {(char[]){"=odd"}, (char[]){"novalue"}, (char[]){"LANG=C"}, NULL};
    Checkout *checkout = *state;
    char **before = environ;
    environ = odd;
    ChildEnvironment environment = child_environment_create(&checkout->ctx, NULL);
    environ = before;
    list_each (Pair, pair, &environment.variables) {
        assert_true(*pair->key != '\0');
        assert_string_not_equal(pair->key, "novalue");
    }
    assert_string_equal(child_environment_get(&environment, "LANG"), "C");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_environment(what_reaches_production_stays_out),
        test_with_environment(files_and_metadata_servers_of_clouds_are_shut_off),
        test_with_environment(git_and_python_of_the_shell_stay_out),
        test_with_environment(what_programs_need_is_kept),
        test_with_environment(env_pass_lets_single_names_through),
        test_with_environment(lines_of_dotenv_reach_children_and_cloud_ones_are_said),
        test_with_environment(the_mark_of_the_checkout_cannot_be_changed),
        test_with_environment(withheld_names_are_listed),
        test_with_environment(variables_can_be_set_replaced_and_removed),
        test_with_environment(folders_go_to_the_front_of_path),
        test_with_environment(entries_that_are_no_variables_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
