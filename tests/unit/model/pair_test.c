#include "model/pair.h"

#include "support/test.h"

static void the_first_pair_of_a_key_is_found(void **state) {
    PairList pairs = {0};
    pair_list_add(*state, &pairs, "port", "8080");
    pair_list_add(*state, &pairs, "port", "8081");
    assert_string_equal(pair_list_find(&pairs, "port")->value, "8080");
    assert_string_equal(pair_list_value(&pairs, "port"), "8080");
}

static void what_is_not_there_is_null(void **state) {
    PairList pairs = {0};
    assert_null(pair_list_find(&pairs, "port"));
    pair_list_add(*state, &pairs, "host", "here");
    assert_null(pair_list_value(&pairs, "port"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(the_first_pair_of_a_key_is_found),
        test_with_arena(what_is_not_there_is_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
