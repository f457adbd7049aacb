#include "services/log_rotation.h"

#include <fcntl.h>
#include <unistd.h>

#include "support/checkout.h"

static Project prepare(Checkout *checkout) {
    checkout_add_folder(checkout, "dags");
    checkout_add_folder(checkout, ".devbox/logs");
    return checkout_open(checkout);
}

static const char *content(Checkout *checkout, const char *name) {
    char *text;
    return file_read(checkout->arena, checkout_path(checkout, name), &text, NULL, &checkout->err) ? text : "<missing>";
}

static void a_log_that_grew_too_long_is_kept_once_and_its_writer_goes_on(void **state) {
    Checkout *checkout = *state;
    Project project = prepare(checkout);
    const char *path = checkout_path(checkout, ".devbox/logs/scheduler.log");
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "0123456789\n", 11), 11);
    log_rotation_bound(&checkout->ctx, &project, 10);
    assert_string_equal(content(checkout, ".devbox/logs/scheduler.log"), "");
    // Only the end of what was too long is kept.
    assert_string_equal(content(checkout, ".devbox/logs/scheduler.log.1"), "123456789\n");
    assert_int_equal(write(fd, "and on\n", 7), 7);
    assert_string_equal(content(checkout, ".devbox/logs/scheduler.log"), "and on\n");
    assert_int_equal(write(fd, "and on\n", 7), 7);
    log_rotation_bound(&checkout->ctx, &project, 13);
    assert_string_equal(content(checkout, ".devbox/logs/scheduler.log.1"), "nd on\nand on\n");
    assert_int_equal(file_info(checkout_path(checkout, ".devbox/logs/scheduler.log.1")).mode, 0600);
    close(fd);
}

static void logs_within_the_limit_and_other_files_are_left_alone(void **state) {
    Checkout *checkout = *state;
    Project project = prepare(checkout);
    checkout_add(checkout, ".devbox/logs/triggerer.log", "0123456789");
    checkout_add(checkout, ".devbox/logs/scheduler.log.1", "longer than the limit");
    checkout_add(checkout, ".devbox/logs/test/daily/load.log", "longer than the limit");
    checkout_add(checkout, "mine.log", "longer than the limit");
    checkout_add_link(checkout, ".devbox/logs/link.log", "../../mine.log");
    log_rotation_bound(&checkout->ctx, &project, 10);
    assert_string_equal(content(checkout, ".devbox/logs/triggerer.log"), "0123456789");
    assert_string_equal(content(checkout, ".devbox/logs/scheduler.log.1"), "longer than the limit");
    assert_string_equal(content(checkout, ".devbox/logs/test/daily/load.log"), "longer than the limit");
    assert_string_equal(content(checkout, "mine.log"), "longer than the limit");
}

static void a_log_that_cannot_be_kept_is_not_cut_off(void **state) {
    Checkout *checkout = *state;
    Project project = prepare(checkout);
    checkout_add(checkout, ".devbox/logs/a.log", "longer than the limit");
    checkout_add(checkout, ".devbox/logs/b.log", "longer than the limit");
    checkout_add_folder(checkout, ".devbox/logs/a.log.1/in-the-way");
    log_rotation_bound(&checkout->ctx, &project, 10);
    assert_string_equal(content(checkout, ".devbox/logs/a.log"), "longer than the limit");
    assert_string_equal(content(checkout, ".devbox/logs/b.log"), "");
}

static void without_logs_nothing_happens(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    Project project = checkout_open(checkout);
    log_rotation_bound(&checkout->ctx, &project, 10);
    assert_false(folder_exists(checkout_path(checkout, ".devbox/logs")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(a_log_that_grew_too_long_is_kept_once_and_its_writer_goes_on),
        test_with_checkout(logs_within_the_limit_and_other_files_are_left_alone),
        test_with_checkout(a_log_that_cannot_be_kept_is_not_cut_off),
        test_with_checkout(without_logs_nothing_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
