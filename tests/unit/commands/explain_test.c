#include "base/text.h"
#include "commands/commands.h"
#include "support/invoke.h"

static void every_error_has_a_title_and_advice(void **state) {
    Checkout *checkout = *state;
    for (int code = 1; code < ERROR_CODE_COUNT; code++) {
        Recorder recorder;
        const char *name = error_code_name((ErrorCode)code);
        assert_true(invoke(checkout, &command_explain, NULL, name, &recorder));
        assert_string_equal(value_get_string(recorder.data, "code", ""), name);
        assert_int_equal(value_get_integer(recorder.data, "exitCode", -1), error_code_exit((ErrorCode)code));
        if (text_is_empty(value_get_string(recorder.data, "advice", ""))) print_error("%s has no advice\n", name);
        assert_false(text_is_empty(value_get_string(recorder.data, "advice", "")));
    }
}

static void names_are_understood_however_they_are_written(void **state) {
    static const char *const spellings[] = {"PORT_BUSY", "port-busy", "Error_Port_Busy"};
    for (size_t i = 0; i < 3; i++) {
        Recorder recorder;
        assert_true(invoke(*state, &command_explain, NULL, spellings[i], &recorder));
        assert_true(text_starts_with(recorder.text, "PORT_BUSY (exit code 6): "));
    }
}

static void without_a_name_all_errors_are_listed(void **state) {
    Recorder recorder;
    assert_true(invoke(*state, &command_explain, NULL, NULL, &recorder));
    assert_int_equal(recorder.row_count, ERROR_CODE_COUNT - 1);
}

static void an_unknown_name_leads_to_the_nearest(void **state) {
    Checkout *checkout = *state;
    Recorder recorder;
    assert_false(invoke(checkout, &command_explain, NULL, "port_bsy", &recorder));
    assert_int_equal(checkout->err.code, ERROR_USAGE);
    assert_string_equal(checkout->err.hint, "did you mean: devbox explain PORT_BUSY");
    assert_false(invoke(checkout, &command_explain, NULL, "zzzzzzzzzz", &recorder));
    assert_string_equal(checkout->err.hint, "see all: devbox explain");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(every_error_has_a_title_and_advice),
        test_with_checkout(names_are_understood_however_they_are_written),
        test_with_checkout(without_a_name_all_errors_are_listed),
        test_with_checkout(an_unknown_name_leads_to_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
