#include "services/destroy.h"

#include <stdlib.h>

#include "base/text.h"
#include "support/checkout.h"

static Project open_with_state(Checkout *checkout, Runtime runtime) {
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, ".devbox/.gitignore", "*\n");
    Project project = checkout_open(checkout);
    project.config.runtime = runtime;
    return project;
}

static Belongings find(Checkout *checkout, const Project *project) {
    Belongings found;
    if (!destroy_find(&checkout->ctx, project, &found, &checkout->err)) fail_msg("%s", checkout->err.message);
    return found;
}

static const char *names_in_state(Checkout *checkout) {
    StringList names = {0};
    assert_true(folder_list(checkout->arena, checkout_path(checkout, ".devbox"), &names, &checkout->err));
    return text_join(checkout->arena, &names, " ");
}

static void snapshots_alone_are_nothing_to_remove(void **state) {
    Checkout *checkout = *state;
    Project project = open_with_state(checkout, RUNTIME_NATIVE);
    checkout_add(checkout, ".devbox/snapshots/one.db", "kept");
    Belongings found = find(checkout, &project);
    assert_int_equal(found.size_bytes, 0);
    assert_int_equal(destroy_describe(&checkout->ctx, &project, &found).count, 0);
}

static void all_but_snapshots_goes(void **state) {
    Checkout *checkout = *state;
    Snapshot kept;
    Project project = open_with_state(checkout, RUNTIME_NATIVE);
    checkout_add(checkout, ".devbox/snapshots/one.db", "kept");
    checkout_add(checkout, ".devbox/logs/scheduler.log", "a line");
    checkout_add(checkout, "seeds/orders.csv", "id\n1\n");
    Belongings found = find(checkout, &project);
    assert_int_equal(found.size_bytes, 6);
    StringList lines = destroy_describe(&checkout->ctx, &project, &found);
    assert_string_equal(text_join(checkout->arena, &lines, "|"),
                        ".devbox (1 MB): the sandbox database, Airflow's runs, what dbt built, logs; its snapshots stay");
    if (!destroy_execute(&checkout->ctx, &project, &kept, &checkout->err)) fail_msg("%s", checkout->err.message);
    assert_null(kept.name);
    assert_string_equal(names_in_state(checkout), ".gitignore snapshots");
    assert_true(file_exists(checkout_path(checkout, "seeds/orders.csv")));
}

static void without_snapshots_the_folder_goes_too(void **state) {
    Checkout *checkout = *state;
    Snapshot kept;
    Project project = open_with_state(checkout, RUNTIME_NATIVE);
    checkout_add(checkout, ".devbox/logs/scheduler.log", "a line");
    assert_true(destroy_execute(&checkout->ctx, &project, &kept, &checkout->err));
    assert_false(folder_exists(project.state));
}

static void the_content_of_a_linked_folder_goes_with_the_link(void **state) {
    Checkout *checkout = *state;
    Snapshot kept;
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, "elsewhere/logs/scheduler.log", "a line");
    checkout_add_link(checkout, ".devbox", "elsewhere");
    Project project = checkout_open(checkout);
    project.config.runtime = RUNTIME_NATIVE;
    if (!destroy_execute(&checkout->ctx, &project, &kept, &checkout->err)) fail_msg("%s", checkout->err.message);
    assert_false(folder_exists(checkout_path(checkout, "elsewhere/logs")));
    assert_false(folder_exists(project.state));
}

static void a_sandbox_that_cannot_be_kept_keeps_all(void **state) {
    Checkout *checkout = *state;
    Snapshot kept;
    Project project = open_with_state(checkout, RUNTIME_NATIVE);
    checkout_add(checkout, ".devbox/sandbox.db", "this is no database, but nobody said that it may go");
    assert_false(destroy_execute(&checkout->ctx, &project, &kept, &checkout->err));
    assert_true(
        text_starts_with(checkout->err.message, "the sandbox database could not be kept, so nothing of .devbox was removed: "));
    assert_true(file_exists(checkout_path(checkout, ".devbox/sandbox.db")));
}

static void what_is_in_containers_is_told(void **state) {
    Checkout *checkout = *state;
    Belongings found = {.size_bytes = 0};
    Project project = open_with_state(checkout, RUNTIME_DOCKER);
    list_push(checkout->arena, &found.docker.containers, "c1");
    list_push(checkout->arena, &found.docker.volumes, "shop_postgres-db");
    StringList lines = destroy_describe(&checkout->ctx, &project, &found);
    assert_string_equal(text_join(checkout->arena, &lines, "|"),
                        "1 container|Airflow's runs and connections in containers (shop_postgres-db)");
}

static void containers_without_their_engine_are_not_left_behind(void **state) {
    Checkout *checkout = *state;
    Belongings found;
    Project project = open_with_state(checkout, RUNTIME_DOCKER);
    assert_false(destroy_find(&checkout->ctx, &project, &found, &checkout->err));
    assert_true(text_starts_with(checkout->err.message, "nothing was removed: "));
}

static void a_native_checkout_needs_no_engine(void **state) {
    Checkout *checkout = *state;
    Belongings found;
    Project project = open_with_state(checkout, RUNTIME_NATIVE);
    assert_true(destroy_find(&checkout->ctx, &project, &found, &checkout->err));
    assert_null(found.engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(containers_without_their_engine_are_not_left_behind),
        test_with_checkout(a_native_checkout_needs_no_engine),
        test_with_checkout(snapshots_alone_are_nothing_to_remove),
        test_with_checkout(all_but_snapshots_goes),
        test_with_checkout(without_snapshots_the_folder_goes_too),
        test_with_checkout(the_content_of_a_linked_folder_goes_with_the_link),
        test_with_checkout(a_sandbox_that_cannot_be_kept_keeps_all),
        test_with_checkout(what_is_in_containers_is_told),
    };
    setenv("DOCKER_HOST", "unix:///nowhere/docker.sock", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
