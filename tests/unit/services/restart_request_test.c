#include "services/restart_request.h"

#include "base/text.h"
#include "support/checkout.h"

static Project prepare(Checkout *checkout) {
    checkout_add_folder(checkout, "dags");
    Project project = checkout_open(checkout);
    assert_true(project_prepare_state(&checkout->ctx, &project, &checkout->err));
    return project;
}

static const char *leave(Checkout *checkout, const Project *project, const char *first, const char *second) {
    StringList services = {0};
    const char *id = NULL;
    list_push(checkout->arena, &services, first);
    if (second != NULL) list_push(checkout->arena, &services, second);
    assert_true(restart_request_leave(&checkout->ctx, project, &services, &id, &checkout->err));
    return id;
}

static void a_request_is_taken_once_as_it_was_left(void **state) {
    Checkout *checkout = *state;
    Project project = prepare(checkout);
    RestartRequest taken = {.id = "untouched"};
    assert_false(restart_request_take(&checkout->ctx, &project, &taken));
    assert_string_equal(taken.id, "untouched");
    const char *id = leave(checkout, &project, "scheduler", "dag-processor");
    assert_int_equal(file_info(checkout_path(checkout, ".devbox/run/restart.json")).mode, 0600);
    assert_true(restart_request_take(&checkout->ctx, &project, &taken));
    assert_string_equal(taken.id, id);
    assert_string_equal(text_join(checkout->arena, &taken.services, " "), "scheduler dag-processor");
    assert_false(restart_request_take(&checkout->ctx, &project, &taken));
}

static void a_second_request_replaces_one_that_nobody_took(void **state) {
    Checkout *checkout = *state;
    Project project = prepare(checkout);
    RestartRequest taken;
    const char *first = leave(checkout, &project, "scheduler", NULL), *second = leave(checkout, &project, "triggerer", NULL);
    assert_string_not_equal(first, second);
    assert_true(restart_request_take(&checkout->ctx, &project, &taken));
    assert_string_equal(taken.id, second);
    assert_string_equal(text_join(checkout->arena, &taken.services, " "), "triggerer");
}

static void a_request_that_was_withdrawn_is_not_taken(void **state) {
    Checkout *checkout = *state;
    Project project = prepare(checkout);
    RestartRequest taken;
    leave(checkout, &project, "scheduler", NULL);
    restart_request_withdraw(&checkout->ctx, &project);
    assert_false(restart_request_take(&checkout->ctx, &project, &taken));
    restart_request_withdraw(&checkout->ctx, &project);
}

static void a_request_that_cannot_be_read_is_dropped(void **state) {
    static const char *const broken[] = {"", "{\"id\": ", "<html>"};
    Checkout *checkout = *state;
    Project project = prepare(checkout);
    RestartRequest taken;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        checkout_add(checkout, ".devbox/run/restart.json", broken[i]);
        assert_false(restart_request_take(&checkout->ctx, &project, &taken));
        assert_false(file_exists(checkout_path(checkout, ".devbox/run/restart.json")));
    }
}

static void odd_values_in_a_request_are_left_out(void **state) {
    Checkout *checkout = *state;
    Project project = prepare(checkout);
    RestartRequest taken;
    checkout_add(checkout, ".devbox/run/restart.json", "{\"id\": 7, \"services\": [5, \"scheduler\", null]}");
    assert_true(restart_request_take(&checkout->ctx, &project, &taken));
    assert_string_equal(taken.id, "");
    assert_string_equal(text_join(checkout->arena, &taken.services, " "), "scheduler");
    checkout_add(checkout, ".devbox/run/restart.json", "[]");
    assert_true(restart_request_take(&checkout->ctx, &project, &taken));
    assert_int_equal(taken.services.count, 0);
}

static void a_request_that_cannot_be_written_is_an_error(void **state) {
    Checkout *checkout = *state;
    Project project = prepare(checkout);
    StringList services = {0};
    const char *id = "untouched";
    checkout_add_folder(checkout, ".devbox/run/restart.json/in-the-way");
    assert_false(restart_request_leave(&checkout->ctx, &project, &services, &id, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_FILE);
    assert_string_equal(id, "untouched");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(a_request_is_taken_once_as_it_was_left),
        test_with_checkout(a_second_request_replaces_one_that_nobody_took),
        test_with_checkout(a_request_that_was_withdrawn_is_not_taken),
        test_with_checkout(a_request_that_cannot_be_read_is_dropped),
        test_with_checkout(odd_values_in_a_request_are_left_out),
        test_with_checkout(a_request_that_cannot_be_written_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
