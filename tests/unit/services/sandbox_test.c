// fakes: workbench
#include "services/sandbox.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_workbench.h"
#include "support/seed_project.h"

// Each test runs twice: with the database opened here, and through a container as where locks do not cross file sharing.
static bool is_behind_door;

static int set_up(void **state) {
    if (seed_project_setup(state) != 0) return -1;
    SeedProject *shop = *state;
    fake_workbench = (FakeWorkbench){.hides_locks = is_behind_door};
    if (is_behind_door) shop->project.config.runtime = RUNTIME_DOCKER;
    return 0;
}

#define test_either_way(function) cmocka_unit_test_setup_teardown(function, set_up, seed_project_drop)

// Seeds and fails the test when that fails.
static SeedReport seed(SeedProject *shop) {
    SeedReport report = {0};
    if (!sandbox_seed(&shop->ctx, &shop->project, &report, &shop->err)) fail_msg("%s", shop->err.message);
    return report;
}

static void check_refused(SeedProject *shop, ErrorCode code, const char *part) {
    SeedReport report = {.tables = 77};
    assert_false(sandbox_seed(&shop->ctx, &shop->project, &report, &shop->err));
    assert_int_equal(shop->err.code, code);
    if (strstr(shop->err.message, part) == NULL) fail_msg("'%s' is not in '%s'", part, shop->err.message);
    assert_int_equal(report.tables, 77);
}

static void change_sandbox(SeedProject *shop, const char *sql) {
    Database *db = seed_project_open(shop, ".devbox/sandbox.db");
    assert_true(database_execute(db, sql, &shop->err));
    database_close(db);
}

static FileInfo sandbox_info(SeedProject *shop) { return file_info(sandbox_path(shop->arena, &shop->project)); }

static bool has_leftovers(SeedProject *shop) {
    StringList names = {0};
    assert_true(folder_list(shop->arena, shop->project.state, &names, &shop->err));
    list_each(const char *, name, &names) {
        if (strstr(*name, "loading") != NULL) return true;
    }
    return folder_exists(seed_project_path(shop, ".devbox/tmp/seeds"));
}

static void the_first_load_makes_tables_and_lists_them(void **state) {
    SeedProject *shop = *state;
    seed_project_write(shop, "seeds/orders.csv", "id,zip\n1,02108\n2,10001\n");
    seed_project_write(shop, "seeds/customers.csv", "id\n1\n");
    SeedReport report = seed(shop);
    assert_int_equal(report.tables, 2);
    assert_int_equal(report.loaded, 2);
    assert_int_equal(report.unchanged, 0);
    assert_int_equal(report.rows, 3);
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT group_concat(zip) FROM orders"), "02108,10001");
    assert_string_equal(seed_project_ask_sandbox(
                            shop, "SELECT group_concat(name || ' ' || owner || ' ' || length(content_hash)) FROM _devbox_tables"),
                        "customers seed 64,orders seed 64");
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT columns FROM _devbox_tables WHERE name = 'customers'"),
                        "[{\"name\":\"id\",\"storage\":\"INTEGER\",\"logical\":\"integer\"}]");
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT group_concat(name) FROM pragma_table_info('_devbox_tables')"),
                        "name,owner,content_hash,columns");
    assert_string_equal(seed_project_ask_sandbox(shop, "PRAGMA journal_mode"), "wal");
    assert_int_equal(sandbox_info(shop).mode & 0777, 0600);
    assert_false(has_leftovers(shop));
}

static void without_seeds_there_is_an_empty_sandbox(void **state) {
    SeedProject *shop = *state;
    SeedReport report = seed(shop);
    assert_int_equal(report.tables, 0);
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT count(*) FROM _devbox_tables"), "0");
}

static void unchanged_seeds_touch_nothing(void **state) {
    SeedProject *shop = *state;
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n2\n");
    seed(shop);
    FileInfo before = sandbox_info(shop);
    SeedReport report = seed(shop);
    FileInfo after = sandbox_info(shop);
    assert_int_equal(report.loaded, 0);
    assert_int_equal(report.unchanged, 1);
    assert_int_equal(report.rows, 2);
    assert_true(before.modified_ns == after.modified_ns && before.inode == after.inode);
}

