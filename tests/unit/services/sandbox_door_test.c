// fakes: workbench
#include "services/sandbox_door.h"

#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_workbench.h"
#include "io/json.h"
#include "io/lock_file.h"
#include "services/dbt_memo.h"
#include "services/sandbox.h"
#include "services/sandbox_live.h"
#include "support/seed_project.h"

static int set_up(void **state) {
    if (seed_project_setup(state) != 0) return -1;
    SeedProject *shop = *state;
    SeedReport report;
    fake_workbench = (FakeWorkbench){.hides_locks = true};
    shop->project.config.runtime = RUNTIME_DOCKER;
    seed_project_write(shop, "seeds/orders.csv", "id,name\n1,Ann\n2,\n");
    return sandbox_seed(&shop->ctx, &shop->project, &report, &shop->err) ? 0 : -1;
}

#define test_with_door(function) cmocka_unit_test_setup_teardown(function, set_up, seed_project_drop)

// What a query says, as one text: rows as table and as data, or everything of the error.
static const char *say(SeedProject *shop, const char *sql, bool allows_writing) {
    Result result = {0};
    Error err = {.arena = shop->arena};
    Text text = {.arena = shop->arena};
    if (!sandbox_query(&shop->ctx, &shop->project, sql, allows_writing, &result, &err)) {
        return arena_format(shop->arena, "%s|%s|%s|%s", error_code_name(err.code), err.message, err.hint == NULL ? "" : err.hint,
                            err.detail == NULL ? "" : err.detail);
    }
    text_append_format(&text, "%s|%s", json_print(shop->arena, result.data), result.text == NULL ? "" : result.text);
    if (result.table == NULL) return text_string(&text);
    list_each(const TableColumn, column, &result.table->columns) {
        text_append_format(&text, "|%s %d", column->title, (int)column->alignment);
    }
    list_each(const StringList, row, &result.table->rows) {
        text_append_format(&text, "|%s", text_join(shop->arena, row, ","));
    }
    return text_string(&text);
}

static const char *say_here(SeedProject *shop, const char *sql, bool allows_writing) {
    fake_workbench.hides_locks = false;
    const char *said = say(shop, sql, allows_writing);
    fake_workbench.hides_locks = true;
    return said;
}

static void the_door_is_for_containers_whose_locks_do_not_cross(void **state) {
    SeedProject *shop = *state;
    assert_true(sandbox_door_is_needed(&shop->ctx, &shop->project));
    fake_workbench.hides_locks = false;
    assert_false(sandbox_door_is_needed(&shop->ctx, &shop->project));
    fake_workbench.hides_locks = true;
    shop->project.config.runtime = RUNTIME_NATIVE;
    assert_false(sandbox_door_is_needed(&shop->ctx, &shop->project));
}

static void reading_says_the_same_either_way(void **state) {
    static const char *const queries[] = {
        "SELECT * FROM orders ORDER BY id",
        "SELECT id, id FROM orders WHERE id < 0",
        "SELECT 9223372036854775807 AS big, -9223372036854775808 AS small, 0.1 + 0.2 AS sum, 1e300 * 1e300 AS huge, -0.0 AS zero",
        "SELECT 2.50, 1e20, 123456789012345.678, NULL, '', 'a\"b\nc', 'größer', x'416243'",
        "SELECT 'before' || char(0) || 'after'",
        "SELECT ?, ?2, :name",
        "VALUES (1), ('two')",
        "PRAGMA table_info(orders)",
        "EXPLAIN QUERY PLAN DELETE FROM orders",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT sum(i), count(*) FROM n",
        "SELECT id FROM orders WHERE id = 1 -- and no more",
        "BEGIN",
        "",
        "  -- nothing\n /* at all */ ;",
        "SELECT 1; SELECT 2",
        "SELECT * FROM nowhere",
        "SELECT nothing FROM orders",
        "SELEC 1",
        "SELECT abs('x', 2)",
        "SELECT 1 FROM orders WHERE\n  abs(-9223372036854775808) > 0",
        "DELETE FROM orders",
        "DELETE FROM nowhere",
        "CREATE TABLE mine(x)",
        "CREATE TEMP TABLE mine(x)",
        "PRAGMA user_version = 5",
        "WITH n AS (SELECT 1) INSERT INTO orders SELECT 1, 'x' FROM n",
    };
    SeedProject *shop = *state;
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        int before = fake_workbench.programs;
        assert_string_equal(say(shop, queries[i], false), say_here(shop, queries[i], false));
        assert_int_equal(fake_workbench.programs, before + 1);
    }
}

