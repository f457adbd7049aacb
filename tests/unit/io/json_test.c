#include "io/json.h"

#include <locale.h>
#include <math.h>

#include "base/text.h"
#include "support/world.h"

static Value *must_parse(Arena *arena, const char *text) {
    Value *value = NULL;
    Error err = {.arena = arena};
    if (!json_parse(arena, text, "x.json", &value, &err)) fail_msg("%s", err.message);
    return value;
}

static void check_rejected(Arena *arena, const char *text, const char *message) {
    Value *value = NULL;
    Error err = {.arena = arena};
    if (json_parse(arena, text, "x.json", &value, &err)) fail_msg("accepted: %s", text);
    assert_null(value);
    assert_int_equal(err.code, ERROR_FILE);
    assert_string_equal(err.message, arena_format(arena, "x.json:%s", message));
}

// Parsing and printing gives `expected`, and that again itself.
static void check_printed(Arena *arena, const char *text, const char *expected) {
    assert_string_equal(json_print(arena, must_parse(arena, text)), expected);
    assert_string_equal(json_print(arena, must_parse(arena, expected)), expected);
}

static void every_kind_reads_and_prints(void **state) {
    check_printed(*state, " { \"a\" : [ 1 , -0.5, true,false , null, \"x\" ], \"b\":{},\"c\":[] }\r\n\t",
                  "{\"a\":[1,-0.5,true,false,null,\"x\"],\"b\":{},\"c\":[]}");
    check_printed(*state, "\xEF\xBB\xBF\"text\"", "\"text\"");
}

static void integers_keep_64_bits(void **state) {
    check_printed(*state, "[9223372036854775807,-9223372036854775808,9007199254740993,0,-0,-1]",
                  "[9223372036854775807,-9223372036854775808,9007199254740993,0,0,-1]");
    Value *value = must_parse(*state, "{\"id\": 9007199254740993}");
    assert_int_equal(value_get_integer(value, "id", 0), 9007199254740993);
}

static void numbers_in_strings_and_keys_are_no_numbers(void **state) {
    check_printed(*state, "{\"12\":\"34\",\"a\\\"5\":6,\"\\\\\":7,\"-\":[\"8\",9]}",
                  "{\"12\":\"34\",\"a\\\"5\":6,\"\\\\\":7,\"-\":[\"8\",9]}");
}

static void fractions_and_exponents_make_a_number_real(void **state) {
    static const char *const reals[] = {"1.0", "1e2", "1E+2", "1.5e-3", "9223372036854775808", "-9223372036854775809"};
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        assert_int_equal(must_parse(*state, reals[i])->kind, VALUE_REAL);
    }
    check_printed(*state, "[1.0,1e2,0.1,1e300,5e-324,0.30000000000000004,123456789.123]",
                  "[1.0,100.0,0.1,1e+300,4.94065645841247e-324,0.30000000000000004,123456789.123]");
}

static void numbers_outside_the_grammar_are_refused(void **state) {
    static const char *const bad[] = {"01", "-01", "1.", "1.e5", "1e", "1e+", "-.5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Value *value;
        Error err = {.arena = *state};
        if (json_parse(*state, bad[i], "x.json", &value, &err)) fail_msg("accepted: %s", bad[i]);
        assert_non_null(strstr(err.message, "this is no JSON"));
    }
    check_rejected(*state, "[\n 1, 01]", "2:5: this is no JSON number");
    check_rejected(*state, "{\"a\": 1e999}", "1:7: the number is too large");
    check_rejected(*state, "[+1]", "1:2: this is no JSON");
    check_rejected(*state, "[NaN]", "1:2: this is no JSON");
}