// A file that is old enough is recognised without being read: here its bytes changed behind its back.
static void an_unchanged_file_is_not_even_read(void **state) {
    SeedProject *shop = *state;
    const char *path = seed_project_path(shop, "seeds/orders.csv");
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n");
    struct timespec old[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    seed(shop);
    FileInfo info = file_info(path);
    // the same length, time stamp and inode with other bytes: only reading would tell
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_true(fputs("id\n9\n", file) >= 0);
    fclose(file);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    assert_true(file_info(path).inode == info.inode);
    assert_int_equal(seed(shop).unchanged, 1);
    old[1].tv_sec++;
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    assert_int_equal(seed(shop).loaded, 1);
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT id FROM orders"), "9");
}

static void a_fresh_file_is_read_again_whatever_its_time_stamp(void **state) {
    SeedProject *shop = *state;
    const char *path = seed_project_path(shop, "seeds/orders.csv");
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n");
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    seed(shop);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_true(fputs("id\n9\n", file) >= 0);
    fclose(file);
    struct timespec same[2] = {info.st_mtim, info.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, path, same, 0), 0);
    assert_int_equal(seed(shop).loaded, 1);
}

static void a_lost_memo_costs_nothing_but_time(void **state) {
    SeedProject *shop = *state;
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n2\n");
    seed(shop);
    seed_project_write(shop, ".devbox/seeds.json", "{broken");
    SeedReport report = seed(shop);
    assert_int_equal(report.unchanged, 1);
    assert_int_equal(report.rows, 2);
}

static void a_changed_seed_is_loaded_into_the_same_file_and_the_others_stay(void **state) {
    SeedProject *shop = *state;
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n");
    seed_project_write(shop, "seeds/customers.csv", "id\n1\n");
    seed(shop);
    change_sandbox(shop, "UPDATE customers SET id = 42; CREATE TABLE mine(x); INSERT INTO mine VALUES(7)");
    uint64_t inode = sandbox_info(shop).inode;
    seed_project_write(shop, "seeds/orders.csv", "id,note\n5,new\n6,\n");
    SeedReport report = seed(shop);
    assert_int_equal(report.loaded, 1);
    assert_int_equal(report.unchanged, 1);
    assert_int_equal(report.rows, 3);
    assert_true(sandbox_info(shop).inode == inode);
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT group_concat(id || ifnull(note, '')) FROM orders"), "5new,6");
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT id FROM customers"), "42");
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT x FROM mine"), "7");
    assert_false(has_leftovers(shop));
}

static void a_changed_declared_type_loads_the_seed_again(void **state) {
    SeedProject *shop = *state;
    seed_project_write(shop, "seeds/orders.csv", "zip\n10001\n");
    seed(shop);
    seed_project_declare(shop, "orders", "zip", "text");
    assert_int_equal(seed(shop).loaded, 1);
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT typeof(zip) FROM orders"), "text");
}

static void a_reader_with_the_database_open_sees_the_new_rows(void **state) {
    SeedProject *shop = *state;
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n");
    seed(shop);
    Database *reader = seed_project_open(shop, ".devbox/sandbox.db");
    assert_string_equal(seed_project_ask(shop, reader, "SELECT sum(id) FROM orders"), "1");
    seed_project_write(shop, "seeds/orders.csv", "id\n20\n");
    seed(shop);
    assert_string_equal(seed_project_ask(shop, reader, "SELECT sum(id) FROM orders"), "20");
    assert_string_equal(seed_project_ask(shop, reader, "PRAGMA integrity_check"), "ok");
    database_close(reader);
}

