#include "model/value.h"

#include "support/test.h"

static void each_kind_holds_its_content(void **state) {
    assert_int_equal(value_null(*state)->kind, VALUE_NULL);
    assert_true(value_bool(*state, true)->boolean);
    assert_int_equal(value_integer(*state, INT64_MIN)->integer, INT64_MIN);
    assert_true(value_real(*state, 0.5)->real == 0.5);
    assert_string_equal(value_string(*state, "text")->string, "text");
    assert_int_equal(value_string(*state, NULL)->kind, VALUE_NULL);
    assert_int_equal(value_array(*state)->kind, VALUE_ARRAY);
    assert_int_equal(value_object(*state)->kind, VALUE_OBJECT);
}

static void an_array_keeps_its_order(void **state) {
    Value *array = value_array(*state);
    for (int i = 0; i < 100; i++) value_append(*state, array, value_integer(*state, i));
    assert_int_equal(array->count, 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(array->members[i].value->integer, i);
        assert_null(array->members[i].key);
    }
}

static void members_are_set_replaced_and_read(void **state) {
    Value *object = value_object(*state);
    value_set_string(*state, object, "name", "orders");
    value_set_integer(*state, object, "rows", 42);
    value_set_bool(*state, object, "fresh", true);
    value_set_string(*state, object, "hint", NULL);
    value_set_integer(*state, object, "rows", INT64_MAX);
    assert_int_equal(object->count, 4);
    assert_string_equal(object->members[1].key, "rows");
    assert_string_equal(value_get_string(object, "name", ""), "orders");
    assert_int_equal(value_get_integer(object, "rows", 0), INT64_MAX);
    assert_true(value_get_bool(object, "fresh", false));
    assert_int_equal(value_get(object, "hint")->kind, VALUE_NULL);
}

static void missing_and_differently_typed_members_give_the_fallback(void **state) {
    Value *object = value_object(*state);
    value_set_string(*state, object, "text", "1");
    value_set(*state, object, "real", value_real(*state, 1.0));
    assert_string_equal(value_get_string(object, "missing", "fallback"), "fallback");
    assert_string_equal(value_get_string(object, "real", "fallback"), "fallback");
    assert_int_equal(value_get_integer(object, "text", 7), 7);
    assert_int_equal(value_get_integer(object, "real", 7), 7);
    assert_true(value_get_bool(object, "text", true));
    assert_false(value_get_bool(object, "missing", false));
    assert_null(value_get_string(object, "missing", NULL));
}

static void what_is_no_object_has_no_members(void **state) {
    Value *array = value_array(*state);
    value_append(*state, array, value_null(*state));
    assert_null(value_get(array, "a"));
    assert_null(value_get(NULL, "a"));
    assert_null(value_get(value_string(*state, "a"), "a"));
    assert_int_equal(value_get_integer(NULL, "a", 3), 3);
}

static void the_strings_of_an_array_leave_out_what_is_none(void **state) {
    Arena *arena = *state;
    Value *array = value_array(arena);
    value_append(arena, array, value_string(arena, "a"));
    value_append(arena, array, value_integer(arena, 1));
    value_append(arena, array, value_string(arena, NULL));
    value_append(arena, array, value_string(arena, "b"));
    StringList strings = value_strings(arena, array);
    assert_int_equal(strings.count, 2);
    assert_string_equal(strings.items[1], "b");
    assert_int_equal(value_strings(arena, NULL).count, 0);
    assert_int_equal(value_strings(arena, value_string(arena, "a")).count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(each_kind_holds_its_content),
        test_with_arena(an_array_keeps_its_order),
        test_with_arena(members_are_set_replaced_and_read),
        test_with_arena(missing_and_differently_typed_members_give_the_fallback),
        test_with_arena(what_is_no_object_has_no_members),
        test_with_arena(the_strings_of_an_array_leave_out_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
