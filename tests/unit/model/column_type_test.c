#include "model/column_type.h"

#include "support/test.h"

// The type inferred from values separated by '|'.
static const char *infer(const char *values) {
    ColumnGuess guess = {0};
    for (const char *value = values;; value++) {
        size_t length = strcspn(value, "|");
        column_guess_observe(&guess, value, length);
        value += length;
        if (*value == '\0') return column_type_name(column_guess_conclude(&guess));
    }
}

static void whole_numbers_are_integers(void **state) {
    (void)state;
    assert_string_equal(infer("0|1|-7|123456"), "integer");
    assert_string_equal(infer("9223372036854775807|-9223372036854775808"), "integer");
}

static void numbers_that_are_not_written_canonically_stay_text(void **state) {
    (void)state;
    static const char *const kept[] = {
        "007", "1e5", "+1",   "1_000", "1.50", "-0",   "-0.0", "1,5", " 1",    "1 ",   "0x10", "9223372036854775808",
        "1.",  ".5",  "01.5", "-",     "-.5",  "1.00", "nan",  "inf", "1.5e3", "0.00", "--1",  "02108"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) assert_string_equal(infer(kept[i]), "text");
}

static void one_odd_value_makes_the_whole_column_text(void **state) {
    (void)state;
    assert_string_equal(infer("10001|02108|90210"), "text");
    assert_string_equal(infer("1|2|n/a"), "text");
    assert_string_equal(infer("1|"), "text");
    assert_string_equal(infer("1|true"), "text");
}

static void decimals_are_real(void **state) {
    (void)state;
    assert_string_equal(infer("1.5|-0.25|19.28"), "real");
    assert_string_equal(infer("5|1.5|0"), "real");
    assert_string_equal(infer("5.0|12.5"), "real");
    assert_string_equal(infer("3.141592653589793|0.1"), "real");
}

static void decimals_that_would_come_back_different_stay_text(void **state) {
    (void)state;
    assert_string_equal(infer("5|5.0"), "text");                  // both would be 5.0
    assert_string_equal(infer("3.1415926535897931234"), "text");  // more digits than a double has
    assert_string_equal(infer("0.1234567890123456789"), "text");
    assert_string_equal(infer("1234567890123456789|0.5"), "text");  // 2^53 and beyond
    assert_string_equal(infer("123456789012345678901234567890.5"), "text");
}

static void dates_must_exist(void **state) {
    (void)state;
    assert_string_equal(infer("2024-02-29|1999-12-31"), "date");
    static const char *const kept[] = {"2023-02-29", "2024-13-01", "2024-00-10", "2024-04-31",  "24-01-01",   "2024/01/01",
                                       "2024-1-1",   "0000-01-01", "1900-02-29", "2024-01-01x", "01.02.2024", "2024-01-00"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) assert_string_equal(infer(kept[i]), "text");
    assert_string_equal(infer("2000-02-29"), "date");
}

static void iso_timestamps_are_timestamps(void **state) {
    (void)state;
    assert_string_equal(infer("2024-01-02 18:31:45|2024-01-02T18:31|2024-01-02T18:31:45.123456"), "timestamp");
    assert_string_equal(infer("2024-01-02T18:31:45Z|2024-01-02 18:31:45+00:00|2024-01-02 18:31:45+00|2024-01-02 18:31:45+0000"),
                        "timestamp");
}

static void timestamps_that_a_cast_would_change_stay_text(void **state) {
    (void)state;
    static const char *const kept[] = {"2024-01-02 18:31:45+02:00", "2024-01-02 18:31:45.1234567", "2024-01-02 24:00:00",
                                       "2024-01-02 10:60",          "2024-01-02 10:00:60",         "2024-01-02 10:00:00.",
                                       "2024-01-02 10:0",           "2024-01-02x10:00:00",         "2024-02-30 10:00:00",
                                       "2024-01-02 10:00:00 UTC",   "2024-01-02 10-00-00-xx",      "2024-01-02 10:00:"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) assert_string_equal(infer(kept[i]), "text");
    assert_string_equal(infer("2024-01-02|2024-01-02 10:00"), "text");
}

static void true_and_false_in_any_case_are_booleans(void **state) {
    (void)state;
    assert_string_equal(infer("true|FALSE|True"), "boolean");
    assert_string_equal(infer("t|f"), "text");
    assert_string_equal(infer("yes|no"), "text");
    assert_string_equal(infer("true|truer"), "text");
    assert_string_equal(infer("0|1"), "integer");
}

static void a_column_without_values_is_text(void **state) {
    (void)state;
    ColumnGuess guess = {0};
    assert_int_equal(column_guess_conclude(&guess), TYPE_TEXT);
    assert_string_equal(infer(""), "text");
}

static void declared_types_accept_more_forms_than_inference(void **state) {
    (void)state;
    assert_true(column_type_accepts(TYPE_INTEGER, "007", 3));
    assert_true(column_type_accepts(TYPE_INTEGER, "+7", 2));
    assert_true(column_type_accepts(TYPE_REAL, "1.50", 4));
    assert_true(column_type_accepts(TYPE_REAL, "1e5", 3));
    assert_true(column_type_accepts(TYPE_REAL, "-0", 2));
    assert_true(column_type_accepts(TYPE_BOOLEAN, "1", 1));
    assert_true(column_type_accepts(TYPE_BOOLEAN, "T", 1));
    assert_true(column_type_accepts(TYPE_TIMESTAMP, "2024-01-02", 10));
    assert_true(column_type_accepts(TYPE_DATE, "2024-01-02", 10));
    assert_true(column_type_accepts(TYPE_TEXT, "", 0));
}

