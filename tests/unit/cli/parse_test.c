#include "cli/parse.h"

#include "base/text.h"
#include "demo_commands.h"
#include "support/test.h"

typedef struct Parse {
    ParsedCommand parsed;
    Error err;
    bool is_understood;
} Parse;

// "devbox " + line, split at blanks; "''" is an empty word.
static Parse parse(Arena *arena, const char *line) {
    Parse parse = {.err = {.arena = arena}};
    StringList words = text_split(arena, arena_format(arena, "devbox%s%s", *line == '\0' ? "" : " ", line), ' ');
    list_each (const char *, word, &words) {
        if (text_equals(*word, "''")) *word = "";
    }
    const char **argv = string_list_to_argv(arena, &words);
    parse.is_understood = parse_command_line(arena, &demo_root, (int)words.count, argv, &parse.parsed, &parse.err);
    return parse;
}

static Parse parse_well(Arena *arena, const char *line) {
    Parse result = parse(arena, line);
    if (!result.is_understood) print_error("%s: %s\n", line, result.err.message);
    assert_true(result.is_understood);
    return result;
}

static void assert_refused(Arena *arena, const char *line, const char *message, const char *hint) {
    Parse result = parse(arena, line);
    assert_false(result.is_understood);
    assert_int_equal(result.err.code, ERROR_USAGE);
    assert_string_equal(result.err.message, message);
    assert_string_equal(result.err.hint, hint);
}

static void no_word_gives_the_root(void **state) {
    Parse result = parse_well(*state, "");
    assert_ptr_equal(result.parsed.command, &demo_root);
    assert_int_equal(result.parsed.path.count, 0);
}

static void words_lead_to_the_innermost_command(void **state) {
    Parse result = parse_well(*state, "test dag daily_orders");
    assert_ptr_equal(result.parsed.command, &demo_dag);
    assert_string_equal(text_join(*state, &result.parsed.path, " "), "test dag");
    assert_int_equal(result.parsed.arguments.count, 1);
    assert_string_equal(result.parsed.arguments.items[0], "daily_orders");
}

static void every_kind_of_option_is_stored(void **state) {
    const char *line = "test dag x --task=load -r native -n5 --since 10m --only a,b --only=c -fdd --deep --changed=main";
    Parse result = parse_well(*state, line);
    const DemoOptions *options = result.parsed.options;
    assert_string_equal(options->task, "load");
    assert_string_equal(options->runtime, "native");
    assert_int_equal(options->retries, 5);
    assert_int_equal(options->since_ms, 600000);
    assert_string_equal(text_join(*state, &options->only, "+"), "a+b+c");
    assert_true(options->is_following);
    assert_int_equal(options->depth, 3);
    assert_string_equal(options->changed, "main");
}

static void an_optional_value_is_never_the_next_word(void **state) {
    Parse result = parse_well(*state, "test --changed dag x");
    const DemoOptions *options = result.parsed.options;
    assert_ptr_equal(result.parsed.command, &demo_dag);
    assert_string_equal(options->changed, "");
}

static void options_start_out_empty(void **state) {
    const DemoOptions *options = parse_well(*state, "test").parsed.options;
    assert_null(options->task);
    assert_null(options->changed);
    assert_int_equal(options->retries, 0);
}

static void global_options_stand_anywhere(void **state) {
    static const char *const lines[] = {"-C there --json -vv --timeout 90s test dag x -y",
                                        "test -C there dag -v --json x -vy --timeout=90s"};
    for (size_t i = 0; i < 2; i++) {
        Parse result = parse_well(*state, lines[i]);
        assert_ptr_equal(result.parsed.command, &demo_dag);
        assert_string_equal(result.parsed.globals.folder, "there");
        assert_true(result.parsed.globals.is_json);
        assert_true(result.parsed.globals.is_confirmed);
        assert_int_equal(result.parsed.globals.verbosity, 2);
        assert_int_equal(result.parsed.globals.timeout_ms, 90000);
    }
}

