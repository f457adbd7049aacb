#include "base/text.h"

#include <limits.h>

#include "support/test.h"

static void text_grows_piece_by_piece(void **state) {
    Text text = {.arena = *state};
    assert_string_equal(text_string(&text), "");
    text_append(&text, "a");
    text_append_char(&text, 'b');
    text_append_bytes(&text, "cde", 2);
    text_append_format(&text, "%d", 42);
    text_append(&text, "");
    assert_string_equal(text_string(&text), "abcd42");
    assert_int_equal(text.length, 6);
    for (int i = 0; i < 10000; i++) text_append(&text, "0123456789");
    assert_int_equal(strlen(text_string(&text)), 100006);
    assert_int_equal(text.length, 100006);
}

static void comparisons_know_null_and_empty(void **state) {
    (void)state;
    assert_true(text_equals("a", "a"));
    assert_false(text_equals("a", "b"));
    assert_true(text_equals(NULL, NULL));
    assert_false(text_equals(NULL, ""));
    assert_false(text_equals("", NULL));
    assert_true(text_is_empty(NULL));
    assert_true(text_is_empty(""));
    assert_false(text_is_empty(" "));
}

static void starts_and_ends_are_whole(void **state) {
    (void)state;
    assert_true(text_starts_with("devbox.yaml", "devbox"));
    assert_true(text_starts_with("a", ""));
    assert_false(text_starts_with("dev", "devbox"));
    assert_true(text_ends_with("devbox.yaml", ".yaml"));
    assert_true(text_ends_with("a", ""));
    assert_false(text_ends_with("yaml", ".yaml"));
}

static void check_split(Arena *arena, const char *string, size_t count, const char *joined) {
    StringList parts = text_split(arena, string, ',');
    assert_int_equal(parts.count, count);
    assert_string_equal(text_join(arena, &parts, "|"), joined);
}

static void splitting_keeps_empty_parts(void **state) {
    check_split(*state, "a,b", 2, "a|b");
    check_split(*state, "", 1, "");
    check_split(*state, ",a,,", 4, "|a||");
}

static void check_lines(Arena *arena, const char *string, size_t count, const char *joined) {
    StringList lines = text_split_lines(arena, string);
    assert_int_equal(lines.count, count);
    assert_string_equal(text_join(arena, &lines, "|"), joined);
}

static void lines_end_in_either_way(void **state) {
    check_lines(*state, "", 0, "");
    check_lines(*state, "a\nb\n", 2, "a|b");
    check_lines(*state, "a\r\nb", 2, "a|b");
    check_lines(*state, "\n\n", 2, "|");
    check_lines(*state, "\r\n", 1, "");
    check_lines(*state, "a\r", 1, "a\r");
}

static void joining_nothing_gives_nothing(void **state) {
    StringList none = {0};
    assert_string_equal(text_join(*state, &none, ", "), "");
}

static void trimming_takes_white_space_at_both_ends(void **state) {
    assert_string_equal(text_trim(*state, " \t a b \r\n"), "a b");
    assert_string_equal(text_trim(*state, "   "), "");
    assert_string_equal(text_trim(*state, ""), "");
    assert_string_equal(text_trim(*state, "é"), "é");
}

static void the_last_lines_are_those_asked_for(void **state) {
    assert_string_equal(text_last_lines(*state, "a\nb\nc\n", 2), "b\nc");
    assert_string_equal(text_last_lines(*state, "a\nb", 9), "a\nb");
    assert_string_equal(text_last_lines(*state, "a", 0), "");
}

