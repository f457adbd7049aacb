#include "io/git_program.h"

#include "support/test.h"

static void odd_paths_survive_quoting(void **state) {
    static const char *const paths[] = {"plain", "with blank", "\"quoted\"", "tab\tnew\nline", "back\\slash", "ümlaut", ""};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_string_equal(git_path_unquote(*state, git_path_quote(*state, paths[i])), paths[i]);
    }
    assert_string_equal(git_path_unquote(*state, "\"a\\tb\\303\\274\\\"\\\\\""), "a\tb\xc3\xbc\"\\");
    assert_string_equal(git_path_unquote(*state, "\"open"), "open");
    assert_string_equal(git_path_unquote(*state, "\"open\\"), "open");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(odd_paths_survive_quoting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
