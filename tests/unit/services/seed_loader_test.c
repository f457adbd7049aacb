#include "services/seed_loader.h"

#include "base/text.h"
#include "model/event.h"
#include "support/seed_project.h"

static SeedFile seed_of(SeedProject *shop, const char *name) {
    return (SeedFile){.path = seed_project_path(shop, name), .shown = name, .table = "orders", .delimiter = ','};
}

// Loads the text as orders.csv into a new database, which the caller closes; NULL on an error.
static Database *load_seed(SeedProject *shop, const char *text, const SeedFile *file, SeedTable *table) {
    Database *db = seed_project_open(shop, "test.db");
    seed_project_write(shop, "orders.csv", text);
    if (seed_loader_load(&shop->ctx, db, file, table, &shop->err)) return db;
    database_close(db);
    return NULL;
}

static Database *load_text(SeedProject *shop, const char *text, SeedTable *table) {
    SeedFile file = seed_of(shop, "orders.csv");
    return load_seed(shop, text, &file, table);
}

// Loads the text and compares what the query answers.
static void check(SeedProject *shop, const char *text, const char *sql, const char *expected) {
    SeedTable table;
    Database *db = load_text(shop, text, &table);
    if (db == NULL) fail_msg("%s", shop->err.message);
    assert_string_equal(seed_project_ask(shop, db, sql), expected);
    database_close(db);
}

static void check_refused(SeedProject *shop, const char *text, const char *expected) {
    SeedTable table;
    assert_null(load_text(shop, text, &table));
    assert_string_equal(shop->err.message, expected);
    assert_int_equal(shop->err.code, ERROR_SEED);
    assert_non_null(shop->err.hint);
}

static void values_arrive_as_they_were_written(void **state) {
    check(*state, "id,zip,name\n1,02108,\"Smith, \"\"Al\"\"\"\r\n2,90210,\"two\nlines\"\n",
          "SELECT group_concat(id || '|' || zip || '|' || name, ';') FROM orders", "1|02108|Smith, \"Al\";2|90210|two\nlines");
}

static void nothing_is_null_and_empty_quotes_are_empty_text(void **state) {
    check(*state, "a,b\n,\"\"\n", "SELECT (a IS NULL) || '|' || (b = '') FROM orders", "1|1");
}

static void numbers_are_stored_as_numbers_and_the_rest_as_text(void **state) {
    check(*state, "a,b,c,d,e\n1,1.5,007,1.50,\n-2,,1,2,\n",
          "SELECT typeof(a) || ' ' || typeof(b) || ' ' || typeof(c) || ' ' || typeof(d) || ' ' || typeof(e) FROM orders",
          "integer real text text null");
}

static void another_delimiter_is_warned_of(void **state) {
    SeedProject *shop = *state;
    static const struct {
        const char *text, *warning;
    } files[] = {
        {"id;amount\n1;2\n", "orders.csv: the header has semicolons but no commas, so all of it becomes one column"},
        {"id\tamount\n1\t2\n", "orders.csv: the header has tabs but no commas, so all of it becomes one column"},
        {"\"id;amount\"\n1\n", NULL},
        {"id;amount,zip\n1,2\n", NULL},
        {"id\n1\n", NULL},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        SeedTable table;
        shop->notes.count = 0;
        Database *db = load_text(shop, files[i].text, &table);
        assert_non_null(db);
        database_close(db);
        assert_true(file_remove(shop->arena, seed_project_path(shop, "test.db"), &shop->err));
        assert_int_equal(shop->notes.count, files[i].warning != NULL);
        if (files[i].warning != NULL) assert_string_equal(shop->notes.items[0], files[i].warning);
    }
}

static void quoting_a_number_does_not_make_it_text(void **state) {
    check(*state, "\"id\"\n\"7\"\n", "SELECT typeof(id) FROM orders", "integer");
}