static void a_broken_seed_leaves_everything_as_it_was(void **state) {
    SeedProject *shop = *state;
    seed_project_write(shop, "seeds/customers.csv", "id\n1\n");
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n");
    seed(shop);
    seed_project_write(shop, "seeds/customers.csv", "id\n2\n");
    seed_project_write(shop, "seeds/orders.csv", "id\n2\n3,4\n");
    check_refused(shop, ERROR_SEED, "seeds/orders.csv:3:");
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT id FROM customers"), "1");
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT id FROM orders"), "1");
    assert_false(has_leftovers(shop));
    seed_project_write(shop, "seeds/orders.csv", "id\n2\n");
    assert_int_equal(seed(shop).loaded, 2);
}

static void a_broken_first_seed_makes_no_database(void **state) {
    SeedProject *shop = *state;
    seed_project_write(shop, "seeds/orders.csv", "id\n\"\n");
    check_refused(shop, ERROR_SEED, "seeds/orders.csv:2:");
    assert_int_equal(sandbox_info(shop).kind, FILE_MISSING);
    assert_false(has_leftovers(shop));
}

static void a_foreign_table_of_the_same_name_is_refused_and_kept(void **state) {
    SeedProject *shop = *state;
    seed(shop);
    change_sandbox(shop, "CREATE TABLE Orders(x); INSERT INTO Orders VALUES('mine')");
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n");
    check_refused(shop, ERROR_DATA_AT_RISK, "Orders");
    assert_non_null(strstr(shop->err.hint, "devbox db query --write"));
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT x FROM Orders"), "mine");
}

static void a_view_that_took_a_seeds_name_is_not_ours(void **state) {
    SeedProject *shop = *state;
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n");
    seed(shop);
    change_sandbox(shop, "DROP TABLE orders; CREATE VIEW orders AS SELECT 5 AS id");
    check_refused(shop, ERROR_DATA_AT_RISK, "orders");
}

static void a_table_that_dbt_published_is_refused(void **state) {
    SeedProject *shop = *state;
    seed(shop);
    change_sandbox(shop, "CREATE TABLE orders(x); INSERT INTO _devbox_tables VALUES('orders', 'dbt', NULL, '[]')");
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n");
    check_refused(shop, ERROR_DATA_AT_RISK, "dbt published it");
    change_sandbox(shop, "DROP TABLE orders");
    assert_int_equal(seed(shop).loaded, 1);
}

static void a_table_that_somebody_dropped_is_loaded_again(void **state) {
    SeedProject *shop = *state;
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n");
    seed(shop);
    change_sandbox(shop, "DROP TABLE orders");
    assert_int_equal(seed(shop).loaded, 1);
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT count(*) FROM orders"), "1");
}

static void the_table_of_a_vanished_seed_is_dropped_and_said(void **state) {
    SeedProject *shop = *state;
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n");
    seed_project_write(shop, "seeds/old.csv", "id\n1\n");
    seed(shop);
    change_sandbox(shop, "CREATE TABLE mine(x)");
    assert_int_equal(unlink(seed_project_path(shop, "seeds/old.csv")), 0);
    SeedReport report = seed(shop);
    assert_int_equal(report.tables, 1);
    assert_int_equal(report.loaded, 0);
    assert_string_equal(
        seed_project_ask_sandbox(
            shop, "SELECT group_concat(name) FROM (SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1)"),
        "_devbox_tables,mine,orders");
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT group_concat(name) FROM _devbox_tables"), "orders");
    assert_string_equal(shop->notes.items[0], "the table old was dropped: its seed file is gone");
}

static void leftovers_of_a_killed_load_are_replaced(void **state) {
    SeedProject *shop = *state;
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n");
    seed_project_write(shop, ".devbox/sandbox.db.loading", "half a database");
    seed_project_write(shop, ".devbox/sandbox.db.loading-journal", "and its journal");
    assert_int_equal(seed(shop).loaded, 1);
    assert_false(has_leftovers(shop));
}

