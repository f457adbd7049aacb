#include "services/save_watch.h"

#include "base/text.h"
#include "support/checkout.h"

static volatile sig_atomic_t cancel;

typedef struct Watching {
    Checkout *checkout;
    SaveWatch *watch;
} Watching;

static Watching start(void **state, const char *const *folders, const char *file) {
    Watching watching = {.checkout = *state};
    Checkout *checkout = *state;
    StringList all = {0}, files = {0};
    for (; *folders != NULL; folders++) list_push(checkout->arena, &all, checkout_path(checkout, *folders));
    if (file != NULL) list_push(checkout->arena, &files, checkout_path(checkout, file));
    cancel = 0;
    checkout->ctx.cancel = &cancel;
    if (!save_watch_create(&checkout->ctx, &all, &files, &watching.watch, &checkout->err)) fail_msg("%s", checkout->err.message);
    return watching;
}

// What was saved: "dags/a.py -dags/gone.py *", sorted as it came; * stands for more than can be told.
static const char *next(Watching *watching, const Saves *earlier) {
    Checkout *checkout = watching->checkout;
    const Saves none = {0};
    Saves saves;
    Text text = {.arena = checkout->arena};
    if (!save_watch_next(&checkout->ctx, watching->watch, earlier == NULL ? &none : earlier, &saves)) return "<stopped>";
    list_each(const FileChange, change, &saves.changes) {
        text_append_format(&text, "%s%s%s", text.length > 0 ? " " : "", change->is_removed ? "-" : "",
                           path_relative(checkout->arena, change->path, checkout->root));
    }
    if (saves.has_overflowed) text_append(&text, text.length > 0 ? " *" : "*");
    return text_string(&text);
}

static void remove_file(Checkout *checkout, const char *name) {
    assert_true(file_remove(checkout->arena, checkout_path(checkout, name), &checkout->err));
}

static void what_is_saved_in_one_go_comes_together_and_once(void **state) {
    const char *const folders[] = {"dags", "dbt", NULL};
    checkout_add_folder(*state, "dbt");
    checkout_add(*state, "dags/gone.py", "");
    Watching watching = start(state, folders, NULL);
    checkout_add(*state, "dags/a.py", "1");
    checkout_add(*state, "dags/a.py", "2");
    checkout_add(*state, "dbt/b.sql", "1");
    remove_file(*state, "dags/gone.py");
    assert_string_equal(next(&watching, NULL), "dags/a.py -dags/gone.py dbt/b.sql");
    save_watch_destroy(watching.watch);
}

static void files_of_editors_are_no_saves(void **state) {
    const char *const folders[] = {"dags", NULL};
    checkout_add_folder(*state, "dags");
    Watching watching = start(state, folders, NULL);
    checkout_add(*state, "dags/.a.py.swp", "");
    checkout_add(*state, "dags/a.py~", "");
    checkout_add(*state, "dags/#a.py#", "");
    checkout_add(*state, "dags/a.pyc", "");
    checkout_add(*state, "dags/a.py___jb_tmp___", "");
    checkout_add(*state, "dags/.airflowignore", "");
    assert_string_equal(next(&watching, NULL), "dags/.airflowignore");
    save_watch_destroy(watching.watch);
}

static void a_folder_inside_another_is_seen_once(void **state) {
    const char *const folders[] = {"dags/dbt", "dags", "dags", NULL};
    checkout_add_folder(*state, "dags/dbt");
    Watching watching = start(state, folders, NULL);
    checkout_add(*state, "dags/dbt/a.sql", "");
    assert_string_equal(next(&watching, NULL), "dags/dbt/a.sql");
    save_watch_destroy(watching.watch);
}

static void a_folder_that_is_a_link_keeps_its_name(void **state) {
    const char *const folders[] = {"dags", NULL};
    checkout_add_folder(*state, "real");
    checkout_add_link(*state, "dags", "real");
    Watching watching = start(state, folders, NULL);
    checkout_add(*state, "real/sub/a.py", "");
    assert_string_equal(next(&watching, NULL), "dags/sub/a.py");
    save_watch_destroy(watching.watch);
}

static void a_folder_may_come_and_go(void **state) {
    const char *const folders[] = {"plugins", NULL};
    Watching watching = start(state, folders, NULL);
    checkout_add(*state, "plugins/a.py", "");
    assert_string_equal(next(&watching, NULL), "*");
    checkout_add(*state, "plugins/b.py", "");
    assert_string_equal(next(&watching, NULL), "plugins/b.py");
    assert_true(folder_remove(watching.checkout->arena, checkout_path(*state, "plugins"), &watching.checkout->err));
    assert_true(text_ends_with(next(&watching, NULL), "*"));
    save_watch_destroy(watching.watch);
}

static void single_files_are_looked_at(void **state) {
    const char *const none[] = {NULL};
    Watching watching = start(state, none, ".env");
    checkout_add(*state, ".env", "A=1");
    assert_string_equal(next(&watching, NULL), ".env");
    remove_file(*state, ".env");
    assert_string_equal(next(&watching, NULL), "-.env");
    save_watch_destroy(watching.watch);
}

static void what_was_saved_before_counts_as_saved_now(void **state) {
    const char *const folders[] = {"dags", NULL};
    Saves taken;
    checkout_add_folder(*state, "dags");
    Watching watching = start(state, folders, NULL);
    checkout_add(*state, "dags/a.py", "");
    save_watch_take(&watching.checkout->ctx, watching.watch, &taken);
    assert_int_equal(taken.changes.count, 1);
    assert_string_equal(next(&watching, &taken), "dags/a.py");
    save_watch_destroy(watching.watch);
}

static void a_user_who_asked_to_stop_waits_for_nothing(void **state) {
    const char *const folders[] = {"dags", NULL};
    checkout_add_folder(*state, "dags");
    Watching watching = start(state, folders, NULL);
    cancel = 1;
    assert_string_equal(next(&watching, NULL), "<stopped>");
    save_watch_destroy(watching.watch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(what_is_saved_in_one_go_comes_together_and_once),
        test_with_checkout(files_of_editors_are_no_saves),
        test_with_checkout(a_folder_inside_another_is_seen_once),
        test_with_checkout(a_folder_that_is_a_link_keeps_its_name),
        test_with_checkout(a_folder_may_come_and_go),
        test_with_checkout(single_files_are_looked_at),
        test_with_checkout(what_was_saved_before_counts_as_saved_now),
        test_with_checkout(a_user_who_asked_to_stop_waits_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
