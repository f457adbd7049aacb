#include "base/base64.h"

#include <string.h>

#include "support/test.h"

static void text_is_decoded(void **state) {
    static const struct {
        const char *encoded, *decoded;
    } rows[] = {{"", ""},
                {"Zg==", "f"},
                {"Zm8=", "fo"},
                {"Zm9v", "foo"},
                {"Zm9vYg", "foob"},
                {"Zm9v\nYmFy", "foobar"},
                {"cEBzczogdyRyZA==", "p@ss: w$rd"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *bytes = NULL;
        size_t length = 99;
        assert_true(base64_decode(*state, rows[i].encoded, &bytes, &length));
        assert_string_equal(bytes, rows[i].decoded);
        assert_int_equal(length, strlen(rows[i].decoded));
    }
}

static void bytes_of_all_values_are_decoded(void **state) {
    char *bytes = NULL;
    size_t length = 0;
    assert_true(base64_decode(*state, "AP/+gA+/", &bytes, &length));
    assert_int_equal(length, 6);
    assert_memory_equal(bytes, "\x00\xff\xfe\x80\x0f\xbf", 6);
}

static void what_is_no_base64_is_refused(void **state) {
    static const char *const texts[] = {"Zg==Zg==", "Z", "Zm9vY", "Zm9-", "Zm9v\x80", "Zg====", "{}"};
    char *bytes = NULL;
    size_t length = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_false(base64_decode(*state, texts[i], &bytes, &length));
    assert_null(bytes);
}

static void bytes_become_text_for_urls(void **state) {
    static const char *const rows[][2] = {{"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
                                          {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xFB\xFF\xFE", "-__-"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(base64_encode_for_url(*state, rows[i][0], strlen(rows[i][0])), rows[i][1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(text_is_decoded),
        test_with_arena(bytes_become_text_for_urls),
        test_with_arena(bytes_of_all_values_are_decoded),
        test_with_arena(what_is_no_base64_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
