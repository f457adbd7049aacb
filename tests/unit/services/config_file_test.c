#include "services/config_file.h"

#include "base/text.h"
#include "model/config_schema.h"
#include "support/checkout.h"

static bool read_config(Checkout *checkout, const char *yaml, Config *config) {
    checkout_add(checkout, "devbox.yaml", yaml);
    *config = config_defaults();
    error_clear(&checkout->err);
    return config_file_read(&checkout->ctx, checkout_path(checkout, "devbox.yaml"), config, &checkout->err);
}

static Config must_read(Checkout *checkout, const char *yaml) {
    Config config;
    bool is_read = read_config(checkout, yaml, &config);
    if (!is_read) print_message("%s\n", checkout->err.message);
    assert_true(is_read);
    return config;
}

static const char *describe_error(Arena *arena, const Error *err) {
    Text text = {.arena = arena};
    text_append_format(&text, "%s\n", err->message);
    if (err->hint != NULL) text_append_format(&text, "hint: %s\n", err->hint);
    if (err->detail == NULL) return text_string(&text);
    StringList lines = text_split_lines(arena, err->detail);
    list_each (const char *, line, &lines) text_append_format(&text, "detail: %s\n", *line);
    return text_string(&text);
}

static size_t check_case(Checkout *checkout, const char *text) {
    Config config;
    const char *name_end = strchr(text, '\n'), *separator = strstr(text, "\n---\n");
    assert_non_null(name_end);
    assert_non_null(separator);
    const char *yaml = arena_copy_bytes(checkout->arena, name_end + 1, (size_t)(separator - name_end));
    const char *expected = text_trim(checkout->arena, separator + strlen("\n---\n"));
    bool is_read = read_config(checkout, yaml, &config);
    const char *found = is_read ? "no error" : text_trim(checkout->arena, describe_error(checkout->arena, &checkout->err));
    if (text_equals(found, expected)) return 0;
    print_message("case:%.*s\nexpected:\n%s\nfound:\n%s\n\n", (int)(name_end - text), text, expected, found);
    return 1;
}

static void every_mistake_is_named_with_place_key_and_remedy(void **state) {
    Checkout *checkout = *state;
    char *golden;
    size_t cases = 0, failures = 0;
    assert_true(file_read(checkout->arena, TEST_DATA "/golden/config_errors.txt", &golden, NULL, &checkout->err));
    for (const char *at = strstr(golden, "\n=== "); at != NULL;) {
        const char *next = strstr(at + 1, "\n=== ");
        size_t length = next == NULL ? strlen(at) : (size_t)(next - at);
        failures += check_case(checkout, arena_copy_bytes(checkout->arena, at + strlen("\n==="), length - strlen("\n===")));
        at = next;
        cases++;
    }
    assert_int_equal(failures, 0);
    assert_true(cases >= 40);
}

static void a_wrong_file_leaves_the_config_alone(void **state) {
    Config config;
    assert_false(read_config(*state, "dags: jobs\nruntime: 7\n", &config));
    assert_string_equal(config.dags, "dags");
    assert_null(config.path);
    assert_int_equal(((Checkout *)*state)->err.code, ERROR_CONFIG);
}

