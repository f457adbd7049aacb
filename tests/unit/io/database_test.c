#include "io/database.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/text.h"
#include "support/world.h"

enum { BUSY_MS = 50 };

static Database *open_new(TestWorld *world, const char *name) {
    Database *db = NULL;
    bool is_open = database_open(world->arena, test_world_path(world, name), DATABASE_CREATE, BUSY_MS, &db, &world->err);
    if (!is_open) fail_msg("%s", world->err.message);
    return db;
}

static void must_execute(TestWorld *world, Database *db, const char *sql) {
    if (!database_execute(db, sql, &world->err)) fail_msg("%s\n%s", world->err.message, world->err.detail);
}

static int64_t must_query(TestWorld *world, Database *db, const char *sql) {
    int64_t integer;
    if (!database_query_integer(db, sql, -1, &integer, &world->err)) fail_msg("%s", world->err.message);
    return integer;
}

static void creating_makes_a_private_database_in_wal_mode(void **state) {
    TestWorld *world = *state;
    mode_t mask = umask(0);
    cleanup_database Database *db = open_new(world, "x.db");
    must_execute(world, db, "CREATE TABLE t (a)");
    umask(mask);
    const char *mode;
    assert_true(database_query_text(world->arena, db, "PRAGMA journal_mode", &mode, &world->err));
    assert_string_equal(mode, "wal");
    assert_int_equal(file_info(test_world_path(world, "x.db")).mode, 0600);
    assert_int_equal(file_info(test_world_path(world, "x.db-wal")).mode, 0600);
}

static void creating_an_existing_database_keeps_its_rows(void **state) {
    TestWorld *world = *state;
    {
        cleanup_database Database *db = open_new(world, "x.db");
        must_execute(world, db, "CREATE TABLE t (a); INSERT INTO t VALUES (7)");
    }
    cleanup_database Database *again = open_new(world, "x.db");
    assert_int_equal(must_query(world, again, "SELECT a FROM t"), 7);
}

static void check_not_opened(TestWorld *world, const char *path, DatabaseMode mode, const char *reason) {
    Database *db = NULL;
    assert_false(database_open(world->arena, path, mode, BUSY_MS, &db, &world->err));
    assert_null(db);
    assert_int_equal(world->err.code, ERROR_DATABASE);
    assert_string_equal(world->err.message, arena_format(world->arena, "cannot %s the database %s: %s",
                                                         mode == DATABASE_CREATE ? "create" : "open", path, reason));
}

static void opening_a_missing_database_is_an_error_and_makes_none(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_path(world, "missing.db");
    check_not_opened(world, path, DATABASE_READ, "No such file or directory");
    check_not_opened(world, path, DATABASE_WRITE, "No such file or directory");
    assert_false(file_exists(path));
    check_not_opened(world, test_world_path(world, "no/folder.db"), DATABASE_CREATE, "No such file or directory");
}

static void a_file_that_is_no_database_is_found_at_opening(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_write(world, "x.db",
                                        "this is text, and long enough for a database header to be read from it, "
                                        "or so one should think of a hundred bytes");
    check_not_opened(world, path, DATABASE_READ, "file is not a database");
    check_not_opened(world, path, DATABASE_WRITE, "file is not a database");
    Database *db = NULL;
    assert_false(database_open(world->arena, path, DATABASE_CREATE, BUSY_MS, &db, &world->err));
    assert_true(text_ends_with(world->err.message, "x.db: file is not a database"));
    assert_string_equal(world->err.hint,
                        arena_format(world->arena, "set it aside, and run the command again: mv '%s' '%s.broken'", path, path));
}

static void a_reader_cannot_write(void **state) {
    TestWorld *world = *state;
    cleanup_database Database *db = open_new(world, "x.db");
    must_execute(world, db, "CREATE TABLE t (a)");
    cleanup_database Database *reader = NULL;
    const char *path = test_world_path(world, "x.db");
    assert_true(database_open(world->arena, path, DATABASE_READ, BUSY_MS, &reader, &world->err));
    assert_false(database_execute(reader, "INSERT INTO t VALUES (1)", &world->err));
    assert_true(text_ends_with(world->err.message, "attempt to write a readonly database"));
    assert_true(text_starts_with(world->err.hint, "look at its owner"));
}

