#include "model/csv.h"

#include "base/text.h"
#include "support/test.h"

enum { CAPACITY = 8 };

static CsvReader open_text(const char *text) { return csv_reader(text, strlen(text), ',', "orders.csv"); }

// Reads one record and joins its values with '|'; NULL shows as <null>. NULL at the end, the message on an error.
static const char *read_joined(Arena *arena, CsvReader *reader) {
    CsvField fields[CAPACITY];
    size_t count = 0;
    Error err = {.arena = arena};
    if (!csv_read(reader, fields, CAPACITY, &count, &err)) return err.message;
    if (count == 0) return NULL;
    Text joined = {.arena = arena};
    for (size_t i = 0; i < count; i++) {
        char *value = arena_allocate(arena, fields[i].length + 1);
        if (i > 0) text_append_char(&joined, '|');
        text_append(&joined, fields[i].kind == CSV_NULL ? "<null>" : (csv_copy_value(&fields[i], value), value));
    }
    return text_string(&joined);
}

static void check_first(void **state, const char *text, const char *expected) {
    CsvReader reader = open_text(text);
    const char *joined = read_joined(*state, &reader);
    if (expected == NULL)
        assert_null(joined);
    else
        assert_string_equal(joined, expected);
}

static const char *read_until_error(Arena *arena, const char *text, size_t columns) {
    CsvReader reader = open_text(text);
    reader.expected_columns = columns;
    for (;;) {
        const char *joined = read_joined(arena, &reader);
        if (joined == NULL || text_starts_with(joined, "orders.csv:")) return joined;
    }
}

static void plain_values_stand_as_they_are(void **state) { check_first(state, "a, b ,c\n", "a| b |c"); }

static void an_empty_value_is_null_and_an_empty_quoted_one_is_not(void **state) {
    check_first(state, ",\"\",x", "<null>||x");
    check_first(state, "a,", "a|<null>");
}

static void quotes_protect_delimiters_line_ends_and_doubled_quotes(void **state) {
    check_first(state, "\"a,b\",\"two\nlines\",\"say \"\"hi\"\"\"\r\n", "a,b|two\nlines|say \"hi\"");
    check_first(state, "\"\"\"\",x", "\"|x");
}

static void records_end_at_lf_crlf_cr_and_at_the_end_of_the_file(void **state) {
    CsvReader reader = open_text("a,1\nb,2\r\nc,3\rd,4");
    assert_string_equal(read_joined(*state, &reader), "a|1");
    assert_string_equal(read_joined(*state, &reader), "b|2");
    assert_string_equal(read_joined(*state, &reader), "c|3");
    assert_string_equal(read_joined(*state, &reader), "d|4");
    assert_null(read_joined(*state, &reader));
    assert_null(read_joined(*state, &reader));
}

static void a_byte_order_mark_is_no_part_of_the_first_name(void **state) {
    check_first(state, "\xef\xbb\xbfid,name\n", "id|name");
}

static void blank_lines_are_skipped_and_nothing_gives_nothing(void **state) {
    check_first(state, "\n\r\n\na,b\n", "a|b");
    check_first(state, "", NULL);
    check_first(state, "\n\n", NULL);
    assert_null(read_until_error(*state, "id\n1\n\n2\n", 1));
}

static void values_longer_than_a_vector_are_found_whole(void **state) {
    check_first(state, "0123456789abcdef0123456789abcdef0123,x\n", "0123456789abcdef0123456789abcdef0123|x");
    check_first(state, "0123456789abcde,0123456789abcdef\n", "0123456789abcde|0123456789abcdef");
}

static void another_delimiter_leaves_commas_alone(void **state) {
    CsvReader reader = csv_reader("a,b;c\n", 6, ';', "orders.csv");
    assert_string_equal(read_joined(*state, &reader), "a,b|c");
}

static void reading_can_start_again_at_a_record(void **state) {
    CsvReader reader = open_text("a\nb\n");
    read_joined(*state, &reader);
    const char *body = reader.position;
    assert_string_equal(read_joined(*state, &reader), "b");
    csv_seek(&reader, body);
    assert_string_equal(read_joined(*state, &reader), "b");
}

static void a_row_with_too_few_values_is_an_error_with_its_physical_line(void **state) {
    assert_string_equal(read_until_error(*state, "a,b\n\"x\ny\",1\nlonely\n", 2),
                        "orders.csv:4: the header has 2 columns, this row has 1 value");
    assert_string_equal(read_until_error(*state, "a,b\r\n1,2\r\n\r\n3\r\n", 2),
                        "orders.csv:4: the header has 2 columns, this row has 1 value");
}

static void a_row_with_too_many_values_is_an_error(void **state) {
    assert_string_equal(read_until_error(*state, "a,b\n1,2,3\n", 2),
                        "orders.csv:2: the header has 2 columns, this row has 3 values");
    Error err = {.arena = *state};
    CsvField field;
    size_t count = 7;
    CsvReader reader = open_text("a\n1,2\n");
    reader.expected_columns = 1;
    assert_true(csv_read(&reader, &field, 1, &count, &err));
    assert_int_equal(count, 1);
    assert_false(csv_read(&reader, &field, 1, &count, &err));
    assert_string_equal(err.message, "orders.csv:2: the header has 1 column, this row has at least 2 values");
    assert_int_equal(err.code, ERROR_SEED);
    assert_non_null(strstr(err.hint, "orders.csv:2"));
    assert_int_equal(count, 1);
}