static void the_plain_keys_reach_the_config(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "req.txt", "");
    Config config =
        must_read(checkout,
                  "runtime: native\n"
                  "airflow: {version: 2.10.3, port: 9090, requirements: req.txt, password: 1234, unpause: [a, b], memory: 2g}\n"
                  "dags: jobs/dags\nplugins: extras\nseeds: {dir: data}\ndbt: {project: models, target: dev, engine: duckdb}\n"
                  "gate: {budget: 90s, run: [dbt], run_dags: ['tag:smoke'], on_error: warn, extra_inputs: [sql/**]}\n"
                  "env: {pass: [MY_KEY]}\n");
    assert_int_equal(config.runtime, RUNTIME_NATIVE);
    assert_string_equal(config.airflow.version, "2.10.3");
    assert_int_equal(config.airflow.port, 9090);
    assert_true(config.airflow.is_port_explicit);
    assert_string_equal(config.airflow.requirements, "req.txt");
    assert_string_equal(config.airflow.password, "1234");
    assert_int_equal(config.airflow.unpause.count, 2);
    assert_string_equal(config.dags, "jobs/dags");
    assert_string_equal(config.plugins, "extras");
    assert_string_equal(config.seeds_dir, "data");
    assert_string_equal(config.dbt.project, "models");
    assert_string_equal(config.dbt.target, "dev");
    assert_int_equal(config.gate.budget_ms, 90000);
    assert_false(config.gate.runs_dags);
    assert_true(config.gate.runs_dbt);
    assert_false(config.gate.blocks_on_error);
    assert_string_equal(config.gate.run_dags.items[0], "tag:smoke");
    assert_string_equal(config.gate.extra_inputs.items[0], "sql/**");
    assert_string_equal(config.env_pass.items[0], "MY_KEY");
    assert_string_equal(config.path, checkout_path(checkout, "devbox.yaml"));
}

static void keys_without_a_value_keep_their_default(void **state) {
    Config config = must_read(*state, "airflow:\n  # port: 8081\ndags:\nseeds:\n  dir: ~\n");
    assert_int_equal(config.airflow.port, 8080);
    assert_false(config.airflow.is_port_explicit);
    assert_string_equal(config.dags, "dags");
    assert_string_equal(config.seeds_dir, "seeds");
}

static void an_empty_file_is_no_mistake(void **state) {
    assert_string_equal(must_read(*state, "# nothing yet\n").dags, "dags");
    assert_string_equal(must_read(*state, "").airflow.version, "3.0.6");
}

static void airbyte_is_read(void **state) {
    Config config = must_read(*state,
                              "airbyte: {enabled: true, port: 8001, version: 2.0.19, low_resource: false, abctl: /opt/abctl}\n");
    assert_int_equal(config.airbyte.enabled, CHOICE_TRUE);
    assert_int_equal(config.airbyte.port, 8001);
    assert_true(config.airbyte.is_port_explicit);
    assert_false(config.airflow.is_port_explicit);
    assert_string_equal(config.airbyte.version, "2.0.19");
    assert_int_equal(config.airbyte.low_resource, CHOICE_FALSE);
    assert_string_equal(config.airbyte.abctl, "/opt/abctl");
    config = must_read(*state, "airflow: {port: 8001}\n");
    assert_true(config.airflow.is_port_explicit);
    assert_false(config.airbyte.is_port_explicit);
    assert_int_equal(config.airbyte.port, 8000);
    assert_int_equal(config.airbyte.enabled, CHOICE_AUTO);
}

static void keys_of_later_parts_are_accepted(void **state) {
    Config config = must_read(*state,
                              "airbyte: {config: airbyte/}\n"
                              "dlt: {pipelines: ['dlt/*.py']}\n"
                              "environments: {sandbox: {bucket: b, region: eu-west-1, mwaa: {name: x}}, production: {}}\n");
    assert_int_equal(config.airflow.port, 8080);
    assert_false(config.airflow.is_port_explicit);
}

static void connections_keep_their_form_and_their_line(void **state) {
    Config config = must_read(
        *state,
        "airflow:\n"
        "  connections:\n"
        "    lake: s3://key@bucket\n"
        "    json: '{\"conn_type\": \"http\"}'\n"
        "    warehouse: {conn_type: postgres, login: 007, port: 5432, password: ~, extra: {sslmode: require, keep: true}}\n");
    const PairList *connections = &config.airflow.connections;
    assert_int_equal(connections->count, 3);
    assert_string_equal(connections->items[0].key, "lake");
    assert_string_equal(connections->items[0].value, "s3://key@bucket");
    assert_string_equal(connections->items[0].origin, "devbox.yaml:3");
    assert_string_equal(connections->items[1].value, "{\"conn_type\": \"http\"}");
    assert_string_equal(
        connections->items[2].value,
        "{\"conn_type\":\"postgres\",\"login\":\"007\",\"port\":5432,\"extra\":{\"sslmode\":\"require\",\"keep\":true}}");
}

