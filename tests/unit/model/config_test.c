#include "model/config.h"

#include "base/map.h"
#include "base/text.h"
#include "support/test.h"

static void the_defaults_are_those_of_a_plain_checkout(void **state) {
    (void)state;
    Config config = config_defaults();
    assert_int_equal(config.runtime, RUNTIME_AUTO);
    assert_string_equal(config.airflow.version, "3.0.6");
    assert_int_equal(config.airflow.port, 8080);
    assert_false(config.airflow.is_port_explicit);
    assert_string_equal(config.airflow.password, "admin");
    assert_string_equal(config.dags, "dags");
    assert_string_equal(config.seeds_dir, "seeds");
    assert_null(config.dbt.project);
    assert_string_equal(config.dbt.target, "sandbox");
    assert_int_equal(config.gate.budget_ms, 240000);
    assert_true(config.gate.runs_dags && config.gate.runs_dbt && config.gate.blocks_on_error);
}

static void every_key_is_listed_once_and_after_its_section(void **state) {
    Map seen = {0};
    assert_true(config_key_count > 30);
    for (size_t i = 0; i < config_key_count; i++) {
        const char *key = config_keys[i];
        if (map_has(&seen, key)) fail_msg("%s is listed twice", key);
        map_set(*state, &seen, key, NULL);
        const char *dot = strrchr(key, '.');
        if (dot == NULL) continue;
        const char *section = arena_copy_bytes(*state, key, (size_t)(dot - key));
        if (!map_has(&seen, section)) fail_msg("%s has no section before it", key);
    }
}

static void the_keys_of_the_contract_are_known(void **state) {
    static const char *const keys[] = {"runtime",           "airflow.port", "airflow.env.*", "airflow.unpause",
                                       "seeds.columns.*.*", "dbt.target",   "dlt.pipelines", "airbyte.low_resource",
                                       "gate.extra_inputs", "env.pass"};
    StringList known = {0};
    for (size_t i = 0; i < config_key_count; i++) list_push(*state, &known, config_keys[i]);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (!string_list_contains(&known, keys[i])) fail_msg("%s is not known", keys[i]);
    }
    assert_string_equal(text_nearest("airflow.prot", config_keys, config_key_count), "airflow.port");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(the_defaults_are_those_of_a_plain_checkout),
        test_with_arena(every_key_is_listed_once_and_after_its_section),
        test_with_arena(the_keys_of_the_contract_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
