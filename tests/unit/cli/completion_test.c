#include "base/text.h"
#include "cli/help.h"
#include "demo_commands.h"
#include "support/golden.h"

static void bash_script_is_as_in_the_golden_file(void **state) {
    assert_golden(*state, "completion.bash", completion_script(*state, &demo_root, "bash"));
}

static void zsh_script_is_as_in_the_golden_file(void **state) {
    assert_golden(*state, "completion.zsh", completion_script(*state, &demo_root, "zsh"));
}

static void fish_script_is_as_in_the_golden_file(void **state) {
    assert_golden(*state, "completion.fish", completion_script(*state, &demo_root, "fish"));
}

static void another_shell_has_no_script(void **state) {
    assert_null(completion_script(*state, &demo_root, "tcsh"));
    assert_null(completion_script(*state, &demo_root, ""));
}

static void hidden_commands_and_options_are_not_offered(void **state) {
    static const char *const shells[] = {"bash", "zsh", "fish"};
    for (size_t i = 0; i < 3; i++) assert_null(strstr(completion_script(*state, &demo_root, shells[i]), "secret"));
}

static void the_man_page_is_as_in_the_golden_file(void **state) {
    assert_golden(*state, "man_page.roff", man_page(*state, &demo_root));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(bash_script_is_as_in_the_golden_file),        test_with_arena(zsh_script_is_as_in_the_golden_file),
        test_with_arena(fish_script_is_as_in_the_golden_file),        test_with_arena(another_shell_has_no_script),
        test_with_arena(hidden_commands_and_options_are_not_offered), test_with_arena(the_man_page_is_as_in_the_golden_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
