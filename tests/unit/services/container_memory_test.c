#include "services/container_memory.h"

#include "support/test.h"

static void sizes_are_read_as_compose_reads_them(void **state) {
    (void)state;
    assert_int_equal(container_memory_bytes("512m"), 512LL << 20);
    assert_int_equal(container_memory_bytes("2g"), 2LL << 30);
    assert_int_equal(container_memory_bytes("2G"), 2LL << 30);
}

static void what_was_too_little_is_doubled_up_to_what_airflow_takes(void **state) {
    assert_string_equal(container_memory_more(*state, "100m"), "1g");
    assert_string_equal(container_memory_more(*state, "512m"), "1024m");
    assert_string_equal(container_memory_more(*state, "2g"), "4g");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_read_as_compose_reads_them),
        test_with_arena(what_was_too_little_is_doubled_up_to_what_airflow_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