static void writing_does_the_same_either_way(void **state) {
    static const char *const statements[] = {
        "CREATE TABLE mine(x UNIQUE)",       "INSERT INTO mine VALUES (1), (2.5), ('three')",
        "INSERT INTO mine VALUES (1)",       "INSERT INTO mine VALUES (7) RETURNING x, x + 1",
        "UPDATE mine SET x = x WHERE x < 3", "DELETE FROM mine WHERE x = 99",
        "SELECT x FROM mine ORDER BY x",     "DROP TABLE mine",
        "INSERT INTO mine VALUES (1)",
    };
    SeedProject *shop = *state;
    const size_t count = sizeof statements / sizeof *statements;
    const char *inside[sizeof statements / sizeof *statements];
    for (size_t i = 0; i < count; i++) inside[i] = say(shop, statements[i], true);
    // The last statements took everything back.
    for (size_t i = 0; i < count; i++) assert_string_equal(inside[i], say_here(shop, statements[i], true));
}

static void a_broken_database_says_the_same_either_way(void **state) {
    SeedProject *shop = *state;
    seed_project_write(shop, ".devbox/sandbox.db", "this is no database at all, though it has some length");
    const char *said = say(shop, "SELECT 1", false);
    assert_non_null(strstr(said, "file is not a database"));
    assert_string_equal(said, say_here(shop, "SELECT 1", false));
}

static void check_answer(SeedProject *shop, const char *program, ErrorCode code, const char *part) {
    fake_workbench.program = program;
    const char *said = say(shop, "SELECT 1", false);
    if (!text_starts_with(said, error_code_name(code)) || strstr(said, part) == NULL) fail_msg("%s", said);
}

static void an_end_without_an_answer_is_an_error(void **state) {
    SeedProject *shop = *state;
    check_answer(shop, "echo Traceback >&2; exit 1", ERROR_CHILD, "Traceback");
    check_answer(shop, "echo '{\"rows\": ['", ERROR_CHILD, "gave no answer");
    check_answer(shop, "kill -9 $$", ERROR_CHILD, "gave no answer");
    shop->ctx.timeout_ms = 300;
    check_answer(shop, "sleep 20", ERROR_TIMEOUT, "did not answer within");
}

static void without_an_engine_nothing_is_opened(void **state) {
    SeedProject *shop = *state;
    SeedReport report;
    fake_workbench.failure = ERROR_RUNTIME_MISSING;
    assert_string_equal(
        say(shop, "SELECT 1", false),
        "RUNTIME_MISSING|the sandbox database is reached through a container here: no container engine answers||");
    assert_false(sandbox_seed(&shop->ctx, &shop->project, &report, &shop->err));
    assert_int_equal(shop->err.code, ERROR_RUNTIME_MISSING);
}

static void more_rows_than_come_out_of_a_container_are_refused(void **state) {
    SeedProject *shop = *state;
    const char *said = say(shop,
                           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)"
                           " SELECT printf('%.*c', 500000, 'x') FROM n",
                           false);
    assert_non_null(strstr(said, "more than 16 MB"));
    assert_non_null(strstr(said, "LIMIT"));
}

// --- changes --------------------------------------------------------------------------------------------------------------

typedef struct Lister {
    SeedProject *shop;
    int asked, meddles;  // somebody makes a table this often after we were asked
    const char *sql;
} Lister;

