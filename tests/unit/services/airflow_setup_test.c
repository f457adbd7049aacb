// fakes: process clock
#include "services/airflow_setup.h"

#include "base/text.h"
#include "fakes/fake_process.h"
#include "services/airflow_shell.h"
#include "services/airflow_template.h"
#include "support/airflow_ready.h"
#include "support/checkout.h"
#include "support/event_log.h"

typedef struct Setup {
    Checkout *checkout;
    Project project;
    AirflowSetup setup;
    EventLog log;
} Setup;

static int start_setup(void **state) {
    if (checkout_create(state) != 0) return -1;
    Checkout *checkout = *state;
    Setup *setup = arena_allocate(checkout->arena, sizeof *setup);
    setup->checkout = checkout;
    airflow_use_own_cache(checkout);
    checkout_add_folder(checkout, "dags");
    fake_process_script(NULL, 0);
    *state = setup;
    return 0;
}

static int end_setup(void **state) {
    void *checkout = ((Setup *)*state)->checkout;
    return checkout_remove(&checkout);
}

#define test_setup(function) cmocka_unit_test_setup_teardown(function, start_setup, end_setup)

static Setup *open_with(void **state, const char *config, const char *dotenv) {
    Setup *setup = *state;
    if (config != NULL) checkout_add(setup->checkout, "devbox.yaml", config);
    if (dotenv != NULL) checkout_add(setup->checkout, ".env", dotenv);
    setup->project = checkout_open(setup->checkout);
    setup->setup = airflow_make_ready(setup->checkout, &setup->project);
    event_log_start(&setup->log, &setup->checkout->ctx);
    return setup;
}

static const char *said(const Setup *setup) { return error_as_text(&setup->checkout->err); }

static bool complete(Setup *setup) {
    error_clear(&setup->checkout->err);
    return airflow_setup_complete(&setup->checkout->ctx, &setup->project, "airflow", &setup->setup, &setup->checkout->err);
}

static const char *variable(Setup *setup, const char *name) {
    ChildEnvironment environment;
    if (!airflow_setup_environment(&setup->checkout->ctx, &setup->project, &setup->setup, 8085, &environment,
                                   &setup->checkout->err)) {
        fail_msg("%s", said(setup));
    }
    return child_environment_get(&environment, name);
}

static void the_profile_s_variables_are_filled_in(void **state) {
    Setup *setup = open_with(state, NULL, NULL);
    assert_string_equal(variable(setup, "AIRFLOW_HOME"), checkout_path(setup->checkout, ".devbox/airflow/3.0.6"));
    assert_string_equal(variable(setup, "AIRFLOW__CORE__DAGS_FOLDER"), checkout_path(setup->checkout, "dags"));
    assert_string_equal(variable(setup, "AIRFLOW__API__PORT"), "8085");
    assert_string_equal(variable(setup, "AIRFLOW__API__HOST"), "127.0.0.1");
    assert_string_equal(variable(setup, "AIRFLOW__CORE__LOAD_EXAMPLES"), "False");
    assert_int_equal(strlen(variable(setup, "AIRFLOW__CORE__FERNET_KEY")), 44);
    const char *folders = arena_format(setup->checkout->arena, "%s:%s:", checkout_path(setup->checkout, ".devbox/run/bin"),
                                       setup->setup.python.bin);
    assert_true(text_starts_with(variable(setup, "PATH"), folders));
}

static void devbox_yaml_wins_over_dotenv_and_both_over_the_profile(void **state) {
    Setup *setup = open_with(state,
                             "airflow: {env: {AIRFLOW__CORE__PARALLELISM: 9, AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG: 3, "
                             "DEVBOX_INSTANCE: mine}}\n",
                             "AIRFLOW__CORE__PARALLELISM=7\nAIRFLOW__CORE__LOAD_EXAMPLES=True\nAIRFLOW__NEW__KEY=x\n");
    assert_string_equal(variable(setup, "AIRFLOW__CORE__PARALLELISM"), "9");
    assert_string_equal(variable(setup, "AIRFLOW__CORE__LOAD_EXAMPLES"), "True");
    assert_string_equal(variable(setup, "AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG"), "3");
    assert_string_equal(variable(setup, "AIRFLOW__NEW__KEY"), "x");
    assert_string_equal(variable(setup, "DEVBOX_INSTANCE"), setup->project.instance);
}

