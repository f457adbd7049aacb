#include "services/restart_policy.h"

#include "support/test.h"

static void pauses_double_until_it_crashed_too_often(void **state) {
    RestartPolicy policy = {0};
    long long pause_ms = 0;
    (void)state;
    for (int i = 0; i < RESTART_LIMIT; i++) {
        assert_true(restart_policy_note_crash(&policy, 1000 + i, &pause_ms));
        assert_int_equal(pause_ms, RESTART_FIRST_PAUSE_MS << i);
    }
    pause_ms = -1;
    assert_false(restart_policy_note_crash(&policy, 2000, &pause_ms));
    assert_false(restart_policy_note_crash(&policy, 1000 + RESTART_WINDOW_MS, &pause_ms));
    assert_int_equal(pause_ms, -1);
}

static void crashes_long_ago_are_forgiven(void **state) {
    RestartPolicy policy = {0};
    long long pause_ms = 0;
    (void)state;
    for (int i = 0; i <= RESTART_LIMIT; i++) (void)restart_policy_note_crash(&policy, 5000, &pause_ms);
    assert_true(restart_policy_note_crash(&policy, 5001 + RESTART_WINDOW_MS, &pause_ms));
    assert_int_equal(pause_ms, RESTART_FIRST_PAUSE_MS);
    assert_int_equal(policy.attempts, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_double_until_it_crashed_too_often),
        cmocka_unit_test(crashes_long_ago_are_forgiven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