static bool list_statements(void *state, const CatalogEntryList *entries, SqlStatementList *statements, Error *err) {
    Lister *lister = state;
    (void)entries;
    (void)err;
    if (lister->asked++ < lister->meddles) {
        Database *db = seed_project_open(lister->shop, ".devbox/sandbox.db");
        const char *sql = arena_format(lister->shop->arena, "CREATE TABLE meddled_%d(x)", lister->asked);
        assert_true(database_execute(db, sql, &lister->shop->err));
        database_close(db);
    }
    sql_statements_add(lister->shop->arena, statements, "CREATE TABLE made(x)", NULL, 0);
    if (lister->sql != NULL) sql_statements_add(lister->shop->arena, statements, lister->sql, NULL, 0);
    return true;
}

static bool change(SeedProject *shop, Lister *lister) {
    SandboxLive live = {
        .ctx = &shop->ctx, .project = &shop->project, .path = sandbox_path(shop->arena, &shop->project), .is_behind_door = true};
    const char *attached = seed_project_path(shop, ".devbox/other.db");
    database_close(seed_project_open(shop, ".devbox/other.db"));
    lister->shop = shop;
    return sandbox_live_change(&live, attached, list_statements, lister, &shop->err);
}

static void a_change_is_decided_again_when_tables_changed_meanwhile(void **state) {
    SeedProject *shop = *state;
    Lister lister = {.meddles = 2};
    assert_true(change(shop, &lister));
    assert_int_equal(lister.asked, 3);
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT count(*) FROM made"), "0");
}

static void a_change_gives_up_when_tables_keep_changing(void **state) {
    SeedProject *shop = *state;
    Lister lister = {.meddles = 100};
    assert_false(change(shop, &lister));
    assert_int_equal(shop->err.code, ERROR_BUSY);
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT count(*) FROM sqlite_master WHERE name = 'made'"), "0");
}

static void a_change_that_fails_is_taken_back(void **state) {
    SeedProject *shop = *state;
    Lister lister = {.sql = "INSERT INTO nowhere VALUES (1)"};
    assert_false(change(shop, &lister));
    assert_int_equal(shop->err.code, ERROR_DATABASE);
    assert_non_null(strstr(shop->err.message, "sandbox.db refused a statement: no such table: nowhere"));
    assert_non_null(strstr(shop->err.detail, "INSERT INTO nowhere"));
    assert_string_equal(seed_project_ask_sandbox(shop, "SELECT count(*) FROM sqlite_master WHERE name = 'made'"), "0");
}

// --- copies ---------------------------------------------------------------------------------------------------------------

static void a_copy_is_whole_private_and_replaces_an_older_one(void **state) {
    SeedProject *shop = *state;
    const char *to = seed_project_path(shop, ".devbox/copy.db");
    Database *writer = seed_project_open(shop, ".devbox/sandbox.db");
    assert_true(database_execute(writer, "INSERT INTO orders VALUES (3, 'in the log')", &shop->err));
    seed_project_write(shop, ".devbox/copy.db", "an older one");
    seed_project_write(shop, ".devbox/copy.db-wal", "and its log");
    int before = fake_workbench.programs;
    assert_true(sandbox_backup(&shop->ctx, &shop->project, to, &shop->err));
    assert_int_equal(fake_workbench.programs, before + 1);
    database_close(writer);
    assert_int_equal(file_info(to).mode & 0777, 0600);
    Database *copy = seed_project_open(shop, ".devbox/copy.db");
    assert_string_equal(seed_project_ask(shop, copy, "SELECT count(*) FROM orders"), "3");
    database_close(copy);
}

static void a_copy_that_cannot_be_written_says_why(void **state) {
    SeedProject *shop = *state;
    assert_false(sandbox_backup(&shop->ctx, &shop->project, seed_project_path(shop, "nowhere/copy.db"), &shop->err));
    assert_int_equal(shop->err.code, ERROR_DATABASE);
    assert_non_null(strstr(shop->err.message, "cannot copy the sandbox database"));
    assert_non_null(strstr(shop->err.message, "nowhere/copy.db"));
}

