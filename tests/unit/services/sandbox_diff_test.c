// fakes: workbench clock
#include "services/sandbox_diff.h"

#include "base/text.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_workbench.h"
#include "support/seed_project.h"

// Each test runs twice: with the database opened here, and through a container as where locks do not cross file sharing.
static bool is_behind_door;

static void change(SeedProject *shop, const char *sql) {
    Database *db = seed_project_open(shop, ".devbox/sandbox.db");
    if (!database_execute(db, sql, &shop->err)) fail_msg("%s", shop->err.message);
    database_close(db);
}

static int set_up(void **state) {
    SeedReport report;
    Snapshot taken;
    if (seed_project_setup(state) != 0) return -1;
    SeedProject *shop = *state;
    fake_clock_set(1000, 1795696805000);
    fake_workbench = (FakeWorkbench){.hides_locks = is_behind_door};
    if (is_behind_door) shop->project.config.runtime = RUNTIME_DOCKER;
    seed_project_write(shop, "seeds/orders.csv", "id,status\n1,new\n2,paid\n3,paid\n");
    if (!sandbox_seed(&shop->ctx, &shop->project, &report, &shop->err)) return -1;
    return sandbox_snapshots_take(&shop->ctx, &shop->project, "then", &taken, &shop->err) ? 0 : -1;
}

#define test_either_way(function) cmocka_unit_test_setup_teardown(function, set_up, seed_project_drop)

static Snapshot snapshot_of(SeedProject *shop) {
    Snapshot found = {0};
    if (!sandbox_snapshots_find(&shop->ctx, &shop->project, "then", &found, &shop->err)) fail_msg("%s", shop->err.message);
    return found;
}

static void assert_no_copy_left(SeedProject *shop) {
    StringList left = {0};
    assert_true(folder_list(shop->arena, path_join(shop->arena, shop->project.state, "tmp"), &left, &shop->err));
    assert_int_equal(left.count, 0);
}

static TableDiffList diff(SeedProject *shop) {
    TableDiffList diffs;
    Snapshot then = snapshot_of(shop);
    if (!sandbox_diff_tables(&shop->ctx, &shop->project, &then, &diffs, &shop->err)) fail_msg("%s", shop->err.message);
    assert_no_copy_left(shop);
    return diffs;
}

// "- 1 new 1": the cells of each row.
static void assert_rows(SeedProject *shop, const char *table, long long limit, const char *expected) {
    Result result;
    Text text = {.arena = shop->arena};
    Snapshot then = snapshot_of(shop);
    if (!sandbox_diff_rows(&shop->ctx, &shop->project, &(RowsToCompare){&then, table, limit}, &result, &shop->err))
        fail_msg("%s", shop->err.message);
    list_each(const StringList, row, &result.table->rows) text_append_format(&text, "%s\n", text_join(shop->arena, row, " "));
    assert_string_equal(text_string(&text), expected);
}

static void assert_diff(const TableDiff *found, const char *table, TableDifference difference, long long removed,
                        long long added) {
    assert_string_equal(found->table, table);
    assert_string_equal(table_difference_name(found->difference), table_difference_name(difference));
    assert_int_equal(found->removed, removed);
    assert_int_equal(found->added, added);
}

static void what_nobody_wrote_to_does_not_differ(void **state) { assert_int_equal(diff(*state).count, 0); }

static void a_changed_row_is_one_removed_and_one_added(void **state) {
    SeedProject *shop = *state;
    change(shop, "UPDATE orders SET status = 'paid' WHERE id = 1; INSERT INTO orders VALUES (4, NULL)");
    TableDiffList diffs = diff(shop);
    assert_int_equal(diffs.count, 1);
    assert_diff(&diffs.items[0], "orders", TABLE_CHANGED, 1, 2);
    assert_int_equal(diffs.items[0].rows_then, 3);
    assert_int_equal(diffs.items[0].rows_now, 4);
    assert_rows(shop, "orders", 10, "- 1 new 1\n+ 1 paid 1\n+ 4 NULL 1\n");
    assert_rows(shop, "orders", 2, "- 1 new 1\n+ 1 paid 1\n");
}

static void equal_rows_are_counted_each(void **state) {
    SeedProject *shop = *state;
    change(shop, "INSERT INTO orders VALUES (1, 'new'), (1, 'new'), (1, 'NEW')");
    TableDiffList diffs = diff(shop);
    assert_diff(&diffs.items[0], "orders", TABLE_CHANGED, 0, 3);
    assert_rows(shop, "orders", 10, "+ 1 NEW 1\n+ 1 new 2\n");
}

static void a_whole_number_that_became_a_real_differs(void **state) {
    SeedProject *shop = *state;
    cleanup_database Database *then = NULL;
    assert_true(database_open(shop->arena, snapshot_of(shop).path, DATABASE_WRITE, 0, &then, &shop->err));
    assert_true(database_execute(then, "CREATE TABLE counts (value); INSERT INTO counts VALUES (1), ('1'), (2)", &shop->err));
    change(shop, "CREATE TABLE counts (value); INSERT INTO counts VALUES (1.0), ('1'), (2)");
    TableDiffList diffs = diff(shop);
    assert_int_equal(diffs.count, 1);
    assert_diff(&diffs.items[0], "counts", TABLE_CHANGED, 1, 1);
    assert_rows(shop, "counts", 10, "- 1 1\n+ 1.0 1\n");
}