static void more_columns_than_there_is_room_for_are_an_error(void **state) {
    assert_string_equal(read_until_error(*state, "1,2,3,4,5,6,7,8,9\n", 0), "orders.csv:1: there are more than 8 columns");
}

static void a_quote_that_never_closes_is_reported_where_it_opens(void **state) {
    assert_string_equal(read_until_error(*state, "a,b\n1,\"open\n2,3\n", 2),
                        "orders.csv:2: a quoted value begins here and never ends");
    assert_string_equal(read_until_error(*state, "\"", 0), "orders.csv:1: a quoted value begins here and never ends");
    assert_string_equal(read_until_error(*state, "a,\"b\"\"", 0), "orders.csv:1: a quoted value begins here and never ends");
}

static void text_behind_a_closing_quote_is_an_error(void **state) {
    assert_string_equal(read_until_error(*state, "a\n\"x\"y\n", 1),
                        "orders.csv:2: there is text behind the closing quote of a value");
    assert_string_equal(read_until_error(*state, "a\n\"x\n\ny\"z\n", 1),
                        "orders.csv:4: there is text behind the closing quote of a value that began 2 lines above");
}

static void a_quote_inside_a_plain_value_is_an_error(void **state) {
    assert_string_equal(read_until_error(*state, "a\n5\" pipe\n", 1),
                        "orders.csv:2: there is a quote inside a value that does not start with one");
}

static const char *check_text(Arena *arena, const char *bytes, size_t length) {
    Error err = {.arena = arena};
    CsvReader reader = csv_reader(bytes, length, ',', "orders.csv");
    return csv_check_text(&reader, &err) ? NULL : err.message;
}

static void valid_utf8_of_every_length_passes(void **state) {
    const char *text =
        "a,\xc3\xa9,\xe2\x82\xac,\xf0\x9f\x98\x80,\xed\x9f\xbf,\xf4\x8f\xbf\xbf,0123456789abcdef0123456789\xc3\xa9\n";
    assert_null(check_text(*state, text, strlen(text)));
    assert_null(check_text(*state, "0123456789abcde\xc3\xa9", 17));
}

static void invalid_utf8_is_an_error_with_its_line(void **state) {
    static const char *const bad[] = {"\x80",
                                      "\xc3",
                                      "\xc0\xaf",
                                      "\xe0\x80\xaf",
                                      "\xed\xa0\x80",
                                      "\xe2\x82",
                                      "\xf0\x80\x80\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xf0\x9f\x98",
                                      "\xff",
                                      "\xc3("};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *text = arena_format(*state, "0123456789abcdef\nline two %s", bad[i]);
        assert_string_equal(check_text(*state, text, strlen(text)), "orders.csv:2: byte 10 of the line is not valid UTF-8");
    }
}

static void the_hint_on_bad_text_is_a_whole_command(void **state) {
    Error err = {.arena = *state};
    CsvReader reader = csv_reader("a\r\xff", 3, ',', "my orders.csv");
    assert_false(csv_check_text(&reader, &err));
    assert_string_equal(err.message, "my orders.csv:2: byte 1 of the line is not valid UTF-8");
    assert_non_null(strstr(err.hint,
                           ": iconv -f latin1 -t utf-8 'my orders.csv' > 'my orders.csv.utf-8' && mv 'my orders.csv.utf-8' "
                           "'my orders.csv'"));
    error_clear(&err);
    reader = csv_reader("caf\xe9", 4, ',', "orders.csv");
    assert_false(csv_check_text(&reader, &err));
    assert_string_equal(err.message, "orders.csv:1: byte 4 of the line is not valid UTF-8");
}

static void a_nul_byte_is_an_error_with_its_line(void **state) {
    assert_string_equal(check_text(*state, "a\nb\n\0c", 6), "orders.csv:3: there is a NUL byte in the text");
    assert_string_equal(check_text(*state, "0123456789abcde\0", 16), "orders.csv:1: there is a NUL byte in the text");
}

static void utf16_is_named(void **state) {
    assert_string_equal(check_text(*state,
                                   "\xff\xfe"
                                   "a\0",
                                   4),
                        "orders.csv:1: the file is UTF-16, seeds are UTF-8");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(plain_values_stand_as_they_are),
        test_with_arena(an_empty_value_is_null_and_an_empty_quoted_one_is_not),
        test_with_arena(quotes_protect_delimiters_line_ends_and_doubled_quotes),
        test_with_arena(records_end_at_lf_crlf_cr_and_at_the_end_of_the_file),
        test_with_arena(a_byte_order_mark_is_no_part_of_the_first_name),
        test_with_arena(blank_lines_are_skipped_and_nothing_gives_nothing),
        test_with_arena(values_longer_than_a_vector_are_found_whole),
        test_with_arena(another_delimiter_leaves_commas_alone),
        test_with_arena(reading_can_start_again_at_a_record),
        test_with_arena(a_row_with_too_few_values_is_an_error_with_its_physical_line),
        test_with_arena(a_row_with_too_many_values_is_an_error),
        test_with_arena(more_columns_than_there_is_room_for_are_an_error),
        test_with_arena(a_quote_that_never_closes_is_reported_where_it_opens),
        test_with_arena(text_behind_a_closing_quote_is_an_error),
        test_with_arena(a_quote_inside_a_plain_value_is_an_error),
        test_with_arena(valid_utf8_of_every_length_passes),
        test_with_arena(invalid_utf8_is_an_error_with_its_line),
        test_with_arena(the_hint_on_bad_text_is_a_whole_command),
        test_with_arena(a_nul_byte_is_an_error_with_its_line),
        test_with_arena(utf16_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