static void declared_types_refuse_what_does_not_fit(void **state) {
    (void)state;
    assert_false(column_type_accepts(TYPE_INTEGER, "1.5", 3));
    assert_false(column_type_accepts(TYPE_INTEGER, "", 0));
    assert_false(column_type_accepts(TYPE_INTEGER, "-", 1));
    assert_false(column_type_accepts(TYPE_INTEGER, "99999999999999999999", 20));
    assert_false(column_type_accepts(TYPE_REAL, "nan", 3));
    assert_false(column_type_accepts(TYPE_REAL, "1e999", 5));
    assert_false(column_type_accepts(TYPE_REAL, "1e", 2));
    assert_false(column_type_accepts(TYPE_REAL, ".", 1));
    assert_false(column_type_accepts(TYPE_REAL, "0x1p3", 5));
    assert_false(column_type_accepts(TYPE_BOOLEAN, "maybe", 5));
    assert_false(column_type_accepts(TYPE_BOOLEAN, "\0", 1));
    assert_false(column_type_accepts(TYPE_DATE, "2024-1-2", 8));
    assert_false(column_type_accepts(TYPE_TIMESTAMP, "2024-01-02 18:31:45+02:00", 25));
}

static void numbers_convert_exactly(void **state) {
    (void)state;
    int64_t integer = 5;
    double real = 0;
    assert_true(column_type_to_integer("-9223372036854775808", 20, &integer));
    assert_true(integer == INT64_MIN);
    assert_false(column_type_to_integer("-9223372036854775809", 20, &integer));
    static const char *const decimals[] = {
        "0.1", "19.28", "-123456.789", "0.000000000000001", "999999999999999", "3.141592653589793", "1e-7", "+2.5"};
    for (size_t i = 0; i < sizeof decimals / sizeof *decimals; i++) {
        assert_true(column_type_to_real(decimals[i], strlen(decimals[i]), &real));
        assert_true(real == strtod(decimals[i], NULL));
    }
}

static const char *from_sql(const char *sql) {
    ColumnType type = TYPE_COUNT;
    return column_type_from_sql(sql, &type) ? column_type_name(type) : "none";
}

static void sql_types_of_dbt_are_understood(void **state) {
    (void)state;
    assert_string_equal(from_sql("varchar(5)"), "text");
    assert_string_equal(from_sql("character varying"), "text");
    assert_string_equal(from_sql("BIGINT"), "integer");
    assert_string_equal(from_sql("numeric(10,2)"), "real");
    assert_string_equal(from_sql("numeric"), "real");
    assert_string_equal(from_sql("NUMBER(38, 0)"), "integer");
    assert_string_equal(from_sql("double precision"), "real");
    assert_string_equal(from_sql("timestamp with time zone"), "timestamp");
    assert_string_equal(from_sql("timestamp(6)"), "timestamp");
    assert_string_equal(from_sql("date"), "date");
    assert_string_equal(from_sql("bool"), "boolean");
    assert_string_equal(from_sql("jsonb"), "text");
    assert_string_equal(from_sql("integers"), "text");
    assert_string_equal(from_sql("{{ 'int' if x else 'text' }}"), "none");
    assert_string_equal(from_sql(" "), "none");
}

static void type_names_are_read_and_stored_as_sqlite_knows_them(void **state) {
    (void)state;
    ColumnType type = TYPE_TEXT;
    assert_true(column_type_from_name("Integer", &type));
    assert_int_equal(type, TYPE_INTEGER);
    assert_false(column_type_from_name("int", &type));
    assert_string_equal(column_type_storage(TYPE_INTEGER), "INTEGER");
    assert_string_equal(column_type_storage(TYPE_REAL), "REAL");
    assert_string_equal(column_type_storage(TYPE_DATE), "TEXT");
    assert_string_equal(column_type_storage(TYPE_BOOLEAN), "TEXT");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_are_integers),
        cmocka_unit_test(numbers_that_are_not_written_canonically_stay_text),
        cmocka_unit_test(one_odd_value_makes_the_whole_column_text),
        cmocka_unit_test(decimals_are_real),
        cmocka_unit_test(decimals_that_would_come_back_different_stay_text),
        cmocka_unit_test(dates_must_exist),
        cmocka_unit_test(iso_timestamps_are_timestamps),
        cmocka_unit_test(timestamps_that_a_cast_would_change_stay_text),
        cmocka_unit_test(true_and_false_in_any_case_are_booleans),
        cmocka_unit_test(a_column_without_values_is_text),
        cmocka_unit_test(declared_types_accept_more_forms_than_inference),
        cmocka_unit_test(declared_types_refuse_what_does_not_fit),
        cmocka_unit_test(numbers_convert_exactly),
        cmocka_unit_test(sql_types_of_dbt_are_understood),
        cmocka_unit_test(type_names_are_read_and_stored_as_sqlite_knows_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
