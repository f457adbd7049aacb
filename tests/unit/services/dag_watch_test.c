// fakes: platform
#include "services/dag_watch.h"

#include "base/text.h"
#include "fakes/fake_platform.h"
#include "io/database.h"
#include "support/checkout.h"
#include "support/event_log.h"

typedef struct Watching {
    Checkout *checkout;
    Project project;
    AirflowSetup setup;
    DagWatch *watch;
    Database *db;
} Watching;

// A database as Airflow 3 has it, as far as its profile's statements look.
static const char schema[] =
    "CREATE TABLE dag(dag_id, fileloc, relative_fileloc, is_stale DEFAULT 0);"
    "CREATE TABLE import_error(filename, bundle_name);"
    "CREATE TABLE dag_priority_parsing_request(id PRIMARY KEY, bundle_name NOT NULL, relative_fileloc NOT NULL)";

static int start_watching(void **state) {
    int fd;
    if (checkout_create(state) != 0) return -1;
    Checkout *checkout = *state;
    Watching *watching = arena_allocate(checkout->arena, sizeof *watching);
    watching->checkout = checkout;
    checkout_add(checkout, "dags/orders.py", "dag airflow");
    checkout_add(checkout, "dags/helpers/money.py", "");
    watching->project = checkout_open(checkout);
    fake_platform_reset();
    if (!airflow_profile_load(&checkout->ctx, "3.0.6", &watching->setup.profile, &checkout->err)) return -1;
    watching->setup.database = checkout_path(checkout, "airflow.db");
    assert_true(database_open(checkout->arena, watching->setup.database, DATABASE_CREATE, 1000, &watching->db, &checkout->err));
    assert_true(database_execute(watching->db, schema, &checkout->err));
    const char *const rows[] = {checkout_path(checkout, "dags/orders.py"), checkout_path(checkout, "dags/broken.py")};
    assert_true(
        database_execute_with(watching->db, "INSERT INTO dag VALUES ('orders', ?1, 'orders.py', 0)", rows, 1, &checkout->err));
    assert_true(
        database_execute_with(watching->db, "INSERT INTO import_error VALUES (?2, 'dags-folder')", rows, 2, &checkout->err));
    if (!dag_watch_create(&checkout->ctx, &watching->project, &watching->setup, &watching->watch, &fd, &checkout->err)) return -1;
    *state = watching;
    return 0;
}

static int end_watching(void **state) {
    Watching *watching = *state;
    void *checkout = watching->checkout;
    dag_watch_destroy(watching->watch);
    database_close(watching->db);
    assert_int_equal(fake_platform.watches, 0);
    return checkout_remove(&checkout);
}

#define test_watching(function) cmocka_unit_test_setup_teardown(function, start_watching, end_watching)

// What Airflow is asked to parse after these changes, sorted.
static const char *forward(Watching *watching, const char *name, bool is_removed) {
    const char *asked = NULL;
    Checkout *checkout = watching->checkout;
    FileChange change = {.path = name == NULL ? NULL : checkout_path(checkout, name), .is_removed = is_removed};
    fake_platform.changes = &change;
    fake_platform.change_count = name == NULL ? 0 : 1;
    assert_true(database_execute(watching->db, "DELETE FROM dag_priority_parsing_request", &checkout->err));
    if (!dag_watch_forward(&checkout->ctx, watching->watch, &checkout->err)) fail_msg("%s", checkout->err.message);
    const char *sql =
        "SELECT group_concat(relative_fileloc, ' ') FROM (SELECT relative_fileloc FROM "
        "dag_priority_parsing_request ORDER BY 1)";
    assert_true(database_query_text(checkout->arena, watching->db, sql, &asked, &checkout->err));
    return asked == NULL ? "" : asked;
}

static void what_changed_decides_what_is_parsed(void **state) {
    static const struct {
        const char *name;
        bool is_removed;
        const char *expected;
    } rows[] = {
        {"dags/orders.py", false, "orders.py"},
        {"dags/fresh.py", false, "fresh.py"},
        {"dags/gone.py", true, "gone.py"},
        {"dags/helpers/money.py", false, "broken.py helpers/money.py orders.py"},
        {"dags/sql/orders.sql", false, "broken.py orders.py sql/orders.sql"},
        {"dags/.airflowignore", false, ".airflowignore broken.py orders.py"},
        {"dags/orders.pyc", false, ""},
        {"dags/orders.py~", false, ""},
        {"dags/.orders.py.swp", false, ""},
        {NULL, false, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *asked = forward(*state, rows[i].name, rows[i].is_removed);
        if (!text_equals(asked, rows[i].expected)) fail_msg("%s: '%s' instead of '%s'", rows[i].name, asked, rows[i].expected);
    }
}

static void a_new_file_is_a_helper_from_its_second_save(void **state) {
    assert_string_equal(forward(*state, "dags/helpers/new.py", false), "helpers/new.py");
    assert_string_equal(forward(*state, "dags/helpers/new.py", false), "broken.py helpers/new.py orders.py");
}

static void too_many_changes_ask_for_everything(void **state) {
    fake_platform.has_overflowed = true;
    assert_string_equal(forward(*state, NULL, false), "broken.py orders.py");
}

static void a_request_that_waits_already_is_not_made_twice(void **state) {
    Watching *watching = *state;
    const FileChange twice[] = {{.path = checkout_path(watching->checkout, "dags/orders.py")},
                                {.path = checkout_path(watching->checkout, "dags/orders.py")}};
    int64_t count = 0;
    fake_platform.changes = twice;
    fake_platform.change_count = 2;
    assert_true(dag_watch_forward(&watching->checkout->ctx, watching->watch, &watching->checkout->err));
    assert_true(database_query_integer(watching->db, "SELECT count(*) FROM dag_priority_parsing_request", 0, &count,
                                       &watching->checkout->err));
    assert_int_equal(count, 1);
}

static void what_cannot_be_asked_is_an_error(void **state) {
    Watching *watching = *state;
    const FileChange change = {.path = checkout_path(watching->checkout, "dags/orders.py")};
    fake_platform.changes = &change;
    fake_platform.change_count = 1;
    assert_true(database_execute(watching->db, "DROP TABLE dag_priority_parsing_request", &watching->checkout->err));
    assert_false(dag_watch_forward(&watching->checkout->ctx, watching->watch, &watching->checkout->err));
    assert_int_equal(watching->checkout->err.code, ERROR_DATABASE);
    watching->setup.database = "/nonexistent/airflow.db";
    fake_platform.change_count = 1;
    assert_false(dag_watch_forward(&watching->checkout->ctx, watching->watch, &watching->checkout->err));
    assert_non_null(strstr(watching->checkout->err.message, "/nonexistent/airflow.db"));
}

static void a_folder_that_cannot_be_watched_is_an_error(void **state) {
    Watching *watching = *state;
    DagWatch *other = NULL;
    int fd = -1;
    fake_platform.refuses_watching = true;
    assert_false(
        dag_watch_create(&watching->checkout->ctx, &watching->project, &watching->setup, &other, &fd, &watching->checkout->err));
    assert_null(other);
    dag_watch_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_watching(what_changed_decides_what_is_parsed), test_watching(a_new_file_is_a_helper_from_its_second_save),
        test_watching(too_many_changes_ask_for_everything), test_watching(a_request_that_waits_already_is_not_made_twice),
        test_watching(what_cannot_be_asked_is_an_error),    test_watching(a_folder_that_cannot_be_watched_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
