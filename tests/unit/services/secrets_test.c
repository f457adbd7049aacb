#include "services/secrets.h"

#include <sys/wait.h>

#include "base/text.h"
#include "support/checkout.h"

static Project prepare(Checkout *checkout) {
    checkout_add_folder(checkout, "dags");
    Project project = checkout_open(checkout);
    assert_true(project_prepare_state(&checkout->ctx, &project, &checkout->err));
    return project;
}

static void secrets_are_made_once_and_stay(void **state) {
    Checkout *checkout = *state;
    Secrets first, second;
    Project project = prepare(checkout);
    assert_true(secrets_load(&checkout->ctx, &project, &first, &checkout->err));
    assert_true(secrets_load(&checkout->ctx, &project, &second, &checkout->err));
    assert_string_equal(first.fernet_key, second.fernet_key);
    assert_string_equal(first.secret_key, second.secret_key);
    assert_string_equal(first.jwt_secret, second.jwt_secret);
    assert_int_equal(strlen(first.fernet_key), 44);
    assert_int_equal(strlen(first.secret_key), 64);
    assert_string_not_equal(first.secret_key, first.jwt_secret);
    assert_int_equal(file_info(checkout_path(checkout, ".devbox/secrets.json")).mode, 0600);
}

static void two_checkouts_have_different_secrets(void **state) {
    Checkout *checkout = *state;
    Secrets mine, others;
    Project project = prepare(checkout);
    assert_true(secrets_load(&checkout->ctx, &project, &mine, &checkout->err));
    project.state = checkout_path(checkout, "other");
    checkout_add_folder(checkout, "other");
    assert_true(secrets_load(&checkout->ctx, &project, &others, &checkout->err));
    assert_string_not_equal(mine.fernet_key, others.fernet_key);
}

static void a_missing_secret_is_added_and_the_others_stay(void **state) {
    Checkout *checkout = *state;
    Secrets secrets;
    Project project = prepare(checkout);
    checkout_add(checkout, ".devbox/secrets.json", "{\"fernet_key\": \"old\", \"jwt_secret\": \"\"}");
    assert_true(secrets_load(&checkout->ctx, &project, &secrets, &checkout->err));
    assert_string_equal(secrets.fernet_key, "old");
    assert_int_equal(strlen(secrets.jwt_secret), 64);
}

static void permissions_are_mended(void **state) {
    Checkout *checkout = *state;
    Secrets secrets;
    Project project = prepare(checkout);
    const char *path = checkout_path(checkout, ".devbox/secrets.json");
    assert_true(secrets_load(&checkout->ctx, &project, &secrets, &checkout->err));
    assert_int_equal(chmod(path, 0644), 0);
    assert_true(secrets_load(&checkout->ctx, &project, &secrets, &checkout->err));
    assert_int_equal(file_info(path).mode, 0600);
}

// Each child stands for a devbox of its own; all must end up with the same secrets.
static void commands_at_the_same_time_agree(void **state) {
    enum { COMMANDS = 6 };
    Checkout *checkout = *state;
    Project project = prepare(checkout);
    for (int i = 0; i < COMMANDS; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid > 0) continue;
        Secrets mine;
        Error err = {.arena = checkout->arena};
        const char *name = arena_format(checkout->arena, "seen-%d", i);
        bool is_done = secrets_load(&checkout->ctx, &project, &mine, &err);
        _exit(is_done && file_write_string(checkout->arena, checkout_path(checkout, name), mine.fernet_key, 0600, &err) ? 0 : 1);
    }
    for (int i = 0, status; i < COMMANDS; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    Secrets kept;
    assert_true(secrets_load(&checkout->ctx, &project, &kept, &checkout->err));
    for (int i = 0; i < COMMANDS; i++) {
        char *seen;
        const char *path = checkout_path(checkout, arena_format(checkout->arena, "seen-%d", i));
        assert_true(file_read(checkout->arena, path, &seen, NULL, &checkout->err));
        assert_string_equal(seen, kept.fernet_key);
    }
}

static void secrets_that_cannot_be_kept_are_an_error(void **state) {
    Checkout *checkout = *state;
    Secrets secrets;
    Project project = prepare(checkout);
    project.state = checkout_path(checkout, "nowhere");
    assert_false(secrets_load(&checkout->ctx, &project, &secrets, &checkout->err));
    assert_non_null(strstr(checkout->err.message, "nowhere"));
}

static void a_damaged_file_is_never_replaced(void **state) {
    static const char *const contents[] = {"{\"fernet_key\": ", "[1]"};
    Checkout *checkout = *state;
    Secrets secrets;
    Project project = prepare(checkout);
    for (size_t i = 0; i < 2; i++) {
        char *after;
        checkout_add(checkout, ".devbox/secrets.json", contents[i]);
        error_clear(&checkout->err);
        assert_false(secrets_load(&checkout->ctx, &project, &secrets, &checkout->err));
        assert_true(text_starts_with(checkout->err.hint, "mv "));
        assert_true(file_read(checkout->arena, checkout_path(checkout, ".devbox/secrets.json"), &after, NULL, &checkout->err));
        assert_string_equal(after, contents[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(secrets_are_made_once_and_stay),
        test_with_checkout(two_checkouts_have_different_secrets),
        test_with_checkout(a_missing_secret_is_added_and_the_others_stay),
        test_with_checkout(permissions_are_mended),
        test_with_checkout(commands_at_the_same_time_agree),
        test_with_checkout(secrets_that_cannot_be_kept_are_an_error),
        test_with_checkout(a_damaged_file_is_never_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
