// fakes: airflow_docker_sql dag_tests dbt
#include "services/watch.h"

#include "base/text.h"
#include "fakes/fake_airflow_docker_sql.h"
#include "fakes/fake_dag_tests.h"
#include "fakes/fake_dbt.h"
#include "support/checkout.h"
#include "support/event_log.h"

// What the user does each time the watch waits; after the last one Ctrl-C.
typedef struct Save {
    const char *name, *content;  // content NULL: the file is removed
} Save;

typedef struct Watching {
    Checkout *checkout;
    EventLog log;
    const Save *next;
    bool writes_itself;  // the test writes below the DAG folder
} Watching;

static volatile sig_atomic_t cancel;

static void act(void *state, const Event *event) {
    Watching *watching = state;
    Checkout *checkout = watching->checkout;
    if (event->kind == EVENT_ROUND && watching->writes_itself) checkout_add(checkout, "dags/out.csv", "1");
    if (event->kind != EVENT_STATUS) return;
    const Save *save = watching->next++;
    if (save->name == NULL) {
        cancel = 1;
    } else if (save->content != NULL) {
        checkout_add(checkout, save->name, save->content);
    } else {
        assert_true(file_remove(checkout->arena, checkout_path(checkout, save->name), &checkout->err));
    }
}

// Times are taken out.
static const char *without_times(Arena *arena, const char *log) {
    Text text = {.arena = arena};
    for (const char *at = log; *at != '\0'; at++) {
        bool is_time =
            at[0] >= '0' && at[0] <= '9' && at[1] != '\0' && at[2] == ':' && at[3] != '\0' && at[4] != '\0' && at[5] == ':';
        if (is_time) at += strlen("12:34:5");
        text_append_char(&text, is_time ? 'T' : *at);
    }
    return text_string(&text);
}

static bool run(Watching *watching, const Save *saves) {
    Checkout *checkout = watching->checkout;
    Project project = checkout_open(checkout);
    cancel = 0;
    checkout->ctx.cancel = &cancel;
    event_log_start(&watching->log, &checkout->ctx);
    watching->log.on_event = act;
    watching->log.state = watching;
    watching->next = saves;
    return watch_run(&checkout->ctx, &project, &checkout->err);
}

static const char *log_of(void **state, const Save *saves, bool writes_itself) {
    Watching watching = {.checkout = *state, .writes_itself = writes_itself};
    fake_dag_tests = (FakeDagTests){0};
    fake_dbt = (FakeDbt){0};
    fake_airflow_docker_sql = (FakeAirflowDockerSql){0};
    if (!run(&watching, saves)) fail_msg("%s", watching.checkout->err.message);
    const char *log = event_log_take(&watching.log);
    const char *headline = strchr(log, '\n');
    return without_times(watching.checkout->arena, headline == NULL ? log : headline + 1);
}

#define WAITS(outcome) "status: watching dags · T " outcome " in 0.00s · Ctrl-C ends\n"
#define IMPORTS "progress airflow: importing\n"

static void a_save_tests_the_files_that_it_affects(void **state) {
    static const Save saves[] = {
        {"dags/helper.py", "2"}, {"dags/b.py", "broken"}, {"dags/b.py", "fine"}, {"dags/b.py", NULL}, {0}};
    checkout_add(*state, "dags/a.py", "uses dags/helper.py");
    checkout_add(*state, "dags/helper.py", "1");
    assert_string_equal(log_of(state, saves, false),
                        IMPORTS "round: \n" WAITS("passed")
                        "headline: T · dags/helper.py saved\n" IMPORTS "case: pass dags/a.py\ncase: pass dags/helper.py\n"
                        "round: \n" WAITS("passed")
                        "headline: T · dags/b.py saved\n" IMPORTS
                        "case: pass dags/a.py\ncase: fail dags/b.py · ImportError: broken\ncase: pass dags/helper.py\n"
                        "round: \n" WAITS("failed")
                        "headline: T · dags/b.py saved\n" IMPORTS
                        "case: pass dags/a.py\ncase: pass dags/b.py\ncase: pass dags/helper.py\nround: \n" WAITS("passed")
                        "headline: T · dags/b.py removed\nnote:   no test depends on it\n"
                        "status: watching dags · Ctrl-C ends\n");
    assert_int_equal(fake_dag_tests.paths.count, 1);
}

static void the_first_round_shows_what_is_red_alone(void **state) {
    static const Save none[] = {{0}};
    checkout_add(*state, "dags/a.py", "fine");
    checkout_add(*state, "dags/b.py", "broken");
    assert_string_equal(log_of(state, none, false),
                        IMPORTS "case: fail dags/b.py · ImportError: broken\nround: \n" WAITS("failed"));
}

