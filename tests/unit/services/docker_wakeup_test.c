// fakes: docker process
#include "services/docker_wakeup.h"

#include "fakes/fake_docker.h"
#include "fakes/fake_process.h"
#include "support/checkout.h"

// The session keeps what it found, so the missing engine comes first.
static void without_a_terminal_nothing_is_offered_and_nothing_run(void **state) {
    Checkout *checkout = *state;
    fake_docker_is_missing = true;
    fake_process_script(NULL, 0);
    bool is_wanted = true;
    assert_false(docker_wakeup(&checkout->ctx, &is_wanted, &checkout->err));
    assert_false(is_wanted);
    assert_int_equal(checkout->err.code, ERROR_RUNTIME_MISSING);
    fake_docker_is_missing = false;
}

static void an_engine_that_answers_is_left_alone(void **state) {
    Checkout *checkout = *state;
    bool is_wanted;
    fake_docker_script(NULL, 0);
    assert_true(docker_wakeup(&checkout->ctx, &is_wanted, &checkout->err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(without_a_terminal_nothing_is_offered_and_nothing_run),
        test_with_checkout(an_engine_that_answers_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
