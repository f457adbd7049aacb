// The built devbox as people and scripts see it: streams and exit codes.
#include <signal.h>

#include "base/text.h"
#include "io/json.h"
#include "io/process.h"
#include "support/checkout.h"

// Runs a shell line in which $D is devbox: redirections need a shell.
static ProcessResult shell(Checkout *checkout, const char *line) {
    const char *environment[] = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "D=" TEST_DEVBOX, "HOME=/nonexistent", NULL};
    ProcessResult result = {0};
    ProcessSpec spec = {.argv = (const char *[]){"/bin/sh", "-c", line, NULL},
                        .folder = checkout->root,
                        .environment = environment,
                        .timeout_ms = 20000};
    assert_true(process_run(&checkout->ctx, &spec, &result, &checkout->err));
    assert_int_equal(result.outcome, PROCESS_EXITED);
    return result;
}

static void assert_exit(Checkout *checkout, const char *line, int exit_code) {
    ProcessResult result = shell(checkout, line);
    if (result.exit_code != exit_code) print_error("%s: %s%s\n", line, result.output, result.errors);
    assert_int_equal(result.exit_code, exit_code);
}

static void version_help_and_first_steps_go_to_stdout(void **state) {
    static const char *const lines[] = {"$D",          "$D --version",      "$D -V", "$D --help", "$D help test dag",
                                        "$D start -h", "$D completion bash"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        ProcessResult result = shell(*state, lines[i]);
        assert_int_equal(result.exit_code, 0);
        assert_true(strlen(result.output) > 5);
        assert_string_equal(result.errors, "");
    }
}

static void a_line_that_is_not_understood_goes_to_stderr_with_2(void **state) {
    ProcessResult result = shell(*state, "$D strat");
    assert_int_equal(result.exit_code, 2);
    assert_string_equal(result.output, "");
    assert_string_equal(result.errors, "devbox: there is no command 'strat'\n  did you mean: devbox start\n");
}

static void lefthooks_question_for_another_devbox_is_answered_with_no(void **state) {
    assert_exit(*state, "$D run lefthook -h", 2);
}

static void a_usage_error_is_json_when_json_was_asked_for(void **state) {
    Checkout *checkout = *state;
    Value *envelope;
    ProcessResult result = shell(checkout, "$D strat --json");
    assert_int_equal(result.exit_code, 2);
    assert_string_equal(result.errors, "");
    assert_true(json_parse(checkout->arena, result.output, "stdout", &envelope, &checkout->err));
    assert_string_equal(value_get_string(value_get(envelope, "error"), "code", ""), "USAGE");
}

static void without_a_checkout_commands_say_so_with_4(void **state) { assert_exit(*state, "$D status", 4); }

static void a_missing_folder_is_named(void **state) {
    ProcessResult result = shell(*state, "$D -C /no/such/folder status");
    assert_int_equal(result.exit_code, 2);
    assert_non_null(strstr(result.errors, "/no/such/folder"));
}

static void a_folder_that_was_removed_below_us_is_said(void **state) {
    static const char line[] = "mkdir gone && cd gone && rmdir ../gone && ";
    assert_exit(*state, arena_format(((Checkout *)*state)->arena, "%s$D status", line), 6);
    assert_exit(*state, arena_format(((Checkout *)*state)->arena, "%s$D version", line), 0);
}

static void output_that_cannot_be_written_is_an_error(void **state) {
    assert_exit(*state, "test -e /dev/full || exit 6; $D --help > /dev/full", 6);
    assert_exit(*state, "test -e /dev/full || exit 6; $D --help --json > /dev/full", 6);
}

static void closed_streams_do_no_harm(void **state) { assert_exit(*state, "$D version <&- >&- 2>&-", 0); }

static void a_reader_that_leaves_early_is_no_error(void **state) {
    ProcessResult result = shell(*state, "{ $D --help; echo $? >&2; } | true");
    assert_string_equal(result.errors, "0\n");
}

static void colours_and_cursor_movements_stay_out_of_files(void **state) {
    ProcessResult result = shell(*state, "TERM=xterm $D strat; TERM=xterm $D --help");
    assert_null(strchr(result.output, '\033'));
    assert_null(strchr(result.errors, '\033'));
}

static void without_a_utf8_locale_everything_is_ascii(void **state) {
    ProcessResult result = shell(*state, "LANG=C $D help test dags");
    for (const char *byte = result.output; *byte != '\0'; byte++) assert_true((unsigned char)*byte < 0x80);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(version_help_and_first_steps_go_to_stdout),
        test_with_checkout(a_line_that_is_not_understood_goes_to_stderr_with_2),
        test_with_checkout(lefthooks_question_for_another_devbox_is_answered_with_no),
        test_with_checkout(a_usage_error_is_json_when_json_was_asked_for),
        test_with_checkout(without_a_checkout_commands_say_so_with_4),
        test_with_checkout(a_missing_folder_is_named),
        test_with_checkout(a_folder_that_was_removed_below_us_is_said),
        test_with_checkout(output_that_cannot_be_written_is_an_error),
        test_with_checkout(closed_streams_do_no_harm),
        test_with_checkout(a_reader_that_leaves_early_is_no_error),
        test_with_checkout(colours_and_cursor_movements_stay_out_of_files),
        test_with_checkout(without_a_utf8_locale_everything_is_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
