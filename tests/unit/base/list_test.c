#include "base/list.h"

#include "support/test.h"

typedef struct Point {
    int x, y;
} Point;

static void a_list_grows_and_keeps_its_items(void **state) {
    LIST_OF(Point) points = {0};
    for (int i = 0; i < 1000; i++) list_push(*state, &points, (Point){i, -i});
    assert_int_equal(points.count, 1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(points.items[i].x, i);
        assert_int_equal(points.items[i].y, -i);
    }
}

static void each_visits_every_item_and_nothing_of_an_empty_list(void **state) {
    StringList names = {0};
    int visits = 0;
    list_each (const char *, name, &names) fail_msg("%s", *name);
    list_push(*state, &names, "a");
    list_push(*state, &names, "b");
    list_each (const char *, name, &names) {
        assert_string_equal(*name, visits == 0 ? "a" : "b");
        visits++;
    }
    assert_int_equal(visits, 2);
}

static void a_string_is_found_by_content(void **state) {
    StringList names = {0};
    char same[] = "orders";
    assert_false(string_list_contains(&names, "orders"));
    list_push(*state, &names, "customers");
    list_push(*state, &names, "orders");
    assert_true(string_list_contains(&names, same));
    assert_false(string_list_contains(&names, "order"));
    assert_false(string_list_contains(&names, ""));
}

static void sorting_is_by_bytes(void **state) {
    static const char *const words[] = {"b", "a", "é", "Z", "aa", "", "a"};
    static const char *const sorted[] = {"", "Z", "a", "a", "aa", "b", "é"};
    StringList names = {0};
    string_list_sort(&names);
    for (size_t i = 0; i < 7; i++) list_push(*state, &names, words[i]);
    string_list_sort(&names);
    for (size_t i = 0; i < 7; i++) assert_string_equal(names.items[i], sorted[i]);
}

static void an_argv_ends_with_null(void **state) {
    StringList names = {0};
    assert_null(string_list_to_argv(*state, &names)[0]);
    for (int i = 0; i < 8; i++) list_push(*state, &names, "word");
    const char **argv = string_list_to_argv(*state, &names);
    for (int i = 0; i < 8; i++) assert_string_equal(argv[i], "word");
    assert_null(argv[8]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(a_list_grows_and_keeps_its_items), test_with_arena(each_visits_every_item_and_nothing_of_an_empty_list),
        test_with_arena(a_string_is_found_by_content),     test_with_arena(sorting_is_by_bytes),
        test_with_arena(an_argv_ends_with_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
