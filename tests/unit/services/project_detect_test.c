#include "services/project_detect.h"

#include "base/text.h"
#include "services/config_draft.h"
#include "services/config_file.h"
#include "support/checkout.h"

static Detection detect(Checkout *checkout) {
    Detection detection;
    assert_true(project_detect(&checkout->ctx, checkout->root, &detection, &checkout->err));
    return detection;
}

static void assert_wanted(Checkout *checkout, const char *requirements, const char *wanted, const char *origin) {
    checkout_add(checkout, "requirements.txt", requirements);
    Detection detection = detect(checkout);
    if (!text_equals(detection.airflow_wanted, wanted)) fail_msg("%s: %s", requirements, detection.airflow_wanted);
    if (wanted != NULL) assert_string_equal(detection.airflow_origin, origin);
}

static void everything_there_is_found(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "dags/.airflowignore", "");
    checkout_add_folder(checkout, "plugins");
    checkout_add_folder(checkout, "seeds");
    checkout_add(checkout, "dags/dbt/shop/dbt_project.yml", "");
    checkout_add(checkout, "requirements.txt", "pandas\napache-airflow==2.10.3\n");
    Detection detection = detect(checkout);
    assert_string_equal(detection.dags, "dags");
    assert_string_equal(detection.plugins, "plugins");
    assert_string_equal(detection.seeds, "seeds");
    assert_string_equal(detection.requirements, "requirements.txt");
    assert_string_equal(detection.airflowignore, "dags/.airflowignore");
    assert_int_equal(detection.dbt_projects.count, 1);
    assert_string_equal(detection.dbt_projects.items[0], "dags/dbt/shop");
    assert_string_equal(detection.airflow_version, "2.10.3");
}

static void an_empty_folder_has_nothing(void **state) {
    Checkout *checkout = *state;
    Detection detection = detect(checkout);
    assert_null(detection.dags);
    assert_null(detection.requirements);
    assert_null(detection.airflow_version);
    assert_int_equal(config_draft_summary(checkout->arena, &detection).count, 0);
}

static void versions_are_read_from_requirements_and_constraints(void **state) {
    Checkout *checkout = *state;
    assert_wanted(checkout, "apache-airflow==2.10.3\n", "2.10.3", "requirements.txt:1");
    assert_wanted(checkout, "x\nApache-Airflow[amazon,postgres] ~= 2.9\n", "2.9", "requirements.txt:2");
    assert_wanted(checkout, "apache-airflow>=2.8.1,<3\n", "2.8.1", "requirements.txt:1");
    assert_wanted(
        checkout,
        "--constraint "
        "\"https://raw.githubusercontent.com/apache/airflow/constraints-2.10.1/constraints-3.11.txt\"\napache-airflow\n",
        "2.10.1", "requirements.txt:1");
    assert_wanted(checkout, "-c https://example.org/constraints-3.0.2/constraints-no-providers-3.12.txt\n", "3.0.2",
                  "requirements.txt:1");
}

static void other_lines_name_no_version(void **state) {
    Checkout *checkout = *state;
    assert_wanted(checkout, "apache-airflow-providers-amazon==9.0.0\n", NULL, NULL);
    assert_wanted(checkout, "apache-airflow\n", NULL, NULL);
    assert_wanted(checkout, "apache-airflow[amazon\n", NULL, NULL);
    assert_wanted(checkout, "apache-airflow==\n", NULL, NULL);
    assert_wanted(checkout, "# apache-airflow==2.10.3\n", NULL, NULL);
    assert_wanted(checkout, "-c constraints.txt\n", NULL, NULL);
    assert_wanted(checkout, "apache-airflow @ https://example.org/constraints-1/x\n", NULL, NULL);
}

