// fakes: airflow_docker_sql
#include "services/dag_parse.h"

#include "base/text.h"
#include "fakes/fake_airflow_docker_sql.h"
#include "io/database.h"
#include "support/checkout.h"

#define DAGS "/home/it's/:relative/dags"

// What the statements look at, as each family has it.
static const char schema_2[] =
    "CREATE TABLE dag(dag_id, fileloc, is_active DEFAULT 1); CREATE TABLE import_error(filename);"
    "INSERT INTO dag VALUES ('a', '/home/it''s/:relative/dags/a.py', 1), ('b', '/home/it''s/:relative/dags/a.py', 1),"
    "('gone', '/home/it''s/:relative/dags/gone.py', 0);"
    "INSERT INTO import_error VALUES ('/home/it''s/:relative/dags/broken.py');"
    "CREATE TABLE dag_priority_parsing_request(id VARCHAR(32) PRIMARY KEY, fileloc NOT NULL);"
    "CREATE VIEW asked AS SELECT id, substr(fileloc, length('"
    "/home/it''s/:relative/dags/"
    "') + 1) AS name "
    "FROM dag_priority_parsing_request";
static const char schema_3[] =
    "CREATE TABLE dag(dag_id, relative_fileloc, is_stale DEFAULT 0); CREATE TABLE import_error(filename, bundle_name);"
    "INSERT INTO dag VALUES ('a', 'a.py', 0), ('b', 'a.py', 0), ('gone', 'gone.py', 1);"
    "INSERT INTO import_error VALUES ('/home/it''s/:relative/dags/broken.py', 'dags-folder');"
    "CREATE TABLE dag_priority_parsing_request(id VARCHAR(32) PRIMARY KEY, bundle_name NOT NULL, relative_fileloc NOT NULL);"
    "CREATE VIEW asked AS SELECT id, relative_fileloc AS name FROM dag_priority_parsing_request WHERE bundle_name = "
    "'dags-folder'";

static const char *query(Checkout *checkout, Database *db, const char *sql) {
    const char *text = NULL;
    assert_true(database_query_text(checkout->arena, db, sql, &text, &checkout->err));
    return text == NULL ? "" : text;
}

static void ask(Checkout *checkout, Database *db, const StringList *statements, const char *path) {
    if (!database_execute(db, dag_parse_fill(checkout->arena, statements, DAGS, path), &checkout->err))
        fail_msg("%s", checkout->err.message);
}

static void check_statements(Checkout *checkout, const char *version) {
    cleanup_database Database *db = NULL;
    AirflowProfile profile;
    const char *names = "SELECT group_concat(name, ' ') FROM (SELECT name FROM asked ORDER BY 1)";
    if (!airflow_profile_load(&checkout->ctx, version, &profile, &checkout->err)) fail_msg("%s", checkout->err.message);
    assert_true(database_open(checkout->arena, checkout_path(checkout, version), DATABASE_CREATE, 1000, &db, &checkout->err));
    assert_true(database_execute(db, version[0] == '2' ? schema_2 : schema_3, &checkout->err));
    ask(checkout, db, &profile.parse_changed, DAGS "/team/:fileloc it's.py");
    ask(checkout, db, &profile.parse_changed, DAGS "/team/:fileloc it's.py");
    assert_string_equal(query(checkout, db, names), "team/:fileloc it's.py");
    ask(checkout, db, &profile.parse_all, NULL);
    ask(checkout, db, &profile.parse_all, NULL);
    assert_string_equal(query(checkout, db, names), "a.py broken.py team/:fileloc it's.py");
    // As long as Airflow's column allows, and no two alike.
    const char *ids = "SELECT count(DISTINCT id) || ' ' || (max(length(id)) <= 32) || ' ' || max(typeof(id)) FROM asked";
    assert_string_equal(query(checkout, db, ids), "3 1 text");
}

static void every_profile_asks_for_each_file_once_whatever_its_name(void **state) {
    Checkout *checkout = *state;
    StringList versions = airflow_profile_versions(&checkout->ctx);
    list_each(const char *const, version, &versions) check_statements(checkout, *version);
}

// Functions and syntax of one of the two databases.
static void the_statements_are_no_dialect(void **state) {
    static const char *const dialect[] = {"randomblob", "hex(", "md5(", "OR IGNORE", "::", "\""};
    Checkout *checkout = *state;
    StringList versions = airflow_profile_versions(&checkout->ctx);
    list_each(const char *const, version, &versions) {
        AirflowProfile profile;
        assert_true(airflow_profile_load(&checkout->ctx, *version, &profile, &checkout->err));
        const char *sql = arena_format(checkout->arena, "%s%s%s", dag_parse_fill(checkout->arena, &profile.parse_all, "/d", NULL),
                                       dag_parse_fill(checkout->arena, &profile.parse_changed, "/d", "/d/a.py"),
                                       dag_parse_fill(checkout->arena, &profile.parse_removed, "/d", "/d/a.py"));
        for (size_t i = 0; i < sizeof dialect / sizeof *dialect; i++) assert_null(strstr(sql, dialect[i]));
        // PostgreSQL wants a name for each of them.
        assert_null(strstr(sql, ") WHERE relative"));
        assert_null(strstr(sql, ") WHERE fileloc NOT IN"));
    }
}

static size_t count(const char *text, const char *what) {
    size_t found = 0;
    for (; (text = strstr(text, what)) != NULL; text++) found++;
    return found;
}

static void few_files_are_named_and_many_are_all(void **state) {
    static const struct {
        int files;
        size_t statements;
        const char *holds;
    } rows[] = {{2, 2, "'one1.py'"}, {100, 100, "'one99.py'"}, {101, 1, "FROM dag WHERE"}, {0, 1, "FROM dag WHERE"}};
    Checkout *checkout = *state;
    checkout_add(checkout, "devbox.yaml", "runtime: docker\nairflow: {version: 3.0.6}\n");
    checkout_add_folder(checkout, "dags");
    Project project = checkout_open(checkout);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        StringList files = {0};
        for (int number = 0; number < rows[i].files; number++) {
            const char *name = arena_format(checkout->arena, "one%d.py", number);
            list_push(checkout->arena, &files, path_join(checkout->arena, project.dags_dir, name));
        }
        fake_airflow_docker_sql = (FakeAirflowDockerSql){0};
        assert_true(dag_parse_request(&checkout->ctx, &project, &files, &checkout->err));
        assert_int_equal(fake_airflow_docker_sql.runs, 1);
        assert_int_equal(count(fake_airflow_docker_sql.sql, "INSERT INTO"), rows[i].statements);
        assert_non_null(strstr(fake_airflow_docker_sql.sql, rows[i].holds));
    }
}

static void who_does_not_answer_is_an_error(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "devbox.yaml", "runtime: docker\n");
    Project project = checkout_open(checkout);
    fake_airflow_docker_sql = (FakeAirflowDockerSql){.failure = ERROR_DATABASE};
    assert_false(dag_parse_request(&checkout->ctx, &project, &(StringList){0}, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_DATABASE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(every_profile_asks_for_each_file_once_whatever_its_name),
        test_with_checkout(the_statements_are_no_dialect),
        test_with_checkout(few_files_are_named_and_many_are_all),
        test_with_checkout(who_does_not_answer_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
