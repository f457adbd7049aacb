#include "base/text.h"
#include "commands/commands.h"
#include "io/process.h"
#include "support/invoke.h"

static const bool not_example = false, is_example = true;

static bool init(Checkout *checkout, const bool *wants_example, const char *folder, Recorder *recorder) {
    return invoke(checkout, &command_init, wants_example, folder, recorder);
}

static const char *content_of(Checkout *checkout, const char *name) {
    char *content;
    assert_true(file_read(checkout->arena, checkout_path(checkout, name), &content, NULL, &checkout->err));
    return content;
}

static const char *git(Checkout *checkout, const char *folder, const char *const *argv) {
    ProcessResult result;
    ProcessSpec spec = {.argv = argv, .folder = checkout_path(checkout, folder), .timeout_ms = 20000};
    assert_true(process_check(&checkout->ctx, &spec, &result, &checkout->err));
    return text_trim(checkout->arena, result.output);
}

static void init_writes_a_file_for_what_is_there(void **state) {
    Recorder recorder;
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    assert_true(init(checkout, &not_example, NULL, &recorder));
    assert_non_null(strstr(content_of(checkout, "devbox.yaml"), "dags: dags\n"));
    assert_int_equal(file_info(checkout_path(checkout, "devbox.yaml")).mode, 0644);
    assert_non_null(strstr(recorder.text, "next: devbox start"));
    assert_string_equal(checkout_open(checkout).config.dags, "dags");
}

static void init_never_overwrites(void **state) {
    Recorder recorder;
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, "devbox.yaml", "# mine\n");
    assert_false(init(checkout, &not_example, NULL, &recorder));
    assert_int_equal(checkout->err.code, ERROR_DATA_AT_RISK);
    assert_int_equal(error_code_exit(checkout->err.code), 10);
    assert_non_null(checkout->err.hint);
    assert_string_equal(content_of(checkout, "devbox.yaml"), "# mine\n");
}

static void a_dry_run_shows_the_file_and_writes_nothing(void **state) {
    Recorder recorder;
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    checkout->ctx.is_dry_run = true;
    assert_true(init(checkout, &not_example, NULL, &recorder));
    assert_non_null(strstr(recorder.text, "dags: dags\n"));
    assert_false(file_exists(checkout_path(checkout, "devbox.yaml")));
    assert_true(init(checkout, &is_example, "shop", &recorder));
    assert_false(folder_exists(checkout_path(checkout, "shop")));
}

static void nothing_to_set_up_is_an_error(void **state) {
    Recorder recorder;
    Checkout *checkout = *state;
    assert_false(init(checkout, &not_example, NULL, &recorder));
    assert_int_equal(checkout->err.code, ERROR_CHECKOUT);
    assert_false(init(checkout, &not_example, "missing", &recorder));
    assert_int_equal(checkout->err.code, ERROR_CHECKOUT);
    assert_non_null(strstr(checkout->err.message, "there is no folder"));
}

static void the_example_is_a_repository_that_opens(void **state) {
    Recorder recorder;
    Project project;
    Checkout *checkout = *state;
    assert_true(init(checkout, &is_example, "new/shop", &recorder));
    assert_true(value_get_bool(recorder.data, "committed", false));
    assert_true(project_open(&checkout->ctx, checkout_path(checkout, "new/shop"), &project, &checkout->err));
    assert_string_equal(project.dbt_dir, checkout_path(checkout, "new/shop/dbt"));
    assert_true(file_exists(checkout_path(checkout, "new/shop/seeds/customers.csv")));
    assert_string_equal(git(checkout, "new/shop", (const char *[]){"git", "status", "--porcelain", NULL}), "");
    assert_string_equal(git(checkout, "new/shop", (const char *[]){"git", "rev-list", "--count", "HEAD", NULL}), "1");
    assert_non_null(strstr(recorder.text, "devbox start"));
}

static void the_example_makes_no_repository_inside_another(void **state) {
    Recorder recorder;
    Checkout *checkout = *state;
    checkout_add_folder(checkout, ".git");
    assert_true(init(checkout, &is_example, "shop", &recorder));
    assert_false(value_get_bool(recorder.data, "committed", true));
    assert_false(folder_exists(checkout_path(checkout, "shop/.git")));
    assert_non_null(strstr(recorder.text, "not committed: it lies in the repository"));
}

static void the_example_needs_an_empty_folder(void **state) {
    Recorder recorder;
    Checkout *checkout = *state;
    checkout_add(checkout, "full/notes.txt", "mine");
    assert_false(init(checkout, &is_example, "full", &recorder));
    assert_int_equal(checkout->err.code, ERROR_DATA_AT_RISK);
    assert_non_null(strstr(checkout->err.message, "notes.txt"));
    assert_false(init(checkout, &is_example, "full/notes.txt", &recorder));
    assert_int_equal(checkout->err.code, ERROR_DATA_AT_RISK);
    checkout_add_folder(checkout, "empty");
    assert_true(init(checkout, &is_example, "empty", &recorder));
}

static void an_incomplete_installation_is_said(void **state) {
    Recorder recorder;
    Checkout *checkout = *state;
    checkout->ctx.share_dir = "/nonexistent/share";
    assert_false(init(checkout, &is_example, "shop", &recorder));
    assert_non_null(strstr(checkout->err.message, "/nonexistent/share/starter"));
    assert_non_null(strstr(checkout->err.hint, "install.sh"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(init_writes_a_file_for_what_is_there),
        test_with_checkout(init_never_overwrites),
        test_with_checkout(a_dry_run_shows_the_file_and_writes_nothing),
        test_with_checkout(nothing_to_set_up_is_an_error),
        test_with_checkout(the_example_is_a_repository_that_opens),
        test_with_checkout(the_example_makes_no_repository_inside_another),
        test_with_checkout(the_example_needs_an_empty_folder),
        test_with_checkout(an_incomplete_installation_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