static void a_broken_document_is_an_error_with_its_line(void **state) {
    check_rejected(*state, "", "1:1: the JSON ends too early");
    check_rejected(*state, "{\n  \"a\": [1,\n", "3:1: the JSON ends too early");
    check_rejected(*state, "{} {}", "1:4: this is no JSON");
    check_rejected(*state, "{\"a\":1}\n\n x", "3:2: this is no JSON");
    check_rejected(*state, "[1 2]", "1:4: this is no JSON");
    check_rejected(*state, "\"abc", "1:5: the string is not closed");
    check_rejected(*state, "\"abc\\", "1:5: this escape is not complete");
    check_rejected(*state, "\"a\nb\"", "1:3: a line break or control character in a string");
    check_rejected(*state, "[\x01]", "1:2: a control character outside a string");
    check_rejected(*state, "{\"é\": x}", "1:7: this is no JSON");
}

static void invalid_utf8_is_refused_where_it_stands(void **state) {
    check_rejected(*state, "[\n\"ab\xFF\"]", "2:4: this is no valid UTF-8");
    check_rejected(*state, "\"\xC0\x80\"", "1:2: this is no valid UTF-8");
    check_rejected(*state, "\"\xED\xA0\x80\"", "1:2: this is no valid UTF-8");
    check_rejected(*state, "\"\xE2\x82", "1:2: this is no valid UTF-8");
}

static const char *nested(Arena *arena, size_t depth) {
    Text text = {.arena = arena};
    for (size_t i = 0; i < depth; i++) text_append(&text, i % 2 == 0 ? "[" : "{\"a\":");
    text_append(&text, "1");
    for (size_t i = depth; i > 0; i--) text_append(&text, i % 2 == 1 ? "]" : "}");
    return text_string(&text);
}

static void nesting_has_a_limit(void **state) {
    const char *deepest = nested(*state, 512);
    assert_string_equal(json_print(*state, must_parse(*state, deepest)), deepest);
    Value *value;
    Error err = {.arena = *state};
    assert_false(json_parse(*state, nested(*state, 513), "x.json", &value, &err));
    assert_true(text_ends_with(err.message, ": more than 512 levels deep"));
    assert_false(json_parse(*state, nested(*state, 100000), "x.json", &value, &err));
    assert_string_equal(json_print(*state, must_parse(*state, "\"[[[[\"")), "\"[[[[\"");
}

static void escapes_are_read_and_written(void **state) {
    Value *value = must_parse(*state, "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"");
    assert_string_equal(value->string, "\"\\/\b\f\n\r\té😀");
    assert_string_equal(json_print(*state, value), "\"\\\"\\\\/\\b\\f\\n\\r\\té😀\"");
    assert_string_equal(json_print(*state, value_string(*state, "\x01\x1f\x7f")), "\"\\u0001\\u001f\x7f\"");
    Error err = {.arena = *state};
    static const char *const bad[] = {"\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud83d\\u12"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (json_parse(*state, bad[i], "x", &value, &err)) fail_msg("accepted: %s", bad[i]);
    }
}

static void what_no_string_can_hold_becomes_a_replacement(void **state) {
    static const char *const escapes[] = {"a\\u0000b", "a\\ud800b", "a\\udc00b", "a\\uDBFFb"};
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        Value *value = must_parse(*state, arena_format(*state, "{\"%s\":\"%s\",\"n\":5}", escapes[i], escapes[i]));
        assert_string_equal(value_get_string(value,
                                             "a\xEF\xBF\xBD"
                                             "b",
                                             ""),
                            "a\xEF\xBF\xBD"
                            "b");
        assert_int_equal(value_get_integer(value, "n", 0), 5);
    }
    assert_string_equal(must_parse(*state, "\"\\ud800\\ud83d\\ude00\"")->string, "\xEF\xBF\xBD😀");
    assert_string_equal(must_parse(*state, "\"\\\\u0000\"")->string, "\\u0000");
    assert_string_equal(json_print(*state, value_string(*state, "a\xFF\xE2\x82z")), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\"");
}

static void the_text_that_was_parsed_is_not_changed(void **state) {
    const char *text = "\"\\u0000\"";
    const char *copy = arena_copy_string(*state, text);
    must_parse(*state, copy);
    assert_string_equal(copy, text);
}

