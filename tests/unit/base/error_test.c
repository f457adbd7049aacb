#include "base/error.h"

#include <string.h>

#include "support/test.h"

static void a_fresh_error_says_that_nothing_failed(void **state) {
    Error err = {.arena = *state};
    assert_int_equal(err.code, ERROR_NONE);
    assert_string_equal(error_code_name(err.code), "NONE");
    assert_int_equal(error_code_exit(err.code), 0);
}

static void setting_fills_and_returns_false(void **state) {
    Error err = {.arena = *state};
    assert_false(error_set(&err, ERROR_CONFIG, "no key %s", "airflow.prot"));
    assert_int_equal(err.code, ERROR_CONFIG);
    assert_string_equal(err.message, "no key airflow.prot");
    assert_null(err.hint);
    assert_null(err.detail);
}

static void hint_and_detail_join_the_message(void **state) {
    Error err = {.arena = *state};
    char evidence[] = "line 1\nline 2";
    error_set(&err, ERROR_SERVICE, "scheduler exited");
    assert_false(error_hint(&err, "give it more: airflow.memory: %s", "2g"));
    assert_false(error_detail(&err, evidence));
    *evidence = 'X';
    assert_string_equal(err.hint, "give it more: airflow.memory: 2g");
    assert_string_equal(err.detail, "line 1\nline 2");
    assert_false(error_detail(&err, ""));
    assert_null(err.detail);
    assert_false(error_detail(&err, NULL));
    assert_null(err.detail);
}

static void wrapping_puts_context_before_and_keeps_the_rest(void **state) {
    Error err = {.arena = *state};
    error_set(&err, ERROR_DATABASE, "disk full");
    error_hint(&err, "free some space");
    assert_false(error_wrap(&err, "cannot seed %s", "orders"));
    assert_string_equal(err.message, "cannot seed orders: disk full");
    assert_int_equal(err.code, ERROR_DATABASE);
    assert_string_equal(err.hint, "free some space");
}

static void a_new_error_forgets_the_old_hint(void **state) {
    Error err = {.arena = *state};
    error_set(&err, ERROR_DATABASE, "first");
    error_hint(&err, "do this");
    error_detail(&err, "evidence");
    error_set(&err, ERROR_FILE, "second");
    assert_string_equal(err.message, "second");
    assert_null(err.hint);
    assert_null(err.detail);
}

static void clearing_forgets_everything_but_the_arena(void **state) {
    Error err = {.arena = *state};
    error_set(&err, ERROR_FILE, "gone");
    error_clear(&err);
    assert_int_equal(err.code, ERROR_NONE);
    assert_null(err.message);
    assert_ptr_equal(err.arena, *state);
}

static void exit_codes_are_those_of_the_contract(void **state) {
    (void)state;
    static const struct {
        ErrorCode code;
        int exit_code;
    } contract[] = {{ERROR_USAGE, 2},         {ERROR_CONFIRMATION_NEEDED, 3},
                    {ERROR_CONFIG, 4},        {ERROR_RUNTIME_MISSING, 5},
                    {ERROR_SERVICE, 6},       {ERROR_TIMEOUT, 7},
                    {ERROR_NETWORK, 8},       {ERROR_BUSY, 9},
                    {ERROR_DATA_AT_RISK, 10}, {ERROR_INTERNAL, 70},
                    {ERROR_INTERRUPTED, 130}};
    for (size_t i = 0; i < sizeof contract / sizeof *contract; i++) {
        assert_int_equal(error_code_exit(contract[i].code), contract[i].exit_code);
    }
}

static void every_code_has_a_name_of_its_own_a_title_and_an_exit_code(void **state) {
    (void)state;
    for (int code = 1; code < ERROR_CODE_COUNT; code++) {
        const char *name = error_code_name((ErrorCode)code);
        assert_int_equal(error_code_from_name(name), code);
        assert_true(strlen(error_code_title((ErrorCode)code)) > 0);
        assert_in_range(error_code_exit((ErrorCode)code), 2, 130);
    }
    assert_int_equal(error_code_from_name("NO_SUCH_CODE"), ERROR_NONE);
    assert_int_equal(error_code_from_name(""), ERROR_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(a_fresh_error_says_that_nothing_failed),
        test_with_arena(setting_fills_and_returns_false),
        test_with_arena(hint_and_detail_join_the_message),
        test_with_arena(wrapping_puts_context_before_and_keeps_the_rest),
        test_with_arena(a_new_error_forgets_the_old_hint),
        test_with_arena(clearing_forgets_everything_but_the_arena),
        test_with_arena(exit_codes_are_those_of_the_contract),
        test_with_arena(every_code_has_a_name_of_its_own_a_title_and_an_exit_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
