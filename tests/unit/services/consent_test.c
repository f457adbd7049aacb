#include "services/consent.h"

#include <fcntl.h>
#include <unistd.h>

#include "support/event_log.h"

static bool ask(Context *ctx, Error *err) {
    return consent_get(ctx, "Go on?", "it is not installed", "install it with --yes", err);
}

static void yes_on_the_command_line_is_enough(void **state) {
    EventLog log;
    Context ctx = {.arena = *state, .is_confirmed = true};
    Error err = {.arena = *state};
    event_log_start(&log, &ctx);
    assert_true(ask(&ctx, &err));
    assert_string_equal(event_log_take(&log), "");
}

// On one: tests/integration/airbyte_test.py.
static void off_a_terminal_nobody_is_asked(void **state) {
    EventLog log;
    Context ctx = {.arena = *state};
    Error err = {.arena = *state};
    int input = dup(STDIN_FILENO), null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(null >= 0 && dup2(null, STDIN_FILENO) == STDIN_FILENO);
    event_log_start(&log, &ctx);
    assert_false(ask(&ctx, &err));
    assert_string_equal(error_as_text(&err), "CONFIRMATION_NEEDED it is not installed → install it with --yes");
    assert_string_equal(event_log_take(&log), "");
    close(null);
    if (input >= 0) dup2(input, STDIN_FILENO);
    close(input);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(yes_on_the_command_line_is_enough),
        test_with_arena(off_a_terminal_nobody_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