static void logical_types_are_remembered_while_dates_are_stored_as_text(void **state) {
    SeedTable table;
    Database *db = load_text(*state, "day,at,ok,n,x\n2024-01-02,2024-01-02 10:00:00,true,1,0.5\n", &table);
    assert_non_null(db);
    assert_string_equal(
        table.columns,
        "[{\"name\":\"day\",\"storage\":\"TEXT\",\"logical\":\"date\"},{\"name\":\"at\",\"storage\":\"TEXT\",\"logical\":"
        "\"timestamp\"},{\"name\":\"ok\",\"storage\":\"TEXT\",\"logical\":\"boolean\"},{\"name\":\"n\",\"storage\":"
        "\"INTEGER\",\"logical\":\"integer\"},{\"name\":\"x\",\"storage\":\"REAL\",\"logical\":\"real\"}]");
    assert_string_equal(table.definition, "(\"day\" TEXT,\"at\" TEXT,\"ok\" TEXT,\"n\" INTEGER,\"x\" REAL)");
    assert_string_equal(seed_project_ask(*state, db, "SELECT day FROM orders"), "2024-01-02");
    database_close(db);
}

static void names_with_quotes_and_blanks_become_columns(void **state) {
    check(*state, "\"a \"\"b\"\"\",select\n1,2\n", "SELECT \"a \"\"b\"\"\" + \"select\" FROM orders", "3");
}

static void a_header_alone_makes_an_empty_table(void **state) {
    SeedTable table;
    Database *db = load_text(*state, "id,name", &table);
    assert_non_null(db);
    assert_int_equal(table.rows, 0);
    assert_string_equal(seed_project_ask(*state, db, "SELECT count(*) FROM orders"), "0");
    database_close(db);
}

// Row counts around the size of one INSERT, each with the sum that tells lost and doubled rows.
static void every_row_arrives_whatever_the_batch(void **state) {
    static const int counts[] = {1, 99, 100, 101, 200, 1234};
    SeedProject *shop = *state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        Text text = {.arena = shop->arena};
        SeedTable table;
        text_append(&text, "id,note\n");
        for (int row = 1; row <= counts[i]; row++) text_append_format(&text, "%d,\"said \"\"%d\"\"\"\n", row, row);
        Database *db = load_text(shop, text_string(&text), &table);
        assert_non_null(db);
        assert_int_equal(table.rows, counts[i]);
        const char *expected =
            arena_format(shop->arena, "%d %d said \"%d\"", counts[i], counts[i] * (counts[i] + 1) / 2, counts[i]);
        assert_string_equal(
            seed_project_ask(
                shop, db,
                "SELECT count(*) || ' ' || sum(id) || ' ' || (SELECT note FROM orders ORDER BY id DESC LIMIT 1) FROM orders"),
            expected);
        database_close(db);
        assert_true(file_remove(shop->arena, seed_project_path(shop, "test.db"), &shop->err));
    }
}

// The first thousand rows say one thing, the last one another.
static void check_surprise(SeedProject *shop, const char *usual, const char *last, const char *expected) {
    Text text = {.arena = shop->arena};
    SeedTable table;
    text_append(&text, "id,value\n");
    for (int row = 1; row <= 1500; row++) text_append_format(&text, "%d,%s\n", row, row == 1450 ? last : usual);
    Database *db = load_text(shop, text_string(&text), &table);
    if (db == NULL) fail_msg("%s", shop->err.message);
    assert_int_equal(table.rows, 1500);
    assert_string_equal(seed_project_ask(shop, db, "SELECT count(*) || ' ' || sum(id) FROM orders"), "1500 1125750");
    const char *sql =
        "SELECT group_concat(DISTINCT typeof(value)) || ' ' || (SELECT value FROM orders WHERE id = 1450) FROM orders WHERE "
        "value <> ''";
    assert_string_equal(seed_project_ask(shop, db, sql), expected);
    database_close(db);
    assert_true(file_remove(shop->arena, seed_project_path(shop, "test.db"), &shop->err));
}

