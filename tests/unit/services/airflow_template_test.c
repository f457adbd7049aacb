#include "services/airflow_template.h"

#include "base/text.h"
#include "support/airflow_ready.h"

#define USERS "CREATE TABLE ab_user(username TEXT, password TEXT); INSERT INTO ab_user VALUES ('admin', '%s')"

static void execute(Checkout *checkout, const char *path, const char *sql) {
    Database *db = NULL;
    if (!database_open(checkout->arena, path, DATABASE_CREATE, 1000, &db, &checkout->err)) fail_msg("%s", checkout->err.message);
    if (!database_execute(db, sql, &checkout->err)) fail_msg("%s", checkout->err.message);
    database_close(db);
}

static const char *password_in(Checkout *checkout, const char *path) {
    Database *db = NULL;
    const char *password = NULL;
    assert_true(database_open(checkout->arena, path, DATABASE_READ, 1000, &db, &checkout->err));
    assert_true(database_query_text(checkout->arena, db, "SELECT password FROM ab_user", &password, &checkout->err));
    database_close(db);
    return password;
}

// The setup of a checkout with this devbox.yaml, its template holding this password's hash.
static AirflowSetup set_up(Checkout *checkout, const char *yaml, const char *hash, Project *project) {
    airflow_use_own_cache(checkout);
    checkout_add(checkout, "devbox.yaml", yaml);
    checkout_add_folder(checkout, "dags");
    *project = checkout_open(checkout);
    AirflowSetup setup = airflow_make_ready(checkout, project);
    if (hash != NULL) execute(checkout, setup.template_path, arena_format(checkout->arena, USERS, hash));
    return setup;
}

static void install(Checkout *checkout, const Project *project, const AirflowSetup *setup) {
    bool is_done = airflow_template_install(&checkout->ctx, project, setup, &checkout->err);
    if (!is_done) fail_msg("%s", checkout->err.message);
}

static void a_changed_password_reaches_a_database_that_is_there_already(void **state) {
    Checkout *checkout = *state;
    Project project;
    AirflowSetup setup = set_up(checkout, "airflow: {version: '2.10.3'}\n", "hash-of-admin", &project);
    install(checkout, &project, &setup);
    assert_string_equal(password_in(checkout, setup.database), "hash-of-admin");
    setup = set_up(checkout, "airflow: {version: '2.10.3', password: other}\n", "hash-of-other", &project);
    install(checkout, &project, &setup);
    assert_string_equal(password_in(checkout, setup.database), "hash-of-other");
}

static void a_password_changed_in_airflow_itself_stays(void **state) {
    Checkout *checkout = *state;
    Project project;
    AirflowSetup setup = set_up(checkout, "airflow: {version: '2.10.3'}\n", "hash-of-admin", &project);
    install(checkout, &project, &setup);
    execute(checkout, setup.database, "UPDATE ab_user SET password = 'my own'");
    install(checkout, &project, &setup);
    assert_string_equal(password_in(checkout, setup.database), "my own");
}

static void pools_are_written_and_changed(void **state) {
    Checkout *checkout = *state;
    Project project;
    AirflowSetup setup = set_up(checkout, "airflow: {version: '3.0.6', pools: {narrow: 2}}\n", NULL, &project);
    Database *db = NULL;
    int64_t slots = 0;
    install(checkout, &project, &setup);
    project.config.airflow.pools.items[0].slots = 5;
    install(checkout, &project, &setup);
    assert_true(database_open(checkout->arena, setup.database, DATABASE_READ, 1000, &db, &checkout->err));
    assert_true(database_query_integer(db, "SELECT slots FROM slot_pool WHERE pool = 'narrow'", 0, &slots, &checkout->err));
    database_close(db);
    assert_int_equal(slots, 5);
}

static void a_database_without_its_tables_is_an_error_that_names_the_pool(void **state) {
    Checkout *checkout = *state;
    Project project;
    AirflowSetup setup = set_up(checkout, "airflow: {version: '3.0.6', pools: {narrow: 2}}\n", NULL, &project);
    execute(checkout, setup.template_path, "DROP TABLE slot_pool");
    assert_false(airflow_template_install(&checkout->ctx, &project, &setup, &checkout->err));
    assert_non_null(strstr(checkout->err.message, "pool narrow"));
    assert_int_equal(checkout->err.code, ERROR_DATABASE);
}

// All checkouts share a template, and what is imported from a plugins folder leaves its bytecode there.
static void nothing_of_the_checkout_is_seen_while_a_template_is_made(void **state) {
    Checkout *checkout = *state;
    Project project;
    char *seen = NULL;
    AirflowSetup setup = set_up(checkout, "airflow: {version: '2.10.3'}\n", NULL, &project);
    checkout_add(checkout, "plugins/words.py", "");
    airflow_add_file(checkout, setup.python.python, "#!/bin/sh\nenv >> \"$0.environment\"\n: >> \"$AIRFLOW_HOME/airflow.db\"\n");
    assert_true(file_remove(checkout->arena, setup.template_path, &checkout->err));
    bool is_made = airflow_template_ensure(&checkout->ctx, &project, "airflow", &setup, &checkout->err);
    if (!is_made) fail_msg("%s", checkout->err.message);
    assert_true(file_exists(setup.template_path));
    const char *path = arena_format(checkout->arena, "%s.environment", setup.python.python);
    assert_true(file_read(checkout->arena, path, &seen, NULL, &checkout->err));
    assert_non_null(strstr(seen, "AIRFLOW__CORE__PLUGINS_FOLDER="));
    assert_null(strstr(seen, arena_format(checkout->arena, "=%s\n", project.plugins_dir)));
    assert_null(strstr(seen, arena_format(checkout->arena, "=%s\n", project.dags_dir)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(a_changed_password_reaches_a_database_that_is_there_already),
        test_with_checkout(a_password_changed_in_airflow_itself_stays),
        test_with_checkout(pools_are_written_and_changed),
        test_with_checkout(nothing_of_the_checkout_is_seen_while_a_template_is_made),
        test_with_checkout(a_database_without_its_tables_is_an_error_that_names_the_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
