#include "cli/help.h"

#include "base/text.h"
#include "commands/commands.h"
#include "demo_commands.h"
#include "io/terminal.h"
#include "support/golden.h"

static const char *help_of(Arena *arena, const Command *root, const char *words) {
    StringList path = *words == '\0' ? (StringList){0} : text_split(arena, words, ' ');
    const Command *command = command_find(root, &path);
    assert_non_null(command);
    return help_text(arena, root, &path, command);
}

static void assert_narrow(Arena *arena, const char *where, const char *text) {
    StringList lines = text_split_lines(arena, text);
    list_each (const char *, line, &lines) {
        if (text_display_width(*line) > 80) print_error("%s: %s\n", where, *line);
        assert_in_range(text_display_width(*line), 0, 80);
    }
}

static void the_root_help_groups_commands_and_hides_hidden_ones(void **state) {
    assert_golden(*state, "help_root.txt", help_of(*state, &demo_root, ""));
}

static void a_commands_help_has_usage_arguments_options_and_examples(void **state) {
    assert_golden(*state, "help_test_dag.txt", help_of(*state, &demo_root, "test dag"));
}

static void a_command_with_subcommands_lists_them(void **state) {
    const char *help = help_of(*state, &demo_root, "hook");
    assert_non_null(strstr(help, "Usage: devbox hook COMMAND\n"));
    assert_non_null(strstr(help, "\n  install     Write the hook\n  uninstall   Remove the hook\n"));
    assert_null(strstr(help, "Options:\n"));
}

static void usage_shows_what_is_optional_and_what_repeats(void **state) {
    Arena *arena = *state;
    StringList dags = text_split(arena, "test dags", ' '), tests = text_split(arena, "test", ' ');
    assert_string_equal(help_usage(arena, &dags, &demo_dags), "devbox test dags [PATH...]");
    assert_string_equal(help_usage(arena, &tests, &demo_test), "devbox test [COMMAND] [options]");
}

static void first_steps_name_three_things_to_do(void **state) {
    const char *text = help_first_steps(*state);
    assert_non_null(strstr(text, "devbox init"));
    assert_non_null(strstr(text, "devbox start"));
    assert_non_null(strstr(text, "devbox test"));
    assert_narrow(*state, "devbox", text);
}

// The real commands: whatever is added to the table must read well.
static void check_real(Arena *arena, const Command *command, const char *path) {
    assert_narrow(arena, path, help_of(arena, &devbox_command, path));
    assert_false(text_is_empty(command->summary));
    if (text_ends_with(command->summary, ".")) print_error("%s: the summary ends with a full stop\n", path);
    assert_false(text_ends_with(command->summary, "."));
    for (const Option *option = command->options; option_is_present(option); option++) {
        if (text_is_empty(option->help)) print_error("%s: --%s has no help\n", path, option->name);
        assert_false(text_is_empty(option->help));
        if (option->kind == OPTION_CHOICE) assert_non_null(option->choices);
        assert_true(option->offset < command->options_size);
    }
    for (const Command *const *item = command->subcommands; item != NULL && *item != NULL; item++) {
        check_real(arena, *item, *path == '\0' ? (*item)->name : arena_format(arena, "%s %s", path, (*item)->name));
    }
    assert_true(command->run != NULL || command->subcommands != NULL);
}

static void every_real_command_has_help_of_at_most_80_columns(void **state) { check_real(*state, &devbox_command, ""); }

static void every_real_example_is_a_command_line_that_parses(void **state) {
    Arena *arena = *state;
    for (const Command *const *item = devbox_command.subcommands; *item != NULL; item++) {
        for (const Example *example = (*item)->examples; example != NULL && example->command_line != NULL; example++) {
            const char *line = text_split(arena, text_split(arena, example->command_line, '>').items[0], '|').items[0];
            if (!text_starts_with(line, "devbox ") || strpbrk(line, "'\"") != NULL) continue;
            StringList words = text_split(arena, text_trim(arena, line), ' ');
            ParsedCommand parsed;
            Error err = {.arena = arena};
            bool is_understood =
                parse_command_line(arena, &devbox_command, (int)words.count, string_list_to_argv(arena, &words), &parsed, &err);
            if (!is_understood) print_error("%s: %s\n", example->command_line, err.message);
            assert_true(is_understood);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(the_root_help_groups_commands_and_hides_hidden_ones),
        test_with_arena(a_commands_help_has_usage_arguments_options_and_examples),
        test_with_arena(a_command_with_subcommands_lists_them),
        test_with_arena(usage_shows_what_is_optional_and_what_repeats),
        test_with_arena(first_steps_name_three_things_to_do),
        test_with_arena(every_real_command_has_help_of_at_most_80_columns),
        test_with_arena(every_real_example_is_a_command_line_that_parses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