static void a_late_value_of_another_kind_changes_the_whole_column(void **state) {
    check_surprise(*state, "7", "n/a", "text n/a");
    check_surprise(*state, "7", "007", "text 007");
    check_surprise(*state, "7", "1.5", "real 1.5");
    check_surprise(*state, "", "42", "integer 42");
    check_surprise(*state, "2.5", "1.50", "text 1.50");
    check_surprise(*state, "x", "1", "text 1");
    check_surprise(*state, "5.0", "3", "text 3");
}

static const char *wide_text(Arena *arena, int columns) {
    Text text = {.arena = arena};
    for (int i = 0; i < columns; i++) text_append_format(&text, "%sc%d", i == 0 ? "" : ",", i);
    text_append_char(&text, '\n');
    for (int row = 0; row < 40; row++) {
        for (int i = 0; i < columns; i++) text_append(&text, i == 0 ? "1" : ",1");
        text_append_char(&text, '\n');
    }
    return text_string(&text);
}

static void two_thousand_columns_are_the_limit(void **state) {
    SeedProject *shop = *state;
    check(shop, wide_text(shop->arena, 2000), "SELECT sum(c0) || ' ' || sum(c1999) FROM orders", "40 40");
    check_refused(shop, arena_format(shop->arena, "%s", wide_text(shop->arena, 2001)),
                  "orders.csv:1: there are more than 2000 columns");
}

static void a_duplicate_column_name_is_an_error_in_any_case(void **state) {
    check_refused(*state, "id,name,ID\n", "orders.csv:1: columns 1 and 3 are both named ID");
}

static void an_empty_column_name_is_an_error(void **state) {
    check_refused(*state, "\n\nid,,x\n", "orders.csv:3: column 2 has no name");
}

static void an_empty_file_is_an_error(void **state) { check_refused(*state, "", "orders.csv:1: the file is empty"); }

static void broken_files_are_errors_with_their_line(void **state) {
    check_refused(*state, "a,b\n1,2\n3\n", "orders.csv:3: the header has 2 columns, this row has 1 value");
    check_refused(*state, "a,b\n1,\"x\n", "orders.csv:2: a quoted value begins here and never ends");
    check_refused(*state, "a\n\xff\n", "orders.csv:2: byte 1 of the line is not valid UTF-8");
}

static void a_missing_file_is_an_error(void **state) {
    SeedProject *shop = *state;
    SeedTable table;
    Database *db = seed_project_open(shop, "test.db");
    SeedFile file = seed_of(shop, "nowhere.csv");
    assert_false(seed_loader_load(&shop->ctx, db, &file, &table, &shop->err));
    assert_int_equal(shop->err.code, ERROR_FILE);
    database_close(db);
}

static void declared_types_win_over_inference(void **state) {
    SeedProject *shop = *state;
    SeedTable table;
    SeedFile file = seed_of(shop, "orders.csv");
    seed_file_declare(shop->arena, &file, (DeclaredColumn){.column = "ID", .type = TYPE_TEXT, .is_config = true});
    seed_file_declare(shop->arena, &file, (DeclaredColumn){.column = "amount", .type = TYPE_REAL});
    seed_file_declare(shop->arena, &file, (DeclaredColumn){.column = "nobody", .type = TYPE_REAL});
    Database *db = load_seed(shop, "id,amount\n7,1.50\n8,\n", &file, &table);
    assert_non_null(db);
    assert_string_equal(seed_project_ask(shop, db, "SELECT typeof(id) || ' ' || typeof(amount) || ' ' || amount FROM orders"),
                        "text real 1.5");
    database_close(db);
}

static void a_value_that_does_not_fit_its_declared_type_is_an_error_with_its_line(void **state) {
    SeedProject *shop = *state;
    SeedTable table;
    SeedFile file = seed_of(shop, "orders.csv");
    seed_file_declare(shop->arena, &file, (DeclaredColumn){.column = "id", .type = TYPE_INTEGER});
    assert_null(load_seed(shop, "note,id\n\"two\nlines\",1\nx,n/a\n", &file, &table));
    assert_string_equal(shop->err.message, "orders.csv:4: \"n/a\" is no integer, the type declared for id");
    assert_non_null(strstr(shop->err.hint, "orders.id"));
}

