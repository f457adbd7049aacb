#include "model/table_changes.h"

#include "support/test.h"

static Value *add(Arena *arena, Value *changes, const char *table, int before, int after) {
    Value *change = value_object(arena);
    value_set_string(arena, change, "table", table);
    value_set_integer(arena, change, "rows_before", before);
    value_set_integer(arena, change, "rows_after", after);
    value_append(arena, changes, change);
    return change;
}

static void nothing_written_has_no_words(void **state) {
    Arena *arena = *state;
    assert_null(table_changes_summarise(arena, NULL));
    assert_null(table_changes_summarise(arena, value_array(arena)));
}

static void rows_that_came_and_went_are_counted(void **state) {
    Arena *arena = *state;
    Value *changes = value_array(arena);
    add(arena, changes, "raw_orders", 0, 1042);
    add(arena, changes, "queue", 3, 2);
    add(arena, changes, "totals", 7, 7);
    assert_string_equal(table_changes_summarise(arena, changes), "raw_orders +1,042 rows, queue −1 row, totals changed");
}

static void a_dropped_table_is_named_and_many_are_cut(void **state) {
    Arena *arena = *state;
    Value *changes = value_array(arena);
    value_set_bool(arena, add(arena, changes, "old", 5, 0), "is_dropped", true);
    for (int i = 0; i < 4; i++) add(arena, changes, "t", 0, 2);
    assert_string_equal(table_changes_summarise(arena, changes), "old dropped, t +2 rows, t +2 rows and 2 more");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(nothing_written_has_no_words),
        test_with_arena(rows_that_came_and_went_are_counted),
        test_with_arena(a_dropped_table_is_named_and_many_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
