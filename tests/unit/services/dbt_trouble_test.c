#include "services/dbt_trouble.h"

#include "support/checkout.h"
#include "support/event_log.h"

#define NAMES                                                                                      \
    "{\"nodes\":{\"model.shop.fct_orders\":{\"name\":\"fct_orders\",\"resource_type\":\"model\"}," \
    "\"seed.shop.regions\":{\"name\":\"regions\",\"resource_type\":\"seed\"},\"odd\":{},"          \
    "\"test.shop.totals_match\":{\"name\":\"totals_match\",\"resource_type\":\"test\"}}}"

static void a_message_is_told_in_one_sentence_with_the_next_action(void **state) {
    static const struct {
        const char *message, *expected;
    } rows[] = {
        {"", "dbt could not run"},
        {"no profile", "no profile"},
        {"Compilation Error\n  model x depends on y\n  in a.sql", "Compilation Error: model x depends on y"},
        {"Parsing Error\n  Env var required but not provided: 'CUTOFF_DAY'",
         "Parsing Error: Env var required but not provided: 'CUTOFF_DAY'; put CUTOFF_DAY=... into .env"},
        {"Compilation Error in model x (models/x.sql)\n  Env var required but not provided: 'CUTOFF_DAY'\n",
         "Compilation Error in model x (models/x.sql): env_var('CUTOFF_DAY') is not set; put CUTOFF_DAY=... into .env"},
        {"Env var required but not provided: 'CUT", "Env var required but not provided: 'CUT"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(dbt_trouble_summarise(*state, rows[i].message), rows[i].expected);
    }
}

static void packages_that_fail_say_whether_the_file_or_the_network_is_to_blame(void **state) {
    static const struct {
        const char *message, *output, *expected;
    } rows[] = {
        {"External connection exception occurred: no route",
         "12:00 Running\nTraceback (most recent call last):\n  File \"registry.py\"\n    raise urllib3\nConnectionError: no "
         "route\n\n",
         "NETWORK dbt deps could not fetch the packages of dbt → check the network and the proxy, then: devbox dbt deps\n"
         "ConnectionError: no route"},
        {"Internal Error\n  fatal: unable to access 'https://host/x.git/'", "12:00 Running\n",
         "NETWORK dbt deps could not fetch the packages of dbt → check the network and the proxy, then: devbox dbt deps\n"
         "Internal Error\n  fatal: unable to access 'https://host/x.git/'"},
        {"Runtime Error\n  Syntax error near line 2", "12:00 Running\n",
         "CONFIG dbt deps cannot work with dags/dbt/packages.yml → correct dags/dbt/packages.yml, then: devbox dbt deps\n"
         "Runtime Error\n  Syntax error near line 2"},
        {"'version'", "Traceback (most recent call last):\n  in package_config_from_data\nKeyError: 'version'\n",
         "CONFIG dbt deps cannot work with dags/dbt/packages.yml → correct dags/dbt/packages.yml, then: devbox dbt deps\n"
         "KeyError: 'version'"},
        {"Parsing Error\n  Env var required but not provided: 'CUTOFF_DAY'", "",
         "CONFIG the dbt project dbt reads the variable CUTOFF_DAY, which is not set → put CUTOFF_DAY=... into .env\n"
         "Parsing Error\n  Env var required but not provided: 'CUTOFF_DAY'"},
        {NULL, "odd\n",
         "NETWORK dbt deps could not install the packages of dbt → check packages.yml and the network, then: devbox dbt "
         "deps\nodd"},
    };
    Checkout *checkout = *state;
    Project project = {.root = checkout->root, .dbt_dir = checkout_path(checkout, "dags/dbt")};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        error_clear(&checkout->err);
        assert_false(dbt_trouble_with_packages(&project, rows[i].message, rows[i].output, &checkout->err));
        assert_string_equal(error_as_text(&checkout->err), rows[i].expected);
    }
    checkout_add(checkout, "dags/dbt/dependencies.yml", "packages:\n  - pakage: a/b\n");
    error_clear(&checkout->err);
    assert_false(dbt_trouble_with_packages(&project, "The file is malformed", "", &checkout->err));
    assert_string_equal(checkout->err.hint, "correct dags/dbt/dependencies.yml, then: devbox dbt deps");
}

static void a_selection_of_nothing_is_answered_with_the_nearest_names(void **state) {
    static const struct {
        const char *first, *second, *hint;
    } rows[] = {
        {"fct_ordrs", NULL, "did you mean: devbox test dbt fct_orders"},
        {"2+fct_ordrs+1", "tag:none", "did you mean: devbox test dbt 2+fct_orders+1 tag:none"},
        {"@totals_mach", NULL, "did you mean: devbox test dbt @totals_match"},
        {"+fct_order", NULL, "did you mean: devbox test dbt +fct_orders"},
        {"tag:fct_ordrs", NULL, "what can be selected: devbox dbt ls"},
        {"region", NULL, "what can be selected: devbox dbt ls"},
        {"fct_orders", NULL, "what can be selected: devbox dbt ls"},
        {"", NULL, "what can be selected: devbox dbt ls"},
        {"nothing_like_it", NULL, "what can be selected: devbox dbt ls"},
    };
    Checkout *checkout = *state;
    checkout_add(checkout, "manifest.json", NAMES);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        StringList selectors = {0};
        list_push(checkout->arena, &selectors, rows[i].first);
        if (rows[i].second != NULL) list_push(checkout->arena, &selectors, rows[i].second);
        error_clear(&checkout->err);
        assert_false(dbt_trouble_with_selection(&selectors, checkout_path(checkout, "manifest.json"), &checkout->err));
        assert_int_equal(checkout->err.code, ERROR_USAGE);
        assert_string_equal(checkout->err.hint, rows[i].hint);
    }
    assert_string_equal(checkout->err.message, "no model or test is selected by nothing_like_it");
}

static void a_manifest_that_cannot_be_read_costs_only_the_nearest_name(void **state) {
    static const char *const contents[] = {NULL, "{", "[]", "{\"nodes\":[]}"};
    Checkout *checkout = *state;
    StringList selectors = {0};
    list_push(checkout->arena, &selectors, "fct_ordrs");
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        if (contents[i] != NULL) checkout_add(checkout, "manifest.json", contents[i]);
        error_clear(&checkout->err);
        assert_false(dbt_trouble_with_selection(&selectors, checkout_path(checkout, "manifest.json"), &checkout->err));
        assert_string_equal(error_as_text(&checkout->err),
                            "USAGE no model or test is selected by fct_ordrs → what can be selected: devbox dbt ls");
    }
}

#define test_in_checkout(function) cmocka_unit_test_setup_teardown(function, checkout_create, checkout_remove)

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(a_message_is_told_in_one_sentence_with_the_next_action),
        test_in_checkout(packages_that_fail_say_whether_the_file_or_the_network_is_to_blame),
        test_in_checkout(a_selection_of_nothing_is_answered_with_the_nearest_names),
        test_in_checkout(a_manifest_that_cannot_be_read_costs_only_the_nearest_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
