#include "io/random.h"

#include <string.h>

#include "support/test.h"

static void hexadecimal_text_has_the_length_asked_for(void **state) {
    for (size_t length = 0; length < 600; length += 7) {
        const char *hex = random_hex(*state, length);
        assert_int_equal(strlen(hex), length);
        assert_int_equal(strspn(hex, "0123456789abcdef"), length);
    }
}

static void no_two_are_alike_and_every_digit_occurs(void **state) {
    assert_string_not_equal(random_hex(*state, 12), random_hex(*state, 12));
    const char *hex = random_hex(*state, 4000);
    for (const char *digit = "0123456789abcdef"; *digit != '\0'; digit++) {
        size_t count = 0;
        for (const char *at = hex; *at != '\0'; at++) count += *at == *digit;
        assert_in_range(count, 125, 400);  // 250 expected; beyond is less likely than 1 in 10^12
    }
}

static void a_fernet_key_is_32_bytes_in_url_safe_base64(void **state) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (int i = 0; i < 200; i++) {
        const char *key = random_fernet_key(*state);
        assert_int_equal(strlen(key), 44);
        assert_int_equal(strspn(key, alphabet), 43);
        assert_int_equal(key[43], '=');
        // 43 characters are 258 bits: the last two must be zero, or strict decoders refuse the key.
        assert_int_equal((strchr(alphabet, key[42]) - alphabet) % 4, 0);
        assert_string_not_equal(key, random_fernet_key(*state));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(hexadecimal_text_has_the_length_asked_for),
        test_with_arena(no_two_are_alike_and_every_digit_occurs),
        test_with_arena(a_fernet_key_is_32_bytes_in_url_safe_base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
