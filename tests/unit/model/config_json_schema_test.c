#include "model/config_json_schema.h"

#include "base/text.h"
#include "io/json.h"
#include "model/config_schema.h"
#include "support/test.h"

static Value *make(Arena *arena) {
    StringList versions = {0};
    list_push(arena, &versions, "2.10.3");
    list_push(arena, &versions, "3.0.6");
    return config_json_schema(arena, &versions);
}

// What stands at a key's place; `*` is any name of the user.
static const Value *at(const Value *schema, Arena *arena, const char *path) {
    StringList names = text_split(arena, path, '.');
    list_each(const char *const, name, &names) {
        bool is_any = text_equals(*name, "*");
        schema = is_any ? value_get(schema, "additionalProperties") : value_get(value_get(schema, "properties"), *name);
        if (schema == NULL) fail_msg("%s is not described", path);
    }
    return schema;
}

static const char *print_at(const Value *schema, Arena *arena, const char *path, const char *member) {
    return json_print(arena, value_get(at(schema, arena, path), member));
}

static void every_key_is_described_in_its_own_words(void **state) {
    const Value *schema = make(*state);
    for (size_t i = 0; i < config_schema_count; i++) {
        const Value *described = at(schema, *state, config_schema[i].path);
        assert_string_equal(value_get_string(described, "description", ""), config_schema[i].help);
    }
}

static void unknown_names_are_refused_where_names_are_devboxs(void **state) {
    const Value *schema = make(*state);
    assert_false(value_get_bool(schema, "additionalProperties", true));
    assert_false(value_get_bool(at(schema, *state, "airflow"), "additionalProperties", true));
    assert_int_equal(value_get(at(schema, *state, "airflow.env"), "additionalProperties")->kind, VALUE_OBJECT);
}

static void kinds_become_what_editors_check(void **state) {
    const Value *schema = make(*state);
    assert_string_equal(print_at(schema, *state, "airflow.version", "enum"), "[\"2.10.3\",\"3.0.6\"]");
    assert_string_equal(print_at(schema, *state, "airflow.port", "maximum"), "65535");
    assert_string_equal(print_at(schema, *state, "airbyte.enabled", "enum"), "[\"auto\",\"true\",true,\"false\",false]");
    assert_string_equal(print_at(schema, *state, "gate.run", "items"), "{\"enum\":[\"dags\",\"dbt\"]}");
    assert_string_equal(print_at(schema, *state, "seeds.columns.*.*", "enum"),
                        "[\"integer\",\"real\",\"text\",\"boolean\",\"date\",\"timestamp\"]");
    assert_string_equal(print_at(schema, *state, "airflow.pools.*", "anyOf"),
                        "[{\"type\":\"integer\"},{\"type\":\"object\",\"required\":[\"slots\"]}]");
}

static void without_profiles_any_version_is_text(void **state) {
    const Value *schema = config_json_schema(*state, &(StringList){0});
    assert_string_equal(print_at(schema, *state, "airflow.version", "type"), "\"string\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(every_key_is_described_in_its_own_words),
        test_with_arena(unknown_names_are_refused_where_names_are_devboxs),
        test_with_arena(kinds_become_what_editors_check),
        test_with_arena(without_profiles_any_version_is_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
