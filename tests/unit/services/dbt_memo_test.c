#include "services/dbt_memo.h"

#include <stdlib.h>

#include "base/text.h"
#include "io/database.h"
#include "services/sandbox.h"
#include "support/checkout.h"

static Project open_checkout(Checkout *checkout) {
    cleanup_database Database *db = NULL;
    checkout->ctx.executable = "/bin/true";
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, "dbt/dbt_project.yml", "name: shop\n");
    checkout_add(checkout, "dbt/models/a.sql", "select 1");
    Project project = checkout_open(checkout);
    assert_true(project_prepare_state(&checkout->ctx, &project, &checkout->err));
    assert_true(folder_create(checkout->arena, checkout_path(checkout, ".devbox/dbt"), &checkout->err));
    assert_true(
        database_open(checkout->arena, sandbox_path(checkout->arena, &project), DATABASE_CREATE, 1000, &db, &checkout->err));
    assert_true(database_execute(db, "CREATE TABLE orders(x)", &checkout->err));
    return project;
}

static bool matches(Checkout *checkout, const Project *project) {
    const char *summary = NULL;
    bool does = dbt_memo_matches(&checkout->ctx, project, &summary);
    if (does) assert_string_equal(summary, "1 model");
    return does;
}

static void write_sandbox(Checkout *checkout, const Project *project, const char *sql) {
    cleanup_database Database *db = NULL;
    assert_true(
        database_open(checkout->arena, sandbox_path(checkout->arena, project), DATABASE_WRITE, 1000, &db, &checkout->err));
    assert_true(database_execute(db, sql, &checkout->err));
}

static void nothing_new_is_known_as_such(void **state) {
    Checkout *checkout = *state;
    Project project = open_checkout(checkout);
    assert_false(matches(checkout, &project));
    dbt_memo_remember(&checkout->ctx, &project, "1 model");
    assert_true(matches(checkout, &project));
    assert_true(matches(checkout, &project));
    // What dbt leaves behind is nothing that a model is made from.
    checkout_add(checkout, "dbt/target/manifest.json", "{}");
    checkout_add(checkout, "dbt/logs/dbt.log", "");
    assert_true(matches(checkout, &project));
}

static void every_change_that_could_show_in_a_model_is_noticed(void **state) {
    Checkout *checkout = *state;
    Project project = open_checkout(checkout);
    dbt_memo_remember(&checkout->ctx, &project, "1 model");
    checkout_add(checkout, "dbt/models/a.sql", "select 22");
    assert_false(matches(checkout, &project));
    dbt_memo_remember(&checkout->ctx, &project, "1 model");
    checkout_add(checkout, "dbt/models/b.sql", "select 1");
    assert_false(matches(checkout, &project));
    dbt_memo_remember(&checkout->ctx, &project, "1 model");
    write_sandbox(checkout, &project, "INSERT INTO orders VALUES (1)");
    assert_false(matches(checkout, &project));
    dbt_memo_remember(&checkout->ctx, &project, "1 model");
    write_sandbox(checkout, &project, "UPDATE orders SET x = 2");
    assert_false(matches(checkout, &project));
    dbt_memo_remember(&checkout->ctx, &project, "1 model");
    project.config.dbt.target = "other";
    assert_false(matches(checkout, &project));
}

// Somebody who reads right now keeps the log from being emptied: better to build once too often.
static void a_sandbox_in_use_matches_nothing(void **state) {
    Checkout *checkout = *state;
    Project project = open_checkout(checkout);
    cleanup_database Database *reader = NULL;
    dbt_memo_remember(&checkout->ctx, &project, "1 model");
    assert_true(
        database_open(checkout->arena, sandbox_path(checkout->arena, &project), DATABASE_READ, 1000, &reader, &checkout->err));
    int64_t rows;
    assert_true(database_execute(reader, "BEGIN", &checkout->err));
    assert_true(database_query_integer(reader, "SELECT count(*) FROM orders", 0, &rows, &checkout->err));
    write_sandbox(checkout, &project, "INSERT INTO orders VALUES (1)");
    assert_false(matches(checkout, &project));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(nothing_new_is_known_as_such),
        test_with_checkout(every_change_that_could_show_in_a_model_is_noticed),
        test_with_checkout(a_sandbox_in_use_matches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
