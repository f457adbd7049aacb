#include "model/env_file.h"

#include "base/text.h"
#include "support/test.h"

static PairList parse(Arena *arena, const char *text) {
    PairList pairs = {0};
    Error err = {.arena = arena};
    bool is_parsed = env_file_parse(arena, text, strlen(text), ".env", &pairs, &err);
    if (!is_parsed) print_message("%s\n", err.message);
    assert_true(is_parsed);
    return pairs;
}

static void assert_pair(const PairList *pairs, size_t index, const char *key, const char *value) {
    assert_true(index < pairs->count);
    assert_string_equal(pairs->items[index].key, key);
    assert_string_equal(pairs->items[index].value, value);
}

static void assert_refused(Arena *arena, const char *text, size_t length, const char *message) {
    PairList pairs = {0};
    Error err = {.arena = arena};
    assert_false(env_file_parse(arena, text, length, ".env", &pairs, &err));
    assert_int_equal(err.code, ERROR_CONFIG);
    assert_string_equal(err.message, message);
    assert_non_null(err.hint);
    assert_int_equal(pairs.count, 0);
}

static void plain_lines_are_pairs_with_their_place(void **state) {
    PairList pairs = parse(*state, "A=1\n\nexport B=two words \n  C = x=y\n");
    assert_int_equal(pairs.count, 3);
    assert_pair(&pairs, 0, "A", "1");
    assert_pair(&pairs, 1, "B", "two words");
    assert_pair(&pairs, 2, "C", "x=y");
    assert_string_equal(pairs.items[1].origin, ".env:3");
}

static void comments_start_with_a_hash_after_white_space(void **state) {
    PairList pairs = parse(*state, "# all\n   # all\nA=b#c # d\nE=# nothing\nF='x # y' # z\n");
    assert_int_equal(pairs.count, 3);
    assert_pair(&pairs, 0, "A", "b#c");
    assert_pair(&pairs, 1, "E", "");
    assert_pair(&pairs, 2, "F", "x # y");
}

static void single_quotes_take_everything_as_it_is(void **state) {
    PairList pairs = parse(*state, "A='$HOME \\n \"x\"'\n");
    assert_pair(&pairs, 0, "A", "$HOME \\n \"x\"");
}

static void double_quotes_know_escapes_and_nothing_is_expanded(void **state) {
    PairList pairs = parse(*state, "A=\"a\\nb\\t\\\"c\\\" \\\\ \\$X $Y \\d\"\nB=$HOME/x\n");
    assert_pair(&pairs, 0, "A", "a\nb\t\"c\" \\ $X $Y \\d");
    assert_pair(&pairs, 1, "B", "$HOME/x");
}

static void quoted_values_span_lines_and_lines_are_counted_on(void **state) {
    PairList pairs = parse(*state, "KEY=\"one\ntwo\"\nNEXT=1\n");
    assert_pair(&pairs, 0, "KEY", "one\ntwo");
    assert_string_equal(pairs.items[1].origin, ".env:3");
}

static void windows_line_ends_and_a_byte_order_mark_are_no_text(void **state) {
    PairList pairs = parse(*state,
                           "\xEF\xBB\xBF"
                           "A=1\r\nB=\"2\"\r\n\r\nC=3");
    assert_int_equal(pairs.count, 3);
    assert_pair(&pairs, 0, "A", "1");
    assert_pair(&pairs, 1, "B", "2");
    assert_pair(&pairs, 2, "C", "3");
}

static void the_last_of_several_lines_for_a_name_wins(void **state) {
    PairList pairs = parse(*state, "A=1\nB=2\nA=3\n");
    assert_int_equal(pairs.count, 2);
    assert_pair(&pairs, 0, "A", "3");
    assert_string_equal(pairs.items[0].origin, ".env:3");
}

static void export_may_be_a_name_itself(void **state) {
    PairList pairs = parse(*state, "export=1\nexported=2\n");
    assert_pair(&pairs, 0, "export", "1");
    assert_pair(&pairs, 1, "exported", "2");
}

static void an_empty_file_sets_nothing(void **state) {
    assert_int_equal(parse(*state, "").count, 0);
    assert_int_equal(parse(*state, "\n# x").count, 0);
}

static void mistakes_name_their_line(void **state) {
    assert_refused(*state, "A=1\nB\n", 6, ".env:2: B has no = after its name");
    assert_refused(*state, "=1\n", 3, ".env:1: a line must start with a variable's name");
    assert_refused(*state, "1A=1\n", 5, ".env:1: a line must start with a variable's name");
    assert_refused(*state, "A=1\nB=\"x\n\n", 10, ".env:2: the quote \" that opens here is never closed");
    assert_refused(*state, "A='x' y\n", 8, ".env:1: there is text behind the closing quote");
    assert_refused(*state, "A=1\nB=\0\n", 8, ".env:2: there is a NUL byte, so this is no text file");
}

static void a_backslash_at_the_end_is_an_open_quote(void **state) {
    assert_refused(*state, "A=\"\\", 4, ".env:1: the quote \" that opens here is never closed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(plain_lines_are_pairs_with_their_place),
        test_with_arena(comments_start_with_a_hash_after_white_space),
        test_with_arena(single_quotes_take_everything_as_it_is),
        test_with_arena(double_quotes_know_escapes_and_nothing_is_expanded),
        test_with_arena(quoted_values_span_lines_and_lines_are_counted_on),
        test_with_arena(windows_line_ends_and_a_byte_order_mark_are_no_text),
        test_with_arena(the_last_of_several_lines_for_a_name_wins),
        test_with_arena(export_may_be_a_name_itself),
        test_with_arena(an_empty_file_sets_nothing),
        test_with_arena(mistakes_name_their_line),
        test_with_arena(a_backslash_at_the_end_is_an_open_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
