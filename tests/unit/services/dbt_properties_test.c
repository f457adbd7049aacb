#include "services/dbt_properties.h"

#include "base/text.h"
#include "support/test.h"

static const char *compare(Arena *arena, const char *before, const char *after) {
    StringList names = {0}, unique = {0};
    if (!dbt_properties_compare(arena, before, after, &names)) return "unreadable";
    list_each(const char *const, name, &names) {
        if (!string_list_contains(&unique, *name)) list_push(arena, &unique, *name);
    }
    return text_join(arena, &unique, " ");
}

static void models_whose_properties_differ_are_named(void **state) {
    static const struct {
        const char *before, *after, *expected;
    } rows[] = {
        {"models: [{name: a}, {name: b, config: {tags: [x]}}]", "models: [{name: b, config: {tags: [x]}}, {name: a}]", ""},
        {"models: [{name: a}]", "version: 2\nmodels: [{name: a, description: now told}]", ""},
        {"models: [{name: a, columns: [{name: id, description: old}]}]", "models: [{name: a, columns: [{name: id}]}]", ""},
        {"models: [{name: a, columns: [{name: id}]}]", "models: [{name: a, columns: [{name: id, data_tests: [unique]}]}]", "a"},
        {"models: [{name: a, columns: [{name: id, tests: [unique]}]}]", "models: [{name: a, columns: [{name: id}]}]", "a"},
        {"models: [{name: a}, {name: b}]", "models: [{name: b}]", "a"},
        {"models: [{name: a, config: {x: '1'}}]", "models: [{name: a, config: {x: 1}}]", "a"},
        {"models: [{name: a, config: {x: [1]}}]", "models: [{name: a, config: {x: 1}}]", "a"},
        {"seeds: [{name: a}]", "snapshots: [{name: b}]\nunit_tests: [{name: u}]\ndata_tests: [{name: t}]", "a b u t"},
        {NULL, "models: [{name: a}]", "a"},
        {"models: [{name: a}]", NULL, "a"},
        {"exposures: [{name: a}]", "exposures: [{name: b}]", ""},
        {"models: 7", "models: [{name: a}, 3, {}]", "a"},
        {"", "version: 2", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(compare(*state, rows[i].before, rows[i].after), rows[i].expected);
    }
}

static void a_table_of_a_source_is_told_from_the_whole_source(void **state) {
    static const char before[] = "sources: [{name: raw, schema: main, tables: [{name: o}, {name: c}]}]";
    static const struct {
        const char *after, *expected;
    } rows[] = {
        {"sources: [{name: raw, schema: main, tables: [{name: o, identifier: orders}, {name: c}]}]", "raw.o"},
        {"sources: [{name: raw, schema: main, tables: [{name: c}]}]", "raw.o"},
        {"sources: [{name: raw, schema: lake, tables: [{name: o}, {name: c}]}]", "raw.*"},
        {"sources: [{name: raw, schema: main, description: x, tables: [{name: c}, {name: o}]}]", ""},
        {"sources: [{tables: 7}]", "raw.*"},
        {NULL, "raw.*"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(compare(*state, before, rows[i].after), rows[i].expected);
    }
}

static void what_is_no_yaml_cannot_be_compared(void **state) {
    assert_string_equal(compare(*state, "models: [", "models: []"), "unreadable");
    assert_string_equal(compare(*state, "models: []", "a: 1\na: 2"), "unreadable");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(models_whose_properties_differ_are_named),
        test_with_arena(a_table_of_a_source_is_told_from_the_whole_source),
        test_with_arena(what_is_no_yaml_cannot_be_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