static void a_folder_named_like_a_command_is_still_a_folder(void **state) {
    Parse result = parse_well(*state, "-C start status");
    assert_ptr_equal(result.parsed.command, &demo_status);
    assert_string_equal(result.parsed.globals.folder, "start");
}

static void after_two_dashes_everything_is_an_argument(void **state) {
    Parse result = parse_well(*state, "test dags a -- --b -c --");
    assert_string_equal(text_join(*state, &result.parsed.arguments, " "), "a --b -c --");
}

static void a_single_dash_and_an_empty_word_are_arguments(void **state) {
    Parse result = parse_well(*state, "test dags - ''");
    assert_int_equal(result.parsed.arguments.count, 2);
    assert_string_equal(result.parsed.arguments.items[0], "-");
    assert_string_equal(result.parsed.arguments.items[1], "");
}

static void a_pass_through_command_gets_all_words_untouched(void **state) {
    Parse result = parse_well(*state, "-C there dbt run --select stg_orders+ --help -v -- --json");
    assert_ptr_equal(result.parsed.command, &demo_dbt);
    assert_string_equal(text_join(*state, &result.parsed.arguments, " "), "run --select stg_orders+ --help -v -- --json");
    assert_string_equal(result.parsed.globals.folder, "there");
    assert_false(result.parsed.globals.wants_help);
    assert_false(result.parsed.globals.is_json);
    assert_int_equal(result.parsed.globals.verbosity, 0);
}

static void help_is_understood_in_every_form(void **state) {
    static const char *const lines[] = {"help test dag", "test dag --help", "--help test dag", "test -h dag",
                                        "test dag x --nonsense -h"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        Parse result = parse_well(*state, lines[i]);
        assert_true(result.parsed.globals.wants_help);
        assert_ptr_equal(result.parsed.command, &demo_dag);
    }
    assert_ptr_equal(parse_well(*state, "help dbt").parsed.command, &demo_dbt);
    assert_true(parse_well(*state, "help dbt --json").parsed.globals.is_json);
    assert_false(parse_well(*state, "dbt --json").parsed.globals.is_json);
    assert_ptr_equal(parse_well(*state, "help").parsed.command, &demo_root);
    assert_ptr_equal(parse_well(*state, "hook --help").parsed.command, &demo_hook);
}

static void version_needs_no_command(void **state) {
    assert_true(parse_well(*state, "--version").parsed.globals.wants_version);
    assert_true(parse_well(*state, "-V").parsed.globals.wants_version);
}

static void an_unknown_command_names_the_nearest(void **state) {
    assert_refused(*state, "strat", "there is no command 'strat'", "did you mean: devbox start");
    assert_refused(*state, "test dga", "test has no command 'dga'", "did you mean: devbox test dag");
    assert_refused(*state, "hook instal", "hook has no command 'instal'", "did you mean: devbox hook install");
    assert_refused(*state, "frobnicate", "there is no command 'frobnicate'", "see what there is: devbox --help");
    assert_refused(*state, "help strat", "there is no command 'strat'", "did you mean: devbox start");
}

static void words_of_other_tools_lead_to_ours_where_we_have_it(void **state) {
    assert_refused(*state, "up", "there is no command 'up'", "did you mean: devbox start");
    assert_refused(*state, "ps -a", "there is no command 'ps'", "did you mean: devbox status");
    assert_refused(*state, "run lefthook -h", "there is no command 'run'", "did you mean: devbox test dag");
    assert_refused(*state, "down", "there is no command 'down'", "see what there is: devbox --help");  // no stop in the demo
}

static void hidden_commands_work_and_are_never_suggested(void **state) {
    assert_ptr_equal(parse_well(*state, "__complete dags").parsed.command, &demo_hidden);
    assert_refused(*state, "__complet", "there is no command '__complet'", "see what there is: devbox --help");
}