static void several_statements_run_and_the_failing_one_is_named(void **state) {
    TestWorld *world = *state;
    cleanup_database Database *db = open_new(world, "x.db");
    must_execute(world, db, "CREATE TABLE t (a UNIQUE); -- comment\n INSERT INTO t VALUES (1);;  \n SELECT * FROM t;\n");
    assert_false(database_execute(db, "INSERT INTO t VALUES (2);\n  INSERT INTO t\n  VALUES (1); DROP TABLE t", &world->err));
    assert_int_equal(world->err.code, ERROR_DATABASE);
    assert_true(text_ends_with(world->err.message, "/x.db refused a statement: UNIQUE constraint failed: t.a"));
    assert_string_equal(world->err.detail, "INSERT INTO t …\nSQLite 2067: constraint failed");
    assert_int_equal(must_query(world, db, "SELECT count(*) FROM t"), 2);
    assert_false(database_execute(db, "SELEC 1", &world->err));
    assert_true(text_ends_with(world->err.message, "near \"SELEC\": syntax error"));
}

static void a_long_statement_is_shortened_at_a_character(void **state) {
    TestWorld *world = *state;
    cleanup_database Database *db = open_new(world, "x.db");
    Text sql = {.arena = world->arena};
    text_append(&sql, "SELECT ");
    for (int i = 0; i < 300; i++) text_append(&sql, "é");
    assert_false(database_execute(db, text_string(&sql), &world->err));
    StringList lines = text_split_lines(world->arena, world->err.detail);
    assert_true(strlen(lines.items[0]) < 210);
    assert_true(text_ends_with(lines.items[0], "é …"));
}

static void parameters_are_bound_in_order_and_null_is_null(void **state) {
    TestWorld *world = *state;
    cleanup_database Database *db = open_new(world, "x.db");
    must_execute(world, db, "CREATE TABLE t (a TEXT, b TEXT)");
    const char *const parameters[] = {"O'Brien\"; --", NULL};
    assert_true(database_execute_with(db, "INSERT INTO t VALUES (?1, ?2)", parameters, 2, &world->err));
    const char *text;
    assert_true(database_query_text(world->arena, db, "SELECT a FROM t WHERE b IS NULL", &text, &world->err));
    assert_string_equal(text, "O'Brien\"; --");
    assert_false(database_execute_with(db, "INSERT INTO t VALUES (?1, 1)", parameters, 2, &world->err));
    assert_true(text_ends_with(world->err.message, "column index out of range"));
    assert_false(database_execute_with(db, "INSERT INTO missing VALUES (?1)", parameters, 1, &world->err));
    assert_true(text_ends_with(world->err.message, "no such table: missing"));
    assert_false(database_execute_with(db, "INSERT INTO t VALUES (abs(-9223372036854775808), ?1)", parameters, 1, &world->err));
    assert_true(text_ends_with(world->err.message, "integer overflow"));
}

static void a_statement_is_bound_stepped_and_run_again(void **state) {
    TestWorld *world = *state;
    cleanup_database Database *db = open_new(world, "x.db");
    must_execute(world, db, "CREATE TABLE t (i, r, s, n)");
    cleanup_statement Statement *insert = NULL;
    assert_true(statement_prepare(db, "INSERT INTO t VALUES (?1, ?2, ?3, ?4)", &insert, &world->err));
    for (int64_t i = 0; i < 3; i++) {
        bool has_row = true;
        statement_bind_integer(insert, 1, INT64_MAX - i);
        statement_bind_real(insert, 2, 0.5 + (double)i);
        statement_bind_text(insert, 3, "a\0b", 3);
        statement_bind_null(insert, 4);
        assert_true(statement_step(insert, &has_row, &world->err));
        assert_false(has_row);
        assert_true(statement_reset(insert, &world->err));
    }
    assert_int_equal(must_query(world, db, "SELECT count(*) FROM t WHERE length(CAST(s AS BLOB)) = 3 AND n IS NULL"), 3);
    assert_int_equal(must_query(world, db, "SELECT min(i) FROM t"), INT64_MAX - 2);
}

static void rows_tell_their_columns_kinds_and_values(void **state) {
    TestWorld *world = *state;
    cleanup_database Database *db = open_new(world, "x.db");
    cleanup_statement Statement *statement = NULL;
    bool has_row;
    assert_true(statement_prepare(db, "SELECT 9007199254740993 AS big, 1.5, 'text', x'4142', NULL", &statement, &world->err));
    assert_true(statement_step(statement, &has_row, &world->err));
    assert_true(has_row);
    static const ColumnKind kinds[] = {COLUMN_INTEGER, COLUMN_REAL, COLUMN_TEXT, COLUMN_BLOB, COLUMN_NULL};
    assert_int_equal(statement_column_count(statement), 5);
    for (int i = 0; i < 5; i++) assert_int_equal(statement_column_kind(statement, i), kinds[i]);
    assert_string_equal(statement_column_name(world->arena, statement, 0), "big");
    assert_int_equal(statement_column_integer(statement, 0), 9007199254740993);
    assert_true(statement_column_real(statement, 1) == 1.5);
    assert_string_equal(statement_column_text(world->arena, statement, 2), "text");
    assert_string_equal(statement_column_text(world->arena, statement, 3), "AB");
    assert_null(statement_column_text(world->arena, statement, 4));
    assert_true(statement_step(statement, &has_row, &world->err));
    assert_false(has_row);
}