static void tables_come_go_and_change_their_columns(void **state) {
    SeedProject *shop = *state;
    change(shop, "CREATE TABLE \"odd \"\" name\" (a, b); INSERT INTO \"odd \"\" name\" VALUES (1, 2); DROP TABLE orders");
    TableDiffList diffs = diff(shop);
    assert_int_equal(diffs.count, 2);
    assert_diff(&diffs.items[0], "odd \" name", TABLE_NEW, 0, 1);
    assert_diff(&diffs.items[1], "orders", TABLE_GONE, 3, 0);
    assert_rows(shop, "odd \" name", 10, "+ 1 2 1\n");
    assert_rows(shop, "orders", 1, "- 1 new 1\n");
    change(shop, "CREATE TABLE orders (id, price)");
    diffs = diff(shop);
    assert_string_equal(diffs.items[1].columns, "+price -status");
    change(shop, "DROP TABLE orders; CREATE TABLE orders (status, id)");
    assert_string_equal(diff(shop).items[1].columns, "in another order");
}

static void what_only_a_missing_module_can_read_is_not_looked_at(void **state) {
    SeedProject *shop = *state;
    change(shop,
           "PRAGMA writable_schema = ON; INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql)"
           " VALUES ('table', 'ghost', 'ghost', 0, 'CREATE VIRTUAL TABLE ghost USING nowhere(a)')");
    assert_int_equal(diff(shop).count, 0);
}

static void an_interruption_ends_it_within_a_table(void **state) {
    SeedProject *shop = *state;
    TableDiffList diffs;
    Snapshot then = snapshot_of(shop);
    static volatile sig_atomic_t cancel = 1;
    change(
        shop,
        "INSERT INTO orders WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n LIMIT 50000) SELECT i, 'new' FROM n");
    Context ctx = shop->ctx;
    ctx.cancel = &cancel;
    assert_false(sandbox_diff_tables(&ctx, &shop->project, &then, &diffs, &shop->err));
    assert_int_equal(shop->err.code, ERROR_INTERRUPTED);
    assert_string_equal(shop->err.message, "interrupted while comparing");
    error_clear(&shop->err);
    assert_no_copy_left(shop);
}

static void rows_with_other_columns_are_not_compared(void **state) {
    Result result;
    SeedProject *shop = *state;
    Snapshot then = snapshot_of(shop);
    change(shop, "ALTER TABLE orders ADD COLUMN price");
    assert_false(sandbox_diff_rows(&shop->ctx, &shop->project, &(RowsToCompare){&then, "orders", 5}, &result, &shop->err));
    assert_string_equal(shop->err.message,
                        "orders has other columns than in the snapshot (+price), so its rows cannot be compared");
}

static void an_unknown_table_gets_the_nearest_name(void **state) {
    Result result;
    SeedProject *shop = *state;
    Snapshot then = snapshot_of(shop);
    assert_false(sandbox_diff_rows(&shop->ctx, &shop->project, &(RowsToCompare){&then, "order", 5}, &result, &shop->err));
    assert_int_equal(shop->err.code, ERROR_USAGE);
    assert_string_equal(shop->err.hint, "did you mean: --table orders");
}

static void a_snapshot_that_is_no_database_is_an_error_and_leaves_nothing(void **state) {
    TableDiffList diffs;
    SeedProject *shop = *state;
    Snapshot then = snapshot_of(shop);
    seed_project_write(shop, ".devbox/snapshots/then.db", "no database, though its name says so");
    assert_false(sandbox_diff_tables(&shop->ctx, &shop->project, &then, &diffs, &shop->err));
    StringList left = {0};
    Error unused = {.arena = shop->arena};
    assert_true(folder_list(shop->arena, path_join(shop->arena, shop->project.state, "tmp"), &left, &unused));
    assert_int_equal(left.count, 0);
}

static void without_a_sandbox_there_is_nothing_to_compare(void **state) {
    TableDiffList diffs;
    SeedProject *shop = *state;
    Snapshot then = snapshot_of(shop);
    assert_true(file_remove(shop->arena, sandbox_path(shop->arena, &shop->project), &shop->err));
    assert_false(sandbox_diff_tables(&shop->ctx, &shop->project, &then, &diffs, &shop->err));
    assert_string_equal(shop->err.hint, "devbox db seed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_either_way(what_nobody_wrote_to_does_not_differ),
        test_either_way(a_changed_row_is_one_removed_and_one_added),
        test_either_way(equal_rows_are_counted_each),
        test_either_way(a_whole_number_that_became_a_real_differs),
        test_either_way(tables_come_go_and_change_their_columns),
        test_either_way(what_only_a_missing_module_can_read_is_not_looked_at),
        test_either_way(an_interruption_ends_it_within_a_table),
        test_either_way(rows_with_other_columns_are_not_compared),
        test_either_way(an_unknown_table_gets_the_nearest_name),
        test_either_way(a_snapshot_that_is_no_database_is_an_error_and_leaves_nothing),
        test_either_way(without_a_sandbox_there_is_nothing_to_compare),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    is_behind_door = true;
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