static void an_unknown_option_names_the_nearest(void **state) {
    assert_refused(*state, "test dag x --tsk=load", "test dag has no option --tsk", "did you mean: --task");
    assert_refused(*state, "start --jsno", "start has no option --jsno", "did you mean: --json");
    assert_refused(*state, "start --zzzzzzzz", "start has no option --zzzzzzzz", "see its options: devbox start --help");
    assert_refused(*state, "start -qx", "start has no option -x", "see its options: devbox start --help");
    assert_refused(*state, "test dag x --secre", "test dag has no option --secre", "see its options: devbox test dag --help");
    assert_refused(*state, "--runtime native start", "there is no option --runtime",
                   "a command's own options go after its name, see: devbox COMMAND --help");
}

static void wrong_values_are_refused_with_what_is_wanted(void **state) {
    assert_refused(*state, "test dag x -n many", "--retries does not take 'many'", "give a whole number");
    assert_refused(*state, "test dag x --since=soon", "--since does not take 'soon'", "give a duration: 500ms, 90s, 5m, 1h");
    assert_refused(*state, "test dag x --runtime podman", "--runtime does not take 'podman'", "give one of: docker, native");
    assert_refused(*state, "test dag x --follow=yes", "--follow takes no value", "just: --follow");
    assert_refused(*state, "start --timeout", "--timeout needs a value", "give it: --timeout=DURATION");
    assert_refused(*state, "test dag x --task --follow", "--task needs a value", "give it: --task=TASK");
}

static void a_negative_number_is_a_value(void **state) {
    const DemoOptions *options = parse_well(*state, "test dag x --retries -1").parsed.options;
    assert_int_equal(options->retries, -1);
}

static void missing_and_surplus_arguments_are_refused_with_the_usage(void **state) {
    assert_refused(*state, "test dag", "test dag needs ID", "usage: devbox test dag ID [options]");
    assert_refused(*state, "test dag a b", "test dag does not know what to do with 'b'", "usage: devbox test dag ID [options]");
    assert_refused(*state, "start now", "start takes no arguments, but got 'now'", "usage: devbox start");
    assert_refused(*state, "hook", "hook needs to know what to do: install, uninstall", "see what each does: devbox hook --help");
    assert_int_equal(parse_well(*state, "completion").parsed.arguments.count, 0);
    assert_int_equal(parse_well(*state, "test dags a b c").parsed.arguments.count, 3);
}

static void json_is_known_even_when_the_line_is_not_understood(void **state) {
    assert_true(parse(*state, "strat --json").parsed.globals.is_json);
    assert_true(parse(*state, "start --nonsense --json").parsed.globals.is_json);
    assert_false(parse(*state, "strat -- --json").parsed.globals.is_json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(no_word_gives_the_root),
        test_with_arena(words_lead_to_the_innermost_command),
        test_with_arena(every_kind_of_option_is_stored),
        test_with_arena(an_optional_value_is_never_the_next_word),
        test_with_arena(options_start_out_empty),
        test_with_arena(global_options_stand_anywhere),
        test_with_arena(a_folder_named_like_a_command_is_still_a_folder),
        test_with_arena(after_two_dashes_everything_is_an_argument),
        test_with_arena(a_single_dash_and_an_empty_word_are_arguments),
        test_with_arena(a_pass_through_command_gets_all_words_untouched),
        test_with_arena(help_is_understood_in_every_form),
        test_with_arena(version_needs_no_command),
        test_with_arena(an_unknown_command_names_the_nearest),
        test_with_arena(words_of_other_tools_lead_to_ours_where_we_have_it),
        test_with_arena(hidden_commands_work_and_are_never_suggested),
        test_with_arena(an_unknown_option_names_the_nearest),
        test_with_arena(wrong_values_are_refused_with_what_is_wanted),
        test_with_arena(a_negative_number_is_a_value),
        test_with_arena(missing_and_surplus_arguments_are_refused_with_the_usage),
        test_with_arena(json_is_known_even_when_the_line_is_not_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