static void a_failed_step_is_told_once(void **state) {
    TestWorld *world = *state;
    cleanup_database Database *db = open_new(world, "x.db");
    cleanup_statement Statement *insert = NULL;
    bool has_row;
    must_execute(world, db, "CREATE TABLE t (a NOT NULL)");
    assert_true(statement_prepare(db, "INSERT INTO t VALUES (?1)", &insert, &world->err));
    assert_false(statement_step(insert, &has_row, &world->err));
    assert_true(text_ends_with(world->err.message, "NOT NULL constraint failed: t.a"));
    assert_true(statement_reset(insert, &world->err));
    statement_bind_integer(insert, 9, 1);
    statement_bind_integer(insert, 1, 1);
    assert_false(statement_step(insert, &has_row, &world->err));
    assert_true(text_ends_with(world->err.message, "column index out of range"));
    assert_true(statement_reset(insert, &world->err));
    assert_true(statement_step(insert, &has_row, &world->err));
    assert_int_equal(must_query(world, db, "SELECT count(*) FROM t"), 1);
}

static void exactly_one_statement_is_prepared(void **state) {
    TestWorld *world = *state;
    cleanup_database Database *db = open_new(world, "x.db");
    Statement *statement = NULL;
    static const char *const none[] = {"", "  \n", "-- nothing", ";"};
    static const char *const more[] = {"SELECT 1; SELECT 2", "SELECT 1;;DROP TABLE x", "SELECT 1; nonsense"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_false(statement_prepare(db, none[i], &statement, &world->err));
        assert_true(text_ends_with(world->err.message, "takes one statement at a time, and this is none"));
    }
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        assert_false(statement_prepare(db, more[i], &statement, &world->err));
        assert_true(text_ends_with(world->err.message, "takes one statement at a time, and this is more"));
        assert_string_equal(world->err.detail, more[i]);
    }
    assert_null(statement);
    assert_true(statement_prepare(db, "SELECT 1; -- done\n ; ", &statement, &world->err));
    statement_finalize(statement);
    statement_finalize(NULL);
    database_close(NULL);
}