// SQLite believes a complete log that it finds beside a database, also one of another database.
static void an_old_log_without_its_database_is_not_replayed(void **state) {
    SeedProject *shop = *state;
    const char *log = seed_project_path(shop, ".devbox/sandbox.db-wal"), *kept = seed_project_path(shop, "kept-wal");
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n");
    seed(shop);
    Database *db = seed_project_open(shop, ".devbox/sandbox.db");
    assert_true(database_execute(db, "UPDATE orders SET id = 99; CREATE TABLE of_the_old_database(x)", &shop->err));
    assert_true(file_copy(shop->arena, log, kept, 0600, &shop->err));
    database_close(db);
    assert_true(file_remove(shop->arena, sandbox_path(shop->arena, &shop->project), &shop->err));
    assert_true(file_rename(shop->arena, kept, log, &shop->err));
    assert_int_equal(seed(shop).loaded, 1);
    assert_string_equal(seed_project_ask_sandbox(shop, "PRAGMA integrity_check"), "ok");
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT id FROM orders"), "1");
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT count(*) FROM sqlite_master WHERE name = 'of_the_old_database'"),
                        "0");
}

static void an_empty_file_that_somebody_made_becomes_the_sandbox(void **state) {
    SeedProject *shop = *state;
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n");
    seed_project_write(shop, ".devbox/sandbox.db", "");
    uint64_t inode = sandbox_info(shop).inode;
    seed(shop);
    assert_true(sandbox_info(shop).inode == inode);
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT id FROM orders"), "1");
}

static void a_sandbox_that_is_no_database_is_an_error(void **state) {
    SeedProject *shop = *state;
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n");
    seed_project_write(shop, ".devbox/sandbox.db", "this is no database at all, though it has some length");
    check_refused(shop, ERROR_DATABASE, "sandbox.db");
}

static void a_dry_run_says_what_it_would_do_and_does_nothing(void **state) {
    SeedProject *shop = *state;
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n");
    seed_project_write(shop, "seeds/old.csv", "id\n1\n");
    seed(shop);
    assert_int_equal(unlink(seed_project_path(shop, "seeds/old.csv")), 0);
    seed_project_write(shop, "seeds/orders.csv", "id\n2\n");
    shop->ctx.is_dry_run = true;
    SeedReport report = seed(shop);
    assert_int_equal(report.loaded, 1);
    assert_string_equal(shop->notes.items[0], "would load seeds/orders.csv into the table orders");
    assert_string_equal(shop->notes.items[1], "would drop the table old: its seed file is gone");
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT id FROM orders"), "1");
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT count(*) FROM old"), "1");
}

// --- query ----------------------------------------------------------------------------------------------------------------

static void check_query_refused(SeedProject *shop, const char *sql, bool allows_writing, ErrorCode code) {
    Result result = {0};
    assert_false(sandbox_query(&shop->ctx, &shop->project, sql, allows_writing, &result, &shop->err));
    assert_int_equal(shop->err.code, code);
    assert_null(result.data);
}

static void a_query_gives_rows_as_table_and_as_data(void **state) {
    SeedProject *shop = *state;
    Result result;
    seed_project_write(shop, "seeds/orders.csv", "id,name,amount\n1,Ann,1.5\n2,,2.25\n");
    seed(shop);
    assert_true(sandbox_query(&shop->ctx, &shop->project, "SELECT * FROM orders ORDER BY id", false, &result, &shop->err));
    assert_int_equal(result.table->columns.count, 3);
    assert_string_equal(result.table->columns.items[1].title, "name");
    assert_int_equal(result.table->columns.items[0].alignment, ALIGN_RIGHT);
    assert_int_equal(result.table->columns.items[1].alignment, ALIGN_LEFT);
    assert_string_equal(result.table->rows.items[1].items[1], "NULL");
    const Value *row = value_get(result.data, "rows")->members[1].value;
    assert_int_equal(row->members[0].value->integer, 2);
    assert_int_equal(row->members[1].value->kind, VALUE_NULL);
    assert_true(row->members[2].value->real == 2.25);
}

static void an_interrupted_query_ends_before_it_has_a_row(void **state) {
    SeedProject *shop = *state;
    static volatile sig_atomic_t cancel = 1;
    seed(shop);
    shop->ctx.cancel = &cancel;
    check_query_refused(shop, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", false,
                        ERROR_INTERRUPTED);
}