static void settings_are_no_test_but_get_a_sentence(void **state) {
    static const Save saves[] = {{"devbox.yaml", "{}"}, {"requirements.txt", "pandas"}, {"dags/notes.md", "x"}, {0}};
    checkout_add(*state, "dags/a.py", "fine");
    const char *log = log_of(state, saves, false);
    assert_non_null(strstr(log,
                           "devbox.yaml saved\nnote:   to have devbox.yaml hold everywhere: devbox start, and then this watch "
                           "again\n"));
    assert_non_null(strstr(log,
                           "requirements.txt saved\nnote:   the next test installs what requirements.txt names now; for the "
                           "running Airflow: devbox start\n"));
    assert_non_null(strstr(log, "dags/notes.md saved\nnote:   no test depends on it\n"));
    assert_int_equal(fake_dag_tests.checks, 1);
}

static void what_airflow_ignores_may_concern_every_file(void **state) {
    static const Save saves[] = {{"dags/.airflowignore", "b"}, {0}};
    checkout_add(*state, "dags/a.py", "fine");
    log_of(state, saves, false);
    assert_int_equal(fake_dag_tests.checks, 2);
    assert_int_equal(fake_dag_tests.paths.count, 0);
}

static void a_test_that_writes_where_saves_are_looked_for_does_not_go_on_for_ever(void **state) {
    static const Save saves[] = {{"dags/a.py", "fine again\nuses dags/out.csv"}, {0}};
    checkout_add(*state, "dags/a.py", "fine\nuses dags/out.csv");
    const char *log = log_of(state, saves, true);
    assert_non_null(strstr(log, "note: dags/out.csv is written by the test itself, so its changes are left alone from now on\n"));
    assert_true(fake_dag_tests.checks < 6);
}

static void what_cannot_run_now_may_run_after_the_next_save(void **state) {
    static const Save saves[] = {{"dags/a.py", "fine too"}, {0}};
    Watching watching = {.checkout = *state};
    checkout_add(*state, "dags/a.py", "fine");
    fake_dag_tests = (FakeDagTests){.failure = ERROR_CHILD};
    assert_false(run(&watching, saves));
    assert_int_equal(watching.checkout->err.code, ERROR_CHILD);
    fake_dag_tests = (FakeDagTests){.fails_from = 2, .failure = ERROR_CHILD};
    error_clear(&watching.checkout->err);
    assert_true(run(&watching, saves));
    assert_non_null(strstr(event_log_take(&watching.log), "failed watch: Airflow could not be asked\nstatus: "));
}

static void a_checkout_without_dags_waits_for_what_comes(void **state) {
    static const Save saves[] = {{"dbt/models/a.sql", "fine"}, {0}};
    Watching watching = {.checkout = *state};
    fake_dbt = (FakeDbt){0};
    checkout_add(*state, "devbox.yaml", "{}");
    checkout_add(*state, "dbt/dbt_project.yml", "name: shop");
    fake_dag_tests = (FakeDagTests){0};
    assert_true(run(&watching, saves));
    assert_int_equal(fake_dag_tests.checks, 0);
    assert_string_equal(fake_dbt.saved, "models/a.sql");
    assert_non_null(strstr(event_log_take(&watching.log), "dbt/models/a.sql saved\nround: "));
}

static void folders_that_come_and_go_have_all_files_checked(void **state) {
    static const Save saves[] = {{"plugins/op.py", "1"}, {"plugins/op.py", "2"}, {0}};
    checkout_add(*state, "dags/a.py", "uses plugins/op.py");
    const char *log = log_of(state, saves, false);
    assert_non_null(strstr(log, "headline: T · much has changed\n"));
    assert_non_null(strstr(log, "headline: T · plugins/op.py saved\n"));
    assert_int_equal(fake_dag_tests.checks, 3);
    assert_int_equal(fake_dag_tests.paths.count, 1);
}

static void a_seed_is_not_loaded_behind_the_user_s_back(void **state) {
    static const Save saves[] = {{"seeds/orders.csv", "id\n1\n"}, {0}};
    checkout_add_folder(*state, "seeds");
    checkout_add(*state, "dags/a.py", "fine");
    assert_non_null(strstr(log_of(state, saves, false),
                           "seeds/orders.csv saved\nnote:   to load seeds/orders.csv into the sandbox: devbox db seed\n"));
}