static void reading_statements_are_known(void **state) {
    TestWorld *world = *state;
    cleanup_database Database *db = open_new(world, "x.db");
    must_execute(world, db, "CREATE TABLE t (a)");
    static const struct {
        const char *sql;
        bool only_reads;
    } cases[] = {{"SELECT * FROM t", true},
                 {"EXPLAIN DELETE FROM t", true},
                 {"WITH x AS (SELECT 1) SELECT * FROM x", true},
                 {"DELETE FROM t", false},
                 {"DROP TABLE t", false},
                 {"INSERT INTO t VALUES (1) RETURNING a", false},
                 {"CREATE TABLE u (a)", false},
                 {"VACUUM", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cleanup_statement Statement *statement = NULL;
        assert_true(statement_prepare(db, cases[i].sql, &statement, &world->err));
        if (statement_is_read_only(statement) != cases[i].only_reads) fail_msg("%s", cases[i].sql);
    }
}

static void queries_fall_back_when_there_is_no_value(void **state) {
    TestWorld *world = *state;
    cleanup_database Database *db = open_new(world, "x.db");
    must_execute(world, db, "CREATE TABLE t (a)");
    int64_t integer = 5;
    const char *text = "old";
    assert_int_equal(must_query(world, db, "SELECT a FROM t"), -1);
    assert_int_equal(must_query(world, db, "SELECT max(a) FROM t"), -1);
    assert_true(database_query_text(world->arena, db, "SELECT a FROM t", &text, &world->err));
    assert_null(text);
    assert_false(database_query_integer(db, "SELECT b FROM t", 0, &integer, &world->err));
    assert_int_equal(integer, 5);
    assert_true(text_ends_with(world->err.message, "no such column: b"));
    text = "old";
    assert_false(database_query_text(world->arena, db, "SELECT b FROM t", &text, &world->err));
    assert_string_equal(text, "old");
    assert_false(database_query_integer(db, "SELECT abs(-9223372036854775808)", 0, &integer, &world->err));
    assert_false(database_query_text(world->arena, db, "SELECT abs(-9223372036854775808)", &text, &world->err));
}

static void names_become_identifiers_whatever_they_hold(void **state) {
    TestWorld *world = *state;
    assert_string_equal(database_quote_identifier(world->arena, "orders"), "\"orders\"");
    assert_string_equal(database_quote_identifier(world->arena, "a\"b"), "\"a\"\"b\"");
    assert_string_equal(database_quote_identifier(world->arena, ""), "\"\"");
    cleanup_database Database *db = open_new(world, "x.db");
    const char *name = database_quote_identifier(world->arena, "x\"; DROP TABLE y; --");
    must_execute(world, db, arena_format(world->arena, "CREATE TABLE %s (a)", name));
    assert_int_equal(must_query(world, db, "SELECT count(*) FROM sqlite_schema"), 1);
}

static void a_locked_database_is_waited_for_and_then_said(void **state) {
    TestWorld *world = *state;
    cleanup_database Database *first = open_new(world, "x.db");
    cleanup_database Database *second = open_new(world, "x.db");
    must_execute(world, first, "CREATE TABLE t (a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)");
    assert_int_equal(must_query(world, second, "SELECT count(*) FROM t"), 0);
    assert_false(database_execute(second, "BEGIN IMMEDIATE", &world->err));
    assert_true(text_ends_with(world->err.message, "database is locked"));
    assert_true(text_starts_with(world->err.hint, "another program is writing to it"));
    must_execute(world, first, "COMMIT");
    must_execute(world, second, "BEGIN IMMEDIATE; INSERT INTO t VALUES (2); COMMIT");
    assert_int_equal(must_query(world, first, "SELECT count(*) FROM t"), 2);
}

static void a_full_disk_comes_with_a_hint(void **state) {
    TestWorld *world = *state;
    cleanup_database Database *db = open_new(world, "x.db");
    must_execute(world, db, "CREATE TABLE t (a); PRAGMA max_page_count = 3");
    assert_false(database_execute(db, "INSERT INTO t VALUES (randomblob(50000))", &world->err));
    assert_true(text_ends_with(world->err.message, "database or disk is full"));
    assert_true(text_starts_with(world->err.hint, "free some disk space"));
}

static void closing_rolls_back_what_was_not_committed(void **state) {
    TestWorld *world = *state;
    {
        cleanup_database Database *db = open_new(world, "x.db");
        must_execute(world, db, "CREATE TABLE t (a); BEGIN; INSERT INTO t VALUES (1)");
    }
    cleanup_database Database *db = open_new(world, "x.db");
    assert_int_equal(must_query(world, db, "SELECT count(*) FROM t"), 0);
    assert_false(file_exists(test_world_path(world, "x.db-journal")));
}

static void many_processes_create_one_database_at_once(void **state) {
    TestWorld *world = *state;
    enum { PROCESSES = 6 };
    pid_t children[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] != 0) continue;
        Database *db = NULL;
        const char *path = test_world_path(world, "x.db");
        bool is_done = database_open(world->arena, path, DATABASE_CREATE, 5000, &db, &world->err) &&
                       database_execute(db, "CREATE TABLE IF NOT EXISTS t (a); INSERT INTO t VALUES (1)", &world->err);
        if (!is_done) fprintf(stderr, "%s\n", world->err.message);
        database_close(db);
        _exit(is_done ? 0 : 1);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    cleanup_database Database *db = open_new(world, "x.db");
    assert_int_equal(must_query(world, db, "SELECT count(*) FROM t"), PROCESSES);
}

static int64_t rows_of_copy(TestWorld *world, const char *name) {
    cleanup_database Database *copy = NULL;
    const char *path = test_world_path(world, name);
    if (!database_open(world->arena, path, DATABASE_READ, BUSY_MS, &copy, &world->err)) fail_msg("%s", world->err.message);
    return must_query(world, copy, "SELECT count(*) FROM t");
}

static void a_backup_of_a_live_database_holds_what_was_committed(void **state) {
    TestWorld *world = *state;
    const char *from = test_world_path(world, "x.db"), *to = test_world_path(world, "copy.db");
    cleanup_database Database *db = open_new(world, "x.db");
    must_execute(world, db, "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2); BEGIN; INSERT INTO t VALUES (3)");
    assert_true(database_backup(world->arena, from, to, &world->err));
    assert_int_equal(rows_of_copy(world, "copy.db"), 2);
    assert_int_equal(file_info(to).mode, 0600);
    must_execute(world, db, "COMMIT");
    assert_true(database_backup(world->arena, from, to, &world->err));
    assert_int_equal(rows_of_copy(world, "copy.db"), 3);
}