static void variables_are_text_and_structures_become_json(void **state) {
    Config config = must_read(*state,
                              "airflow:\n"
                              "  env: {LIMIT: 010}\n"
                              "  variables: {plain: true, list: [1, 2.5, \"3\", ~], map: {a: no}}\n");
    assert_string_equal(config.airflow.env.items[0].value, "010");
    assert_string_equal(config.airflow.variables.items[0].value, "true");
    assert_string_equal(config.airflow.variables.items[1].value, "[1,2.5,\"3\",null]");
    assert_string_equal(config.airflow.variables.items[2].value, "{\"a\":\"no\"}");
}

static void pools_are_numbers_or_maps(void **state) {
    Config config = must_read(*state, "airflow: {pools: {crm: 3, api: {slots: -1, description: no limit}}}\n");
    assert_int_equal(config.airflow.pools.count, 2);
    assert_string_equal(config.airflow.pools.items[0].name, "crm");
    assert_int_equal(config.airflow.pools.items[0].slots, 3);
    assert_int_equal(config.airflow.pools.items[1].slots, -1);
    assert_string_equal(config.airflow.pools.items[1].description, "no limit");
}

static void seed_columns_keep_dots_in_names(void **state) {
    Config config = must_read(*state, "seeds: {columns: {orders: {zip: text, a.b: date}, crm.leads: {id: integer}}}\n");
    const SeedColumnList *columns = &config.seed_columns;
    assert_int_equal(columns->count, 3);
    assert_string_equal(columns->items[0].table, "orders");
    assert_string_equal(columns->items[0].column, "zip");
    assert_string_equal(columns->items[0].type, "text");
    assert_string_equal(columns->items[1].table, "orders");
    assert_string_equal(columns->items[1].column, "a.b");
    assert_string_equal(columns->items[2].table, "crm.leads");
}

static void broken_yaml_has_a_place(void **state) {
    Config config;
    Checkout *checkout = *state;
    assert_false(read_config(checkout, "airflow:\n  port: 8080\n version: 3\n", &config));
    assert_int_equal(checkout->err.code, ERROR_CONFIG);
    assert_true(text_starts_with(checkout->err.message, "devbox.yaml:3:"));
}

static void a_key_given_twice_is_an_error(void **state) {
    Config config;
    Checkout *checkout = *state;
    assert_false(read_config(checkout, "dags: a\ndags: b\n", &config));
    assert_int_equal(checkout->err.code, ERROR_CONFIG);
    assert_true(text_starts_with(checkout->err.message, "devbox.yaml:2:1"));
    assert_non_null(strstr(checkout->err.message, "dags"));
}

static void every_key_of_the_table_is_listed(void **state) {
    (void)state;
    assert_int_equal(config_key_count, config_schema_count);
    for (size_t i = 0; i < config_key_count; i++) {
        assert_string_equal(config_keys[i], config_schema[i].path);
        assert_true(strlen(config_schema[i].help) > 0);
        assert_false(text_ends_with(config_schema[i].help, "."));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(every_mistake_is_named_with_place_key_and_remedy),
        test_with_checkout(a_wrong_file_leaves_the_config_alone),
        test_with_checkout(the_plain_keys_reach_the_config),
        test_with_checkout(keys_without_a_value_keep_their_default),
        test_with_checkout(an_empty_file_is_no_mistake),
        test_with_checkout(airbyte_is_read),
        test_with_checkout(keys_of_later_parts_are_accepted),
        test_with_checkout(connections_keep_their_form_and_their_line),
        test_with_checkout(variables_are_text_and_structures_become_json),
        test_with_checkout(pools_are_numbers_or_maps),
        test_with_checkout(seed_columns_keep_dots_in_names),
        test_with_checkout(broken_yaml_has_a_place),
        test_with_checkout(a_key_given_twice_is_an_error),
        cmocka_unit_test(every_key_of_the_table_is_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