static void the_nearest_version_is_of_the_same_kind_and_rather_newer(void **state) {
    static const char *const names[] = {"2.10.3", "2.11.0", "3.0.6", "3.1.0"};
    static const struct {
        const char *wanted, *nearest;
    } cases[] = {{"2.10.3", "2.10.3"}, {"2.9.2", "2.10.3"}, {"2.10.4", "2.11.0"}, {"2.99", "2.11.0"},   {"2.10", "2.10.3"},
                 {"3.0", "3.0.6"},     {"3.0.10", "3.1.0"}, {"3.5", "3.1.0"},     {"1.10.15", "3.1.0"}, {"4.0", "3.1.0"}};
    StringList known = {0};
    for (size_t i = 0; i < 4; i++) list_push((Arena *)*state, &known, names[i]);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(project_nearest_version(cases[i].wanted, &known), cases[i].nearest);
    }
    assert_null(project_nearest_version("2.10", &(StringList){0}));
}

static const char *draft_of(Checkout *checkout) {
    Detection detection = detect(checkout);
    return config_draft(checkout->arena, &detection);
}

static void a_draft_holds_what_was_found_and_reads_back(void **state) {
    Checkout *checkout = *state;
    Config config = config_defaults();
    checkout_add(checkout, "dags/.airflowignore", "");
    checkout_add_folder(checkout, "seeds");
    checkout_add(checkout, "my models/dbt_project.yml", "");
    checkout_add(checkout, "other/dbt_project.yml", "");
    checkout_add(checkout, "requirements.txt", "apache-airflow==2.9.2\n");
    const char *draft = draft_of(checkout);
    assert_string_equal(draft,
                        "# How this checkout runs locally. `devbox config show` prints every setting and where it comes from.\n"
                        "airflow:\n"
                        "  # requirements.txt:1 asks for 2.9.2; this is the nearest version that devbox has.\n"
                        "  version: \"2.10.3\"\n"
                        "  requirements: requirements.txt\n"
                        "# Airflow leaves out what dags/.airflowignore lists.\n"
                        "dags: dags\n"
                        "seeds:\n"
                        "  dir: seeds\n"
                        "dbt:\n"
                        "  # There is one in other, too.\n"
                        "  project: \"my models\"\n");
    checkout_add(checkout, "devbox.yaml", draft);
    assert_true(config_file_read(&checkout->ctx, checkout_path(checkout, "devbox.yaml"), &config, &checkout->err));
    assert_string_equal(config.airflow.version, "2.10.3");
    assert_string_equal(config.dbt.project, "my models");
}

static void a_draft_for_dbt_alone_has_no_airflow(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "dbt_project.yml", "");
    const char *draft = draft_of(checkout);
    assert_null(strstr(draft, "airflow"));
    assert_non_null(strstr(draft, "dbt:\n  project: \".\"\n"));
}

static void an_ignore_file_in_the_wrong_place_is_said(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, ".airflowignore", "");
    const char *draft = draft_of(checkout);
    assert_non_null(strstr(draft, "does not read the .airflowignore beside this file"));
    assert_non_null(strstr(draft, "devbox's default"));
}

static void a_requirements_file_that_cannot_be_read_is_an_error(void **state) {
    Checkout *checkout = *state;
    Detection detection;
    checkout_add(checkout, "requirements.txt", "x");
    assert_int_equal(chmod(checkout_path(checkout, "requirements.txt"), 0), 0);
    if (getuid() == 0) assert_int_equal(chmod(checkout->root, 0755) + seteuid(65534), 0);
    bool is_done = project_detect(&checkout->ctx, checkout->root, &detection, &checkout->err);
    if (getuid() == 0) assert_int_equal(seteuid(0), 0);
    assert_false(is_done);
    assert_int_equal(checkout->err.code, ERROR_FILE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(everything_there_is_found),
        test_with_checkout(an_empty_folder_has_nothing),
        test_with_checkout(versions_are_read_from_requirements_and_constraints),
        test_with_checkout(other_lines_name_no_version),
        test_with_arena(the_nearest_version_is_of_the_same_kind_and_rather_newer),
        test_with_checkout(a_draft_holds_what_was_found_and_reads_back),
        test_with_checkout(a_draft_for_dbt_alone_has_no_airflow),
        test_with_checkout(an_ignore_file_in_the_wrong_place_is_said),
        test_with_checkout(a_requirements_file_that_cannot_be_read_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