static void what_devbox_relies_on_cannot_be_changed_and_says_so(void **state) {
    Setup *setup =
        open_with(state, "airflow:\n  env:\n    AIRFLOW__API__HOST: 0.0.0.0\n",
                  "X=1\nAIRFLOW__DATABASE__SQL_ALCHEMY_CONN=postgresql://prod/airflow\nAIRFLOW__CORE__EXECUTOR=CeleryExecutor\n");
    assert_string_equal(variable(setup, "AIRFLOW__API__HOST"), "127.0.0.1");
    assert_true(text_starts_with(variable(setup, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"), "sqlite:////"));
    assert_string_equal(variable(setup, "AIRFLOW__CORE__EXECUTOR"), "LocalExecutor");
    assert_string_equal(event_log_take(&setup->log), "");
    if (!complete(setup)) fail_msg("%s", said(setup));
    assert_string_equal(
        event_log_take(&setup->log),
        "warning: devbox.yaml:3: AIRFLOW__API__HOST is left out, because devbox sets it itself → remove the line\n"
        "warning: .env:2: AIRFLOW__DATABASE__SQL_ALCHEMY_CONN is left out, because devbox sets it itself → remove "
        "the line\n"
        "warning: .env:3: AIRFLOW__CORE__EXECUTOR is left out, because devbox sets it itself → remove the line\n");
}

static void a_complete_setup_has_database_and_passwords_and_stays(void **state) {
    Setup *setup = open_with(state, "airflow: {password: s3cret, pools: {crm: 3}}\n", NULL);
    char *passwords;
    if (!complete(setup)) fail_msg("%s", said(setup));
    assert_true(file_exists(setup->setup.database));
    const char *path = path_join(setup->checkout->arena, setup->setup.home, "passwords.json");
    assert_true(file_read(setup->checkout->arena, path, &passwords, NULL, &setup->checkout->err));
    assert_string_equal(passwords, "{\"admin\":\"s3cret\"}");
    assert_int_equal(file_info(path).mode, 0600);
    // A second time nothing is copied over what the user works with, only the pools are brought up to date.
    Database *db = NULL;
    int64_t slots = 0, pools = 0;
    assert_true(database_open(setup->checkout->arena, setup->setup.database, DATABASE_WRITE, 1000, &db, &setup->checkout->err));
    assert_true(database_execute(db, "UPDATE slot_pool SET slots = 99; CREATE TABLE mine(x)", &setup->checkout->err));
    if (!complete(setup)) fail_msg("%s", said(setup));
    assert_true(database_query_integer(db, "SELECT slots FROM slot_pool WHERE pool = 'crm'", 0, &slots, &setup->checkout->err));
    assert_true(database_query_integer(db, "SELECT count(*) FROM mine", -1, &pools, &setup->checkout->err));
    assert_int_equal(slots, 3);
    assert_int_equal(pools, 0);
    database_close(db);
}

static void a_percent_sign_in_the_path_is_refused_before_airflow_dies_of_it(void **state) {
    Setup *setup = open_with(state, NULL, NULL);
    Error *err = &setup->checkout->err;
    setup->project.root = "/home/ada/100 %s b";
    setup->project.state = "/home/ada/100 %s b/.devbox";
    assert_false(complete(setup));
    assert_int_equal(err->code, ERROR_CHECKOUT);
    assert_string_equal(err->message,
                        "Airflow cannot run in /home/ada/100 %s b: it takes the % in the path for the start of a placeholder");
    assert_string_equal(err->hint, "rename the checkout: mv '/home/ada/100 %s b' '/home/ada/100 _s b'");
    setup->project.root = "/home/50%/shop";
    setup->project.state = "/home/50%/shop/.devbox";
    assert_false(complete(setup));
    assert_string_equal(err->hint, "move the checkout to a folder that has no % in its path");
}

static void a_new_database_does_not_inherit_the_log_of_a_removed_one(void **state) {
    Setup *setup = open_with(state, NULL, NULL);
    const char *log = arena_format(setup->checkout->arena, "%s-wal", setup->setup.database);
    airflow_add_file(setup->checkout, log, "changes of a database that was removed");
    if (!complete(setup)) fail_msg("%s", said(setup));
    assert_false(file_exists(log));
}

static void pools_that_cannot_be_written_are_named(void **state) {
    Setup *setup = open_with(state, "airflow: {pools: {crm: 3}}\n", NULL);
    Database *db = NULL;
    assert_true(
        database_open(setup->checkout->arena, setup->setup.template_path, DATABASE_WRITE, 1000, &db, &setup->checkout->err));
    assert_true(database_execute(db, "DROP TABLE slot_pool", &setup->checkout->err));
    database_close(db);
    assert_false(complete(setup));
    assert_true(text_starts_with(setup->checkout->err.message, "pool crm: "));
}

// What `airflow db migrate` leaves behind.
static void migrate(const ProcessSpec *spec) {
    Arena *arena = arena_create();
    Error err = {.arena = arena};
    Database *db = NULL;
    const char *path = path_join(arena, spec->folder, "airflow.db");
    assert_true(text_ends_with(spec->folder, ".making"));
    assert_true(database_open(arena, path, DATABASE_CREATE, 1000, &db, &err));
    assert_true(database_execute(db, "CREATE TABLE slot_pool(pool TEXT UNIQUE, slots, description, include_deferred)", &err));
    assert_true(database_execute(db, "CREATE TABLE ab_user(username, password)", &err));
    database_close(db);
    arena_destroy(arena);
}

static void the_template_is_made_once_beside_its_place(void **state) {
    static const FakeChild children[] = {{.command = "*/bin/python -m airflow db migrate", .effect = migrate}};
    Setup *setup = open_with(state, NULL, NULL);
    Error *err = &setup->checkout->err;
    assert_true(file_remove(setup->checkout->arena, setup->setup.template_path, err));
    fake_process_script(children, 1);
    if (!complete(setup)) fail_msg("%s", said(setup));
    fake_process_assert_used();
    assert_true(file_exists(setup->setup.template_path));
    assert_false(folder_exists(arena_format(setup->checkout->arena, "%s.making", setup->setup.template_path)));
    assert_string_equal(event_log_take(&setup->log), "progress airflow: preparing Airflow's metadata database\n");
    if (!complete(setup)) fail_msg("%s", said(setup));
}

static void airflow_2_has_its_user_and_password_in_the_template(void **state) {
    static const FakeChild children[] = {
        {.command = "* db migrate", .effect = migrate},
        {.command = "* sync-perm"},
        {.command = "* users create --username admin --password s3cret * --email admin@localhost"}};
    Setup *setup = open_with(state, "airflow: {version: 2.10.3, password: s3cret}\n", NULL);
    const char *first = setup->setup.template_path;
    assert_true(file_remove(setup->checkout->arena, first, &setup->checkout->err));
    fake_process_script(children, 3);
    if (!complete(setup)) fail_msg("%s", said(setup));
    fake_process_assert_used();
    setup->project.config.airflow.password = "other";
    assert_true(airflow_setup_observe(&setup->checkout->ctx, &setup->project, &setup->setup, &setup->checkout->err));
    assert_string_not_equal(setup->setup.template_path, first);
}

static void a_template_that_cannot_be_made_is_told_and_leaves_nothing_under_its_name(void **state) {
    static const FakeChild children[] = {{.command = "* db migrate", .exit_code = 1, .errors = "no such module\n"}};
    static const FakeChild nothing[] = {{.command = "* db migrate"}};
    Setup *setup = open_with(state, NULL, NULL);
    assert_true(file_remove(setup->checkout->arena, setup->setup.template_path, &setup->checkout->err));
    fake_process_script(children, 1);
    assert_false(complete(setup));
    assert_string_equal(said(setup),
                        "CHILD cannot make Airflow's metadata database: python -m (exit code 1) failed\nno such module");
    assert_false(file_exists(setup->setup.template_path));
    fake_process_script(nothing, 1);
    assert_false(complete(setup));
    assert_int_equal(setup->checkout->err.code, ERROR_DATABASE);
    assert_false(file_exists(setup->setup.template_path));
}

static void requirements_of_the_user_count_only_when_they_are_there(void **state) {
    Setup *setup = open_with(state, NULL, NULL);
    const char *without = setup->setup.python.folder;
    checkout_add(setup->checkout, "requirements.txt", "pandas\n");
    setup->project = checkout_open(setup->checkout);
    assert_true(airflow_setup_observe(&setup->checkout->ctx, &setup->project, &setup->setup, &setup->checkout->err));
    assert_string_not_equal(setup->setup.python.folder, without);
    assert_false(setup->setup.python.is_ready);
    setup->project.config.airflow.requirements = NULL;
    assert_true(airflow_setup_observe(&setup->checkout->ctx, &setup->project, &setup->setup, &setup->checkout->err));
    assert_string_equal(setup->setup.python.folder, without);
}

static void damaged_secrets_stop_every_environment(void **state) {
    Setup *setup = open_with(state, NULL, NULL);
    ChildEnvironment environment;
    checkout_add(setup->checkout, ".devbox/secrets.json", "{");
    assert_false(
        airflow_setup_environment(&setup->checkout->ctx, &setup->project, &setup->setup, 0, &environment, &setup->checkout->err));
    assert_non_null(strstr(said(setup), "secrets.json"));
}

static void airflow_s_own_command_line_runs_in_this_environment(void **state) {
    static const struct {
        FakeChild child;
        int expected_code;
        const char *expected;  // NULL: it is done
    } rows[] = {
        {{.command = "*/bin/python -m airflow dags list", .variable = "AIRFLOW__API__PORT=8080"}, 0, NULL},
        {{.command = "*", .exit_code = 3}, 3, NULL},
        {{.command = "*", .outcome = PROCESS_SIGNALED, .signal = 9}, -1, "CHILD airflow was killed by signal 9"},
        {{.command = "*", .outcome = PROCESS_INTERRUPTED}, -1, "INTERRUPTED interrupted before airflow had ended"},
        {{.command = "*", .error = ERROR_FILE}, -1, "FILE python cannot run"},
    };
    Setup *setup = open_with(state, NULL, NULL);
    StringList words = {0};
    list_push(setup->checkout->arena, &words, "dags");
    list_push(setup->checkout->arena, &words, "list");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int exit_code = -1;
        fake_process_script(&rows[i].child, 1);
        bool is_done = airflow_pass_through(&setup->checkout->ctx, &setup->project, &words, &exit_code, &setup->checkout->err);
        assert_int_equal(is_done, rows[i].expected == NULL);
        assert_int_equal(exit_code, rows[i].expected_code);
        if (!is_done) assert_string_equal(said(setup), rows[i].expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_setup(the_profile_s_variables_are_filled_in),
        test_setup(devbox_yaml_wins_over_dotenv_and_both_over_the_profile),
        test_setup(what_devbox_relies_on_cannot_be_changed_and_says_so),
        test_setup(a_complete_setup_has_database_and_passwords_and_stays),
        test_setup(a_percent_sign_in_the_path_is_refused_before_airflow_dies_of_it),
        test_setup(a_new_database_does_not_inherit_the_log_of_a_removed_one),
        test_setup(pools_that_cannot_be_written_are_named),
        test_setup(the_template_is_made_once_beside_its_place),
        test_setup(airflow_2_has_its_user_and_password_in_the_template),
        test_setup(a_template_that_cannot_be_made_is_told_and_leaves_nothing_under_its_name),
        test_setup(requirements_of_the_user_count_only_when_they_are_there),
        test_setup(damaged_secrets_stop_every_environment),
        test_setup(airflow_s_own_command_line_runs_in_this_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
