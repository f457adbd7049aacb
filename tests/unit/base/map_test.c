#include "base/map.h"

#include "support/test.h"

static void an_empty_map_has_nothing(void **state) {
    (void)state;
    Map map = {0};
    assert_null(map_get(&map, "a"));
    assert_false(map_has(&map, "a"));
}

static void values_are_found_by_the_content_of_the_key(void **state) {
    Map map = {0};
    char key[] = "orders";
    map_set(*state, &map, "orders", "first");
    assert_string_equal(map_get(&map, key), "first");
    assert_null(map_get(&map, "order"));
    assert_null(map_get(&map, ""));
}

static void setting_again_replaces_and_keeps_the_place(void **state) {
    Map map = {0};
    map_set(*state, &map, "a", "1");
    map_set(*state, &map, "b", "2");
    map_set(*state, &map, "a", "3");
    assert_int_equal(map.count, 2);
    assert_string_equal(map.entries[0].key, "a");
    assert_string_equal(map.entries[0].value, "3");
}

static void a_key_without_value_is_there(void **state) {
    Map map = {0};
    map_set(*state, &map, "a", NULL);
    assert_true(map_has(&map, "a"));
    assert_null(map_get(&map, "a"));
    assert_false(map_has(&map, "b"));
}

static void many_keys_keep_their_order_and_values(void **state) {
    enum { COUNT = 20000 };
    Map map = {0};
    static int numbers[COUNT];
    for (int i = 0; i < COUNT; i++) {
        numbers[i] = i;
        map_set(*state, &map, arena_format(*state, "key-%d", i), &numbers[i]);
    }
    assert_int_equal(map.count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        const char *key = arena_format(*state, "key-%d", i);
        assert_string_equal(map.entries[i].key, key);
        assert_ptr_equal(map_get(&map, key), &numbers[i]);
    }
    assert_false(map_has(&map, "key-20000"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(an_empty_map_has_nothing),
        test_with_arena(values_are_found_by_the_content_of_the_key),
        test_with_arena(setting_again_replaces_and_keeps_the_place),
        test_with_arena(a_key_without_value_is_there),
        test_with_arena(many_keys_keep_their_order_and_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