static Value *ask_for_copy(SeedProject *shop) {
    Value *request = sandbox_door_request(shop->arena, "copy"), *files = value_array(shop->arena);
    static const char *const names[] = {"warehouse", "warehouse.wal"};
    for (size_t i = 0; i < 2; i++) {
        Value *pair = value_array(shop->arena);
        value_append(shop->arena, pair, value_string(shop->arena, seed_project_path(shop, names[i])));
        value_append(shop->arena, pair,
                     value_string(shop->arena, arena_format(shop->arena, "%s.copy", seed_project_path(shop, names[i]))));
        value_append(shop->arena, files, pair);
    }
    value_set_string(shop->arena, request, "lock", seed_project_path(shop, "lock"));
    value_set_integer(shop->arena, request, "lockMs", 200);
    value_set(shop->arena, request, "files", files);
    return request;
}

static void files_are_copied_while_nobody_has_dbts_lock(void **state) {
    SeedProject *shop = *state;
    Value *answer;
    char *content;
    int lock_fd = -1;
    seed_project_write(shop, "warehouse", "tables");
    assert_true(lock_file_take(&shop->ctx, seed_project_path(shop, "lock"), "dbt build", 1000, &lock_fd, &shop->err));
    assert_false(sandbox_door_ask(&shop->ctx, &shop->project, ask_for_copy(shop), &answer, &shop->err));
    assert_int_equal(shop->err.code, ERROR_BUSY);
    assert_non_null(strstr(shop->err.message, "dbt is busy"));
    assert_false(file_exists(seed_project_path(shop, "warehouse.copy")));
    close(lock_fd);
    assert_true(sandbox_door_ask(&shop->ctx, &shop->project, ask_for_copy(shop), &answer, &shop->err));
    assert_true(file_read(shop->arena, seed_project_path(shop, "warehouse.copy"), &content, NULL, &shop->err));
    assert_string_equal(content, "tables");
    assert_false(file_exists(seed_project_path(shop, "warehouse.wal.copy")));
}

static void what_dbt_built_is_not_remembered_behind_a_door(void **state) {
    SeedProject *shop = *state;
    const char *summary = NULL;
    shop->project.dbt_dir = seed_project_path(shop, "dbt");
    seed_project_write(shop, "dbt/dbt_project.yml", "name: shop\n");
    fake_workbench.hides_locks = false;
    assert_true(folder_create(shop->arena, seed_project_path(shop, ".devbox/dbt"), &shop->err));
    shop->ctx.executable = "/bin/sh";
    dbt_memo_remember(&shop->ctx, &shop->project, "all is built");
    assert_true(dbt_memo_matches(&shop->ctx, &shop->project, &summary));
    fake_workbench.hides_locks = true;
    assert_false(dbt_memo_matches(&shop->ctx, &shop->project, &summary));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_door(the_door_is_for_containers_whose_locks_do_not_cross),
        test_with_door(reading_says_the_same_either_way),
        test_with_door(writing_does_the_same_either_way),
        test_with_door(a_broken_database_says_the_same_either_way),
        test_with_door(an_end_without_an_answer_is_an_error),
        test_with_door(without_an_engine_nothing_is_opened),
        test_with_door(more_rows_than_come_out_of_a_container_are_refused),
        test_with_door(a_change_is_decided_again_when_tables_changed_meanwhile),
        test_with_door(a_change_gives_up_when_tables_keep_changing),
        test_with_door(a_change_that_fails_is_taken_back),
        test_with_door(a_copy_is_whole_private_and_replaces_an_older_one),
        test_with_door(a_copy_that_cannot_be_written_says_why),
        test_with_door(files_are_copied_while_nobody_has_dbts_lock),
        test_with_door(what_dbt_built_is_not_remembered_behind_a_door),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
