#include "model/sensitive.h"

#include "support/test.h"

static void names_that_promise_secrets_are_told(void **state) {
    static const char *const secrets[] = {"API_KEY",
                                          "my_api_key",
                                          "DB_PASSWORD",
                                          "GITHUB_TOKEN",
                                          "TOKENS",
                                          "client_secret",
                                          "AIRFLOW_CONN_CRM",
                                          "X_ACCESS_KEY_ID",
                                          "DATABASE_URL",
                                          "airflow.password",
                                          "AIRFLOW__CORE__FERNET_KEY",
                                          "PASSWORD2"};
    static const char *const others[] = {"TOKENIZERS_PARALLELISM", "KEYBOARD", "PATH", "MONKEY", "secretary",
                                         "AIRFLOW_VAR_REGION"};
    (void)state;
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        if (!name_is_sensitive(secrets[i])) fail_msg("%s", secrets[i]);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (name_is_sensitive(others[i])) fail_msg("%s", others[i]);
    }
}

static void values_are_masked_by_name_and_by_form(void **state) {
    assert_string_equal(value_masked(*state, "API_KEY", "abc"), "****");
    assert_string_equal(value_masked(*state, "API_KEY", ""), "");
    assert_null(value_masked(*state, "API_KEY", NULL));
    assert_string_equal(value_masked(*state, "REGION", "eu"), "eu");
    assert_string_equal(value_masked(*state, "HTTPS_PROXY", "http://me:pa@ss@proxy:3128/x"), "http://me:****@proxy:3128/x");
    assert_string_equal(value_masked(*state, "URL", "http://me@host:80/a:b@c"), "http://me@host:80/a:b@c");
    assert_string_equal(value_masked(*state, "URL", "http://host:80/"), "http://host:80/");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_promise_secrets_are_told),
        test_with_arena(values_are_masked_by_name_and_by_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