static void the_last_of_equal_keys_counts_in_small_and_large_objects(void **state) {
    check_printed(*state, "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}");
    Text text = {.arena = *state};
    for (int i = 0; i < 100; i++) text_append_format(&text, "%s\"k%d\":%d", i == 0 ? "{" : ",", i, i);
    text_append(&text, ",\"k5\":-5,\"k31\":-31,\"k32\":-32,\"k99\":-99}");
    Value *value = must_parse(*state, text_string(&text));
    assert_int_equal(value->count, 100);
    for (int i = 0; i < 100; i++) {
        bool is_replaced = i == 5 || i == 31 || i == 32 || i == 99;
        const char *key = arena_format(*state, "k%d", i);
        assert_string_equal(value->members[i].key, key);
        assert_int_equal(value_get_integer(value, key, 1000), is_replaced ? -i : i);
    }
}

static void numbers_without_a_value_in_json_print_as_null(void **state) {
    assert_string_equal(json_print(*state, value_real(*state, NAN)), "null");
    assert_string_equal(json_print(*state, value_real(*state, -INFINITY)), "null");
}

static void indented_text_is_for_people(void **state) {
    Value *value = must_parse(*state, "{\"a\":[1,{\"b\":null}],\"c\":{},\"d\":[]}");
    assert_string_equal(json_print_indented(*state, value),
                        "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}");
}

static void files_are_read_and_their_errors_name_them(void **state) {
    TestWorld *world = *state;
    Value *value;
    assert_true(json_read_file(world->arena, test_world_write(world, "a.json", "{\"a\": 1}\n"), &value, &world->err));
    assert_int_equal(value_get_integer(value, "a", 0), 1);
    assert_false(json_read_file(world->arena, test_world_path(world, "missing"), &value, &world->err));
    assert_true(text_ends_with(world->err.message, "missing: No such file or directory"));
    const char *path = test_world_write(world, "b.json", "{\n");
    assert_false(json_read_file(world->arena, path, &value, &world->err));
    assert_string_equal(world->err.message, arena_format(world->arena, "%s:2:1: the JSON ends too early", path));
    path = test_world_path(world, "c.json");
    assert_true(file_write(world->arena, path, "1\0002", 3, 0600, &world->err));
    assert_false(json_read_file(world->arena, path, &value, &world->err));
    assert_true(text_ends_with(world->err.message, "holds a NUL byte, so it is no JSON"));
}

static void a_large_document_takes_no_quadratic_time(void **state) {
    Text text = {.arena = *state};
    for (int i = 0; i < 100000; i++) text_append_format(&text, "%s\"model.project.%d\":{\"id\":%d}", i == 0 ? "{" : ",", i, i);
    text_append(&text, "}");
    Value *value = must_parse(*state, text_string(&text));
    assert_int_equal(value->count, 100000);
    assert_string_equal(json_print(*state, value), text_string(&text));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(every_kind_reads_and_prints),
        test_with_arena(integers_keep_64_bits),
        test_with_arena(numbers_in_strings_and_keys_are_no_numbers),
        test_with_arena(fractions_and_exponents_make_a_number_real),
        test_with_arena(numbers_outside_the_grammar_are_refused),
        test_with_arena(a_broken_document_is_an_error_with_its_line),
        test_with_arena(invalid_utf8_is_refused_where_it_stands),
        test_with_arena(nesting_has_a_limit),
        test_with_arena(escapes_are_read_and_written),
        test_with_arena(what_no_string_can_hold_becomes_a_replacement),
        test_with_arena(the_text_that_was_parsed_is_not_changed),
        test_with_arena(the_last_of_equal_keys_counts_in_small_and_large_objects),
        test_with_arena(numbers_without_a_value_in_json_print_as_null),
        test_with_arena(indented_text_is_for_people),
        test_with_world(files_are_read_and_their_errors_name_them),
        test_with_arena(a_large_document_takes_no_quadratic_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