static void a_declared_column_that_is_not_there_is_an_error_with_the_nearest_name(void **state) {
    SeedProject *shop = *state;
    SeedTable table;
    SeedFile file = seed_of(shop, "orders.csv");
    seed_file_declare(shop->arena, &file, (DeclaredColumn){.column = "order_idd", .type = TYPE_TEXT, .is_config = true});
    assert_null(load_seed(shop, "order_id\n1\n", &file, &table));
    assert_int_equal(shop->err.code, ERROR_CONFIG);
    assert_string_equal(shop->err.hint, "Did you mean order_id?");
    file.declared.items[0].column = "zzzzzzzz";
    assert_null(load_seed(shop, "order_id\n1\n", &file, &table));
    assert_string_equal(shop->err.hint, "Its columns: head -1 orders.csv");
}

static void another_delimiter_is_obeyed(void **state) {
    SeedProject *shop = *state;
    SeedTable table;
    SeedFile file = seed_of(shop, "orders.csv");
    file.delimiter = ';';
    Database *db = load_seed(shop, "a;b\n1,5;2\n", &file, &table);
    assert_non_null(db);
    assert_string_equal(seed_project_ask(shop, db, "SELECT a || '|' || b FROM orders"), "1,5|2");
    database_close(db);
}

static void an_interrupt_ends_a_long_load(void **state) {
    SeedProject *shop = *state;
    volatile sig_atomic_t cancel = 1;
    SeedTable table;
    shop->ctx.cancel = &cancel;
    Text text = {.arena = shop->arena};
    for (int row = 0; row < 500; row++) text_append(&text, row == 0 ? "id\n" : "1\n");
    assert_null(load_text(shop, text_string(&text), &table));
    assert_int_equal(shop->err.code, ERROR_INTERRUPTED);
}

static void a_table_that_is_there_already_is_an_error(void **state) {
    SeedProject *shop = *state;
    SeedTable table;
    Database *db = seed_project_open(shop, "test.db");
    assert_true(database_execute(db, "CREATE TABLE orders(x)", &shop->err));
    database_close(db);
    assert_null(load_text(shop, "id\n1\n", &table));
    assert_int_equal(shop->err.code, ERROR_DATABASE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_seed_project(values_arrive_as_they_were_written),
        test_with_seed_project(nothing_is_null_and_empty_quotes_are_empty_text),
        test_with_seed_project(numbers_are_stored_as_numbers_and_the_rest_as_text),
        test_with_seed_project(another_delimiter_is_warned_of),
        test_with_seed_project(quoting_a_number_does_not_make_it_text),
        test_with_seed_project(logical_types_are_remembered_while_dates_are_stored_as_text),
        test_with_seed_project(names_with_quotes_and_blanks_become_columns),
        test_with_seed_project(a_header_alone_makes_an_empty_table),
        test_with_seed_project(every_row_arrives_whatever_the_batch),
        test_with_seed_project(a_late_value_of_another_kind_changes_the_whole_column),
        test_with_seed_project(two_thousand_columns_are_the_limit),
        test_with_seed_project(a_duplicate_column_name_is_an_error_in_any_case),
        test_with_seed_project(an_empty_column_name_is_an_error),
        test_with_seed_project(an_empty_file_is_an_error),
        test_with_seed_project(broken_files_are_errors_with_their_line),
        test_with_seed_project(a_missing_file_is_an_error),
        test_with_seed_project(declared_types_win_over_inference),
        test_with_seed_project(a_value_that_does_not_fit_its_declared_type_is_an_error_with_its_line),
        test_with_seed_project(a_declared_column_that_is_not_there_is_an_error_with_the_nearest_name),
        test_with_seed_project(another_delimiter_is_obeyed),
        test_with_seed_project(an_interrupt_ends_a_long_load),
        test_with_seed_project(a_table_that_is_there_already_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
