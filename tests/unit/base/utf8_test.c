#include "base/utf8.h"

#include <string.h>

#include "support/test.h"

static void check_character(const char *bytes, uint32_t expected) {
    uint32_t character = 0;
    assert_int_equal(utf8_decode(bytes, strlen(bytes), &character), strlen(bytes));
    assert_int_equal(character, expected);
}

static void characters_of_each_length_are_read(void **state) {
    (void)state;
    check_character("a", 'a');
    check_character("\x7F", 0x7F);
    check_character("\xC2\x80", 0x80);
    check_character("é", 0xE9);
    check_character("\xE0\xA0\x80", 0x800);
    check_character("€", 0x20AC);
    check_character("\xEF\xBF\xBF", 0xFFFF);
    check_character("😀", 0x1F600);
    check_character("\xF4\x8F\xBF\xBF", 0x10FFFF);
    assert_int_equal(utf8_decode("\0", 1, NULL), 1);
}

static void what_is_no_utf8_has_no_length(void **state) {
    (void)state;
    static const char *const bad[] = {
        "\x80",              // a continuation first
        "\xC0\x80",          // overlong
        "\xC1\xBF",          // overlong
        "\xE0\x80\x80",      // overlong
        "\xF0\x80\x80\x80",  // overlong
        "\xED\xA0\x80",      // a surrogate
        "\xF4\x90\x80\x80",  // beyond the last character
        "\xF5\x80\x80\x80",  // no first byte
        "\xFF",
        "\xC3(",  // no continuation
        "\xE2\x82(",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint32_t untouched = 7;
        assert_int_equal(utf8_decode(bad[i], strlen(bad[i]), &untouched), 0);
        assert_int_equal(untouched, 7);
    }
}

static void a_character_that_is_cut_off_is_not_read(void **state) {
    (void)state;
    for (size_t length = 0; length < 4; length++) assert_int_equal(utf8_decode("😀", length, NULL), 0);
    assert_int_equal(utf8_decode("😀", 4, NULL), 4);
}

static void the_valid_part_of_a_text_is_measured(void **state) {
    (void)state;
    assert_int_equal(utf8_valid_length("", 0), 0);
    assert_int_equal(utf8_valid_length("aé€", 6), 6);
    assert_int_equal(utf8_valid_length("aé\xFFz", 5), 3);
    assert_int_equal(utf8_valid_length("aé€", 5), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(characters_of_each_length_are_read),
        test_with_arena(what_is_no_utf8_has_no_length),
        test_with_arena(a_character_that_is_cut_off_is_not_read),
        test_with_arena(the_valid_part_of_a_text_is_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