static void a_statement_that_writes_needs_permission(void **state) {
    SeedProject *shop = *state;
    Result result;
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n2\n");
    seed(shop);
    check_query_refused(shop, "DELETE FROM orders", false, ERROR_USAGE);
    assert_string_equal(shop->err.hint, "Say that you mean it: devbox db query --write SQL");
    check_query_refused(shop, "SELECT 1; DELETE FROM orders", false, ERROR_DATABASE);
    assert_true(sandbox_query(&shop->ctx, &shop->project, "DELETE FROM orders", true, &result, &shop->err));
    assert_string_equal(result.text, "2 rows changed");
    assert_int_equal(value_get_integer(result.data, "changes", 0), 2);
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT count(*) FROM orders"), "0");
}

static void a_statement_that_sqlite_refuses_is_an_error(void **state) {
    SeedProject *shop = *state;
    seed(shop);
    check_query_refused(shop, "SELECT * FROM nowhere", false, ERROR_DATABASE);
    assert_non_null(strstr(shop->err.message, "nowhere"));
    check_query_refused(shop, "", false, ERROR_DATABASE);
}

static void a_query_without_a_sandbox_says_how_to_make_one(void **state) {
    SeedProject *shop = *state;
    check_query_refused(shop, "SELECT 1", false, ERROR_FILE);
    assert_string_equal(shop->err.hint, "devbox db seed");
}

static void a_query_can_be_interrupted(void **state) {
    SeedProject *shop = *state;
    volatile sig_atomic_t cancel = 0;
    seed(shop);
    cancel = 1;
    shop->ctx.cancel = &cancel;
    check_query_refused(shop, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", false,
                        ERROR_INTERRUPTED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_either_way(the_first_load_makes_tables_and_lists_them),
        test_either_way(without_seeds_there_is_an_empty_sandbox),
        test_either_way(unchanged_seeds_touch_nothing),
        test_either_way(an_unchanged_file_is_not_even_read),
        test_either_way(a_fresh_file_is_read_again_whatever_its_time_stamp),
        test_either_way(a_lost_memo_costs_nothing_but_time),
        test_either_way(a_changed_seed_is_loaded_into_the_same_file_and_the_others_stay),
        test_either_way(a_changed_declared_type_loads_the_seed_again),
        test_either_way(a_reader_with_the_database_open_sees_the_new_rows),
        test_either_way(a_broken_seed_leaves_everything_as_it_was),
        test_either_way(a_broken_first_seed_makes_no_database),
        test_either_way(a_foreign_table_of_the_same_name_is_refused_and_kept),
        test_either_way(a_view_that_took_a_seeds_name_is_not_ours),
        test_either_way(a_table_that_dbt_published_is_refused),
        test_either_way(a_table_that_somebody_dropped_is_loaded_again),
        test_either_way(the_table_of_a_vanished_seed_is_dropped_and_said),
        test_either_way(leftovers_of_a_killed_load_are_replaced),
        test_either_way(an_old_log_without_its_database_is_not_replayed),
        test_either_way(an_empty_file_that_somebody_made_becomes_the_sandbox),
        test_either_way(a_sandbox_that_is_no_database_is_an_error),
        test_either_way(a_dry_run_says_what_it_would_do_and_does_nothing),
        test_either_way(a_query_gives_rows_as_table_and_as_data),
        test_either_way(an_interrupted_query_ends_before_it_has_a_row),
        test_either_way(a_statement_that_writes_needs_permission),
        test_either_way(a_statement_that_sqlite_refuses_is_an_error),
        test_either_way(a_query_without_a_sandbox_says_how_to_make_one),
        test_either_way(a_query_can_be_interrupted),
    };
    int failed = cmocka_run_group_tests_name("opened here", tests, NULL, NULL);
    is_behind_door = true;
    return failed + cmocka_run_group_tests_name("through a container", tests, NULL, NULL);
}