static void numbers_are_grouped_by_thousands(void **state) {
    static const struct {
        long long number;
        const char *shown;
    } cases[] = {{0, "0"},
                 {999, "999"},
                 {1000, "1,000"},
                 {12408, "12,408"},
                 {-1234567, "-1,234,567"},
                 {-100, "-100"},
                 {LLONG_MIN, "-9,223,372,036,854,775,808"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(text_number(*state, cases[i].number), cases[i].shown);
    }
}

static void durations_are_shown_for_people(void **state) {
    static const struct {
        long long duration_ms;
        const char *shown;
    } cases[] = {{0, "0.0s"},      {412, "0.4s"},      {59900, "59.9s"},  {60000, "1m00s"},
                 {83000, "1m23s"}, {3600000, "1h00m"}, {5400000, "1h30m"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(text_duration(*state, cases[i].duration_ms), cases[i].shown);
    }
}

static void durations_are_read_with_their_unit(void **state) {
    (void)state;
    static const struct {
        const char *text;
        long long duration_ms;
    } good[] = {{"2m", 120000}, {"90s", 90000}, {"500ms", 500}, {"1h", 3600000}, {"30", 30000}, {"0", 0}};
    static const char *const bad[] = {"", "m", "-1s", "1.5s", "5 s", "5x", "99999999999999999999s", "9223372036854775807h", " 5"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        long long duration_ms = -1;
        assert_true(text_parse_duration(good[i].text, &duration_ms));
        assert_int_equal(duration_ms, good[i].duration_ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        long long duration_ms;
        if (text_parse_duration(bad[i], &duration_ms)) fail_msg("accepted: '%s'", bad[i]);
    }
    long long untouched;
    assert_false(text_parse_duration(NULL, &untouched));
}

static void integers_are_read_whole_or_not_at_all(void **state) {
    (void)state;
    static const char *const bad[] = {"", " 1", "1 ", "1x", "x", "9223372036854775808", "1.0", "0x10", "-"};
    long long number = 0;
    assert_true(text_parse_integer("9223372036854775807", &number) && number == LLONG_MAX);
    assert_true(text_parse_integer("-9223372036854775808", &number) && number == LLONG_MIN);
    assert_true(text_parse_integer("007", &number) && number == 7);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (text_parse_integer(bad[i], &number)) fail_msg("accepted: '%s'", bad[i]);
    }
    assert_false(text_parse_integer(NULL, &number));
    assert_int_equal(number, 7);
}

static void every_occurrence_is_replaced(void **state) {
    assert_string_equal(text_replace(*state, "/a/b and /a/c", "/a/", ""), "b and c");
    assert_string_equal(text_replace(*state, "aaa", "a", "aa"), "aaaaaa");
    assert_string_equal(text_replace(*state, "none", "x", "y"), "none");
    assert_string_equal(text_replace(*state, "kept", "", "y"), "kept");
    assert_string_equal(text_replace(*state, "", "x", "y"), "");
}

static void a_typo_finds_the_nearest_word(void **state) {
    (void)state;
    static const char *const words[] = {"start", "stop", "status", "restart", "doctor", "db"};
    static const struct {
        const char *typo, *nearest;
    } cases[] = {{"strat", "start"},     {"statsu", "status"}, {"STOP", "stop"}, {"docter", "doctor"},
                 {"restrat", "restart"}, {"airflow", NULL},    {"x", NULL},      {"", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *nearest = text_nearest(cases[i].typo, words, sizeof words / sizeof *words);
        if (!text_equals(nearest, cases[i].nearest))
            fail_msg("%s gives %s", cases[i].typo, nearest == NULL ? "nothing" : nearest);
    }
    assert_null(text_nearest("start", words, 0));
}

static void a_word_of_any_length_is_compared_safely(void **state) {
    char *word = arena_allocate(*state, 1001);
    memset(word, 'x', 1000);
    const char *candidates[] = {word, "start"};
    assert_null(text_nearest(word, candidates, 2));
    assert_null(text_nearest("star", candidates, 1));
    word[64] = '\0';
    assert_ptr_equal(text_nearest(word, candidates, 2), word);
}

static void a_word_for_the_shell_keeps_every_character(void **state) {
    assert_string_equal(text_quote_for_shell(*state, ""), "''");
    assert_string_equal(text_quote_for_shell(*state, "a b $c `d` \"e\" \\"), "'a b $c `d` \"e\" \\'");
    assert_string_equal(text_quote_for_shell(*state, "it's"), "'it'\\''s'");
    assert_string_equal(text_as_shell_word(*state, "HEAD~1:a/b.py"), "HEAD~1:a/b.py");
    assert_string_equal(text_as_shell_word(*state, "~ann"), "'~ann'");
    assert_string_equal(text_as_shell_word(*state, ""), "''");
    assert_string_equal(text_encode_for_url(*state, "az-AZ_09.~"), "az-AZ_09.~");
    assert_string_equal(text_encode_for_url(*state, "a b/c?d=\xC3\xA9%"), "a%20b%2Fc%3Fd%3D%C3%A9%25");
    assert_string_equal(text_encode_for_url(*state, ""), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(text_grows_piece_by_piece),
        test_with_arena(comparisons_know_null_and_empty),
        test_with_arena(starts_and_ends_are_whole),
        test_with_arena(splitting_keeps_empty_parts),
        test_with_arena(lines_end_in_either_way),
        test_with_arena(joining_nothing_gives_nothing),
        test_with_arena(trimming_takes_white_space_at_both_ends),
        test_with_arena(the_last_lines_are_those_asked_for),
        test_with_arena(numbers_are_grouped_by_thousands),
        test_with_arena(durations_are_shown_for_people),
        test_with_arena(durations_are_read_with_their_unit),
        test_with_arena(integers_are_read_whole_or_not_at_all),
        test_with_arena(every_occurrence_is_replaced),
        test_with_arena(a_typo_finds_the_nearest_word),
        test_with_arena(a_word_of_any_length_is_compared_safely),
        test_with_arena(a_word_for_the_shell_keeps_every_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