#define IN_CONTAINERS "runtime: docker\nairflow: {version: 3.0.6}\n"

static void airflow_in_containers_is_asked_to_parse_what_uses_a_saved_file(void **state) {
    static const Save saves[] = {{"dags/helper.py", "2"}, {0}};
    checkout_add(*state, "devbox.yaml", IN_CONTAINERS);
    checkout_add(*state, "dags/a.py", "uses dags/helper.py");
    checkout_add(*state, "dags/b.py", "fine");
    checkout_add(*state, "dags/helper.py", "1");
    log_of(state, saves, false);
    assert_int_equal(fake_airflow_docker_sql.runs, 1);
    assert_non_null(strstr(fake_airflow_docker_sql.sql, "'dags-folder', 'a.py'"));
    assert_null(strstr(fake_airflow_docker_sql.sql, "b.py"));
    assert_null(strstr(fake_airflow_docker_sql.sql, "helper.py"));
}

static void airflow_is_asked_for_all_files_when_any_may_differ(void **state) {
    static const Save saves[] = {{"dags/.airflowignore", "b"}, {0}};
    checkout_add(*state, "devbox.yaml", IN_CONTAINERS);
    checkout_add(*state, "dags/a.py", "fine");
    log_of(state, saves, false);
    assert_int_equal(fake_airflow_docker_sql.runs, 1);
    assert_non_null(strstr(fake_airflow_docker_sql.sql, "FROM dag WHERE"));
}

static void airflow_is_not_asked_for_what_it_sees_by_itself(void **state) {
    static const Save saves[] = {
        {"dags/a.py", "fine too"}, {"dags/b.py", "new"}, {"dags/notes.md", "x"}, {"dags/b.py", NULL}, {0}};
    checkout_add(*state, "devbox.yaml", IN_CONTAINERS);
    checkout_add(*state, "dags/a.py", "fine");
    log_of(state, saves, false);
    assert_int_equal(fake_airflow_docker_sql.runs, 0);
}

static void who_watches_the_folder_already_is_not_asked(void **state) {
    static const Save saves[] = {{"dags/helper.py", "2"}, {0}};
    checkout_add(*state, "devbox.yaml", "runtime: native\n");
    checkout_add(*state, "dags/a.py", "uses dags/helper.py");
    checkout_add(*state, "dags/helper.py", "1");
    log_of(state, saves, false);
    assert_int_equal(fake_airflow_docker_sql.runs, 0);
}

static void airflow_that_cannot_be_asked_is_no_news_but_with_verbose(void **state) {
    static const Save saves[] = {{"dags/helper.py", "2"}, {0}};
    Watching watching = {.checkout = *state};
    checkout_add(*state, "devbox.yaml", IN_CONTAINERS);
    checkout_add(*state, "dags/a.py", "uses dags/helper.py");
    checkout_add(*state, "dags/helper.py", "1");
    for (int verbosity = 0; verbosity <= 1; verbosity++) {
        fake_dag_tests = (FakeDagTests){0};
        fake_airflow_docker_sql = (FakeAirflowDockerSql){.failure = ERROR_DATABASE};
        watching.checkout->ctx.verbosity = verbosity;
        assert_true(run(&watching, saves));
        bool is_told = strstr(event_log_take(&watching.log), "the engine does not answer") != NULL;
        assert_int_equal(is_told, verbosity > 0);
        assert_int_equal(fake_airflow_docker_sql.runs, 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(a_save_tests_the_files_that_it_affects),
        test_with_checkout(the_first_round_shows_what_is_red_alone),
        test_with_checkout(settings_are_no_test_but_get_a_sentence),
        test_with_checkout(what_airflow_ignores_may_concern_every_file),
        test_with_checkout(a_test_that_writes_where_saves_are_looked_for_does_not_go_on_for_ever),
        test_with_checkout(what_cannot_run_now_may_run_after_the_next_save),
        test_with_checkout(a_checkout_without_dags_waits_for_what_comes),
        test_with_checkout(folders_that_come_and_go_have_all_files_checked),
        test_with_checkout(airflow_in_containers_is_asked_to_parse_what_uses_a_saved_file),
        test_with_checkout(airflow_is_asked_for_all_files_when_any_may_differ),
        test_with_checkout(airflow_is_not_asked_for_what_it_sees_by_itself),
        test_with_checkout(who_watches_the_folder_already_is_not_asked),
        test_with_checkout(airflow_that_cannot_be_asked_is_no_news_but_with_verbose),
        test_with_checkout(a_seed_is_not_loaded_behind_the_user_s_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