static void a_backup_goes_into_a_database_that_others_have_open(void **state) {
    TestWorld *world = *state;
    cleanup_database Database *live = open_new(world, "live.db");
    must_execute(world, live, "CREATE TABLE t (a); CREATE TABLE other (b)");
    {
        cleanup_database Database *snapshot = open_new(world, "snapshot.db");
        must_execute(world, snapshot, "CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    }
    const char *from = test_world_path(world, "snapshot.db"), *to = test_world_path(world, "live.db");
    assert_true(database_backup(world->arena, from, to, &world->err));
    assert_int_equal(must_query(world, live, "SELECT count(*) FROM t"), 1);
    assert_int_equal(must_query(world, live, "SELECT count(*) FROM sqlite_schema"), 1);
}

static void a_backup_that_fails_leaves_no_half_copy(void **state) {
    TestWorld *world = *state;
    const char *to = test_world_path(world, "copy.db");
    assert_false(database_backup(world->arena, test_world_path(world, "missing.db"), to, &world->err));
    assert_false(file_exists(to));
    const char *from = test_world_path(world, "x.db");
    {
        cleanup_database Database *db = open_new(world, "x.db");
        must_execute(world, db, "CREATE TABLE t (a); INSERT INTO t VALUES (randomblob(200000))");
    }
    assert_false(database_backup(world->arena, from, test_world_path(world, "no/copy.db"), &world->err));
    const char *text = test_world_write(world, "text",
                                        "no database, and so nothing that a backup should ever write over; "
                                        "long enough for a header of a hundred bytes");
    assert_false(database_backup(world->arena, from, text, &world->err));
    char *content;
    assert_true(file_read(world->arena, text, &content, NULL, &world->err));
    assert_true(text_starts_with(content, "no database"));
    // The last page of the source is cut off: the copy breaks half-way.
    assert_int_equal(truncate(from, file_info(from).size - 4096), 0);
    assert_false(database_backup(world->arena, from, to, &world->err));
    assert_non_null(strstr(world->err.message, "database disk image is malformed"));
    assert_false(file_exists(to));
}

static void a_backup_into_a_live_database_of_another_page_size_is_refused(void **state) {
    TestWorld *world = *state;
    const char *from = test_world_path(world, "wide.db"), *to = test_world_path(world, "live.db");
    cleanup_database Database *live = open_new(world, "live.db");
    must_execute(world, live, "CREATE TABLE t (a); INSERT INTO t VALUES (5)");
    {
        cleanup_database Database *wide = open_new(world, "wide.db");
        must_execute(world, wide, "PRAGMA journal_mode = DELETE; PRAGMA page_size = 8192; VACUUM; CREATE TABLE t (a)");
    }
    assert_false(database_backup(world->arena, from, to, &world->err));
    assert_true(
        text_starts_with(world->err.message, arena_format(world->arena, "cannot copy the database %s to %s: ", from, to)));
    assert_int_equal(must_query(world, live, "SELECT a FROM t"), 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_world(creating_makes_a_private_database_in_wal_mode),
        test_with_world(creating_an_existing_database_keeps_its_rows),
        test_with_world(opening_a_missing_database_is_an_error_and_makes_none),
        test_with_world(a_file_that_is_no_database_is_found_at_opening),
        test_with_world(a_reader_cannot_write),
        test_with_world(several_statements_run_and_the_failing_one_is_named),
        test_with_world(a_long_statement_is_shortened_at_a_character),
        test_with_world(parameters_are_bound_in_order_and_null_is_null),
        test_with_world(a_statement_is_bound_stepped_and_run_again),
        test_with_world(rows_tell_their_columns_kinds_and_values),
        test_with_world(a_failed_step_is_told_once),
        test_with_world(exactly_one_statement_is_prepared),
        test_with_world(reading_statements_are_known),
        test_with_world(queries_fall_back_when_there_is_no_value),
        test_with_world(names_become_identifiers_whatever_they_hold),
        test_with_world(a_locked_database_is_waited_for_and_then_said),
        test_with_world(a_full_disk_comes_with_a_hint),
        test_with_world(closing_rolls_back_what_was_not_committed),
        test_with_world(many_processes_create_one_database_at_once),
        test_with_world(a_backup_of_a_live_database_holds_what_was_committed),
        test_with_world(a_backup_goes_into_a_database_that_others_have_open),
        test_with_world(a_backup_that_fails_leaves_no_half_copy),
        test_with_world(a_backup_into_a_live_database_of_another_page_size_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
