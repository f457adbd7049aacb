#include "services/state_store.h"

#include "base/text.h"
#include "io/database.h"
#include "support/checkout.h"

static Project prepare(Checkout *checkout) {
    checkout_add_folder(checkout, "dags");
    Project project = checkout_open(checkout);
    assert_true(project_prepare_state(&checkout->ctx, &project, &checkout->err));
    return project;
}

static void what_was_set_is_known_until_it_is_set_anew(void **state) {
    Checkout *checkout = *state;
    Project project = prepare(checkout);
    assert_null(state_store_get(&checkout->ctx, &project, "airflow.port"));
    assert_true(state_store_set(&checkout->ctx, &project, "airflow.port", "8081", &checkout->err));
    assert_true(state_store_set(&checkout->ctx, &project, "it's", "a; b", &checkout->err));
    assert_string_equal(state_store_get(&checkout->ctx, &project, "airflow.port"), "8081");
    assert_true(state_store_set(&checkout->ctx, &project, "airflow.port", "8082", &checkout->err));
    assert_string_equal(state_store_get(&checkout->ctx, &project, "airflow.port"), "8082");
    assert_string_equal(state_store_get(&checkout->ctx, &project, "it's"), "a; b");
    assert_null(state_store_get(&checkout->ctx, &project, "other"));
    assert_int_equal(file_info(checkout_path(checkout, ".devbox/state.db")).mode, 0600);
}

static void a_store_that_cannot_be_read_knows_nothing(void **state) {
    Checkout *checkout = *state;
    Project project = prepare(checkout);
    checkout_add(checkout, ".devbox/state.db", "this is no database, however long it is, not at all");
    assert_null(state_store_get(&checkout->ctx, &project, "airflow.port"));
    assert_false(state_store_set(&checkout->ctx, &project, "airflow.port", "8081", &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_DATABASE);
    assert_non_null(strstr(checkout->err.message, "state.db"));
}

static void a_store_of_another_shape_knows_nothing(void **state) {
    Checkout *checkout = *state;
    Project project = prepare(checkout);
    cleanup_database Database *db = NULL;
    const char *path = checkout_path(checkout, ".devbox/state.db");
    assert_true(database_open(checkout->arena, path, DATABASE_CREATE, 1000, &db, &checkout->err));
    assert_true(database_execute(db, "CREATE TABLE x(y); PRAGMA user_version = 1", &checkout->err));
    assert_null(state_store_get(&checkout->ctx, &project, "airflow.port"));
    assert_false(state_store_set(&checkout->ctx, &project, "airflow.port", "8081", &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_DATABASE);
}

static void a_missing_state_folder_is_an_error_with_its_path(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    Project project = checkout_open(checkout);
    assert_false(state_store_set(&checkout->ctx, &project, "airflow.port", "8081", &checkout->err));
    assert_non_null(strstr(checkout->err.message, "state.db"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(what_was_set_is_known_until_it_is_set_anew),
        test_with_checkout(a_store_that_cannot_be_read_knows_nothing),
        test_with_checkout(a_store_of_another_shape_knows_nothing),
        test_with_checkout(a_missing_state_folder_is_an_error_with_its_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
