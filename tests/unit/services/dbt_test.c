// fakes: process clock
#include "services/dbt.h"

#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_process.h"
#include "io/json.h"
#include "io/lock_file.h"
#include "services/dbt_setup.h"
#include "services/sandbox.h"
#include "support/airflow_ready.h"
#include "support/checkout.h"
#include "support/event_log.h"

typedef struct Dbt {
    Checkout *checkout;
    Project project;
    EventLog log;
    Verdict verdict;
    const char *events;  // what the worker writes to its events file
    Value *context;      // what the worker was given last
} Dbt;

static Dbt *current;

static int start_dbt(void **state) {
    if (checkout_create(state) != 0) return -1;
    Checkout *checkout = *state;
    DbtSetup setup;
    Dbt *dbt = arena_allocate(checkout->arena, sizeof *dbt);
    dbt->checkout = checkout;
    dbt->events = "";
    airflow_use_own_cache(checkout);
    checkout_add(checkout, "devbox.yaml", "dbt: {project: dbt}\n");
    checkout_add(checkout, "dbt/dbt_project.yml", "name: shop\n");
    checkout_add(checkout, "seeds/orders.csv", "id,amount\n1,5\n");
    dbt->project = checkout_open(checkout);
    assert_true(project_prepare_state(&checkout->ctx, &dbt->project, &checkout->err));
    if (!dbt_setup_observe(&checkout->ctx, &dbt->project, &setup, &checkout->err)) fail_msg("%s", checkout->err.message);
    airflow_add_environment(checkout, &setup.python);
    event_log_start(&dbt->log, &checkout->ctx);
    fake_process_script(NULL, 0);
    current = dbt;
    *state = dbt;
    return 0;
}

static int end_dbt(void **state) {
    void *checkout = ((Dbt *)*state)->checkout;
    return checkout_remove(&checkout);
}

#define test_dbt(function) cmocka_unit_test_setup_teardown(function, start_dbt, end_dbt)

static const char *path_in(const char *name) { return checkout_path(current->checkout, name); }

// What src/workers/dbt_run.py does with its context and its events file.
static void work(const ProcessSpec *spec) {
    Error *err = &current->checkout->err;
    const char *const *word = spec->argv;
    while (*word != NULL && !text_equals(*word, "--context")) word++;
    assert_non_null(*word);
    if (!json_read_file(current->checkout->arena, word[1], &current->context, err)) fail_msg("%s", err->message);
    const char *events = value_get_string(current->context, "events", NULL);
    if (events != NULL) airflow_add_file(current->checkout, events, current->events);
}

static void script(const FakeChild *children, size_t count) {
    FakeChild *owned = arena_allocate_array(current->checkout->arena, count, sizeof *owned);
    for (size_t i = 0; i < count; i++) {
        owned[i] = children[i];
        owned[i].effect = work;
        owned[i].folder = current->checkout->root;
    }
    fake_process_script(owned, count);
}

static bool build(void) {
    error_clear(&current->checkout->err);
    current->verdict = (Verdict){0};
    return dbt_build(&current->checkout->ctx, &current->project, &current->verdict, &current->checkout->err);
}

static bool test(const StringList *selectors) {
    error_clear(&current->checkout->err);
    current->verdict = (Verdict){0};
    const DbtTestOptions options = {.selectors = *selectors};
    return dbt_test(&current->checkout->ctx, &current->project, &options, &current->verdict, &current->checkout->err);
}

static const char *said(void) { return error_as_text(&current->checkout->err); }

#define BUILD .command = "*/bin/python */workers/dbt_run.py --context * -- build"
#define NODE(name, status) \
    "{\"event\":\"node\",\"name\":\"" name "\",\"kind\":\"model\",\"status\":\"" status "\",\"duration_ms\":5}\n"

static void a_build_makes_a_case_of_each_node(void **state) {
    static const FakeChild children[] = {{BUILD, .output = "1 of 2\n2 of 2\n"}};
    (void)state;
    current->events = NODE("stg_orders", "pass") NODE("orders", "pass") "{\"event\":\"done\",\"state\":\"success\"}\n";
    script(children, 1);
    if (!build()) fail_msg("%s", said());
    assert_int_equal(current->verdict.passed, 2);
    assert_string_equal(event_log_take(&current->log),
                        "progress dbt: dbt build\ncase: pass stg_orders\ncase: pass orders\n"
                        "progress dbt: 2 nodes done, last: orders\nprogress dbt: 2 nodes done, last: orders\n");
    assert_string_equal(value_get_string(current->context, "sandbox", ""), path_in(".devbox/sandbox.db"));
    assert_string_equal(value_get_string(current->context, "project_dir", ""), path_in("dbt"));
    assert_true(value_get_bool(current->context, "publish", false));
    assert_int_equal(file_info(path_in(".devbox/run/bin/dbt")).mode, 0700);
}

static void red_nodes_are_a_verdict_and_no_error(void **state) {
    static const FakeChild children[] = {{BUILD, .exit_code = 1}};
    (void)state;
    current->events = NODE("stg_orders", "error") NODE("orders", "skip") "{\"event\":\"node\",\"name\":\"half";
    script(children, 1);
    if (!build()) fail_msg("%s", said());
    assert_int_equal(current->verdict.errors, 1);
    assert_int_equal(current->verdict.skipped, 1);
    assert_false(verdict_is_green(&current->verdict));
}

static void a_project_that_dbt_cannot_read_is_red(void **state) {
    static const FakeChild children[] = {{BUILD, .exit_code = 2}};
    (void)state;
    current->events = "{\"event\":\"done\",\"message\":\"Compilation Error\\n  model x depends on y\\n  in a.sql\"}\n";
    script(children, 1);
    if (!build()) fail_msg("%s", said());
    assert_int_equal(current->verdict.errors, 1);
    const TestCase *broken = &current->verdict.cases.items[0];
    assert_string_equal(broken->name, "dbt");
    assert_string_equal(broken->message, "Compilation Error: model x depends on y");
    assert_string_equal(broken->detail, "Compilation Error\n  model x depends on y\n  in a.sql");
}

static void a_build_that_is_no_verdict_is_an_error_with_its_reason(void **state) {
#define CLOSER " → look closer with: devbox dbt build"
    static const struct {
        FakeChild child;
        const char *events, *expected;
    } rows[] = {
        {{BUILD, .exit_code = 1, .errors = "Traceback\n"}, "", "CHILD dbt could not run (exit code 1)" CLOSER "\nTraceback"},
        {{BUILD, .exit_code = 2, .output = "odd\n"}, "", "CHILD dbt could not run (exit code 2)" CLOSER "\nodd"},
        {{BUILD, .exit_code = 75}, "", "BUSY dbt could not run (exit code 75)" CLOSER},
        {{BUILD, .exit_code = 75},
         "{\"event\":\"done\",\"message\":\"dbt is at work (pid 7)\"}\n",
         "BUSY dbt is at work (pid 7)"},
        {{BUILD, .exit_code = 130}, NODE("a", "pass"), "CHILD dbt could not run (exit code 130)" CLOSER},
        {{BUILD, .exit_code = 137},
         "",
         "CHILD dbt was killed, most likely because its container ran out of memory → give it more: airflow.memory: 4g in "
         "devbox.yaml"},
        {{BUILD, .outcome = PROCESS_SIGNALED, .signal = 9}, "", "CHILD dbt was killed by signal 9" CLOSER},
        {{BUILD, .outcome = PROCESS_TIMED_OUT}, "", "TIMEOUT dbt did not finish within 30m00s" CLOSER},
        {{BUILD, .outcome = PROCESS_INTERRUPTED}, "", "INTERRUPTED interrupted while dbt was running"},
        {{BUILD, .error = ERROR_FILE}, "", "FILE python cannot run"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        current->events = rows[i].events;
        script(&rows[i].child, 1);
        assert_false(build());
        assert_string_equal(said(), rows[i].expected);
        assert_int_equal(current->verdict.cases.count, 0);
    }
}

static void missing_packages_are_installed_first(void **state) {
    static const FakeChild children[] = {{.command = "*/dbt_run.py --context * -- deps"}, {BUILD}};
    (void)state;
    checkout_add(current->checkout, "dbt/packages.yml", "packages:\n  - package: dbt-labs/dbt_utils\n");
    script(children, 2);
    if (!build()) fail_msg("%s", said());
    fake_process_assert_used();
    assert_non_null(strstr(event_log_take(&current->log), "progress dbt: installing dbt packages\n"));
}

static void packages_that_cannot_be_installed_are_an_error_with_its_kind(void **state) {
    static const struct {
        FakeChild child;
        const char *events, *expected;
    } rows[] = {
        {{.command = "* deps", .exit_code = 2, .output = "Could not connect\n"},
         "",
         "NETWORK dbt deps could not fetch the packages of dbt → check the network and the proxy, then: devbox dbt deps\n"
         "Could not connect"},
        {{.command = "* deps", .exit_code = 2, .output = "12:00 Running\n"},
         "{\"event\":\"done\",\"message\":\"The packages.yml file in this project is malformed.\"}\n",
         "CONFIG dbt deps cannot work with dbt/packages.yml → correct dbt/packages.yml, then: devbox dbt deps\n"
         "The packages.yml file in this project is malformed."},
        {{.command = "* deps", .outcome = PROCESS_INTERRUPTED}, "", "INTERRUPTED interrupted while dbt was running"},
    };
    (void)state;
    checkout_add(current->checkout, "dbt/packages.yml", "packages:\n  - package: dbt-labs/dbt_utils\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        current->events = rows[i].events;
        script(&rows[i].child, 1);
        assert_false(build());
        assert_string_equal(said(), rows[i].expected);
    }
}

static void packages_that_are_there_are_left_alone(void **state) {
    static const FakeChild children[] = {{BUILD}};
    (void)state;
    checkout_add(current->checkout, "dbt/packages.yml", "packages:\n  - package: x/y\n");
    checkout_add_folder(current->checkout, "dbt/dbt_packages");
    script(children, 1);
    if (!build()) fail_msg("%s", said());
}

static void a_test_works_on_private_copies(void **state) {
    static const FakeChild children[] = {{BUILD}};
    (void)state;
    current->events = NODE("orders", "pass");
    script(children, 1);
    if (!test(&(StringList){0})) fail_msg("%s", said());
    assert_string_equal(current->verdict.title, "dbt · all models");
    assert_string_equal(value_get_string(current->context, "sandbox", ""), path_in(".devbox/dbt-test/sandbox.db"));
    assert_string_equal(value_get_string(current->context, "warehouse", ""), path_in(".devbox/dbt-test/warehouse.duckdb"));
    assert_false(value_get_bool(current->context, "publish", true));
    // The sandbox was seeded first, so that there is something to copy.
    assert_true(file_exists(path_in(".devbox/sandbox.db")));
    assert_true(file_exists(path_in(".devbox/dbt-test/sandbox.db")));
    assert_true(text_starts_with(event_log_take(&current->log), "started dbt: dbt build on a private copy\n"));
}

static void selected_models_read_what_is_built_else_their_ancestors_are_built_too(void **state) {
    static const FakeChild wide[] = {{.command = "* build --select +stg_orders --indirect-selection=buildable"}};
    static const FakeChild narrow[] = {{.command = "* build --select stg_orders"}};
    StringList selectors = {0};
    (void)state;
    list_push(current->checkout->arena, &selectors, "stg_orders");
    current->events = NODE("stg_orders", "pass");
    script(wide, 1);
    if (!test(&selectors)) fail_msg("%s", said());
    assert_string_equal(current->verdict.title, "dbt · stg_orders");
    assert_non_null(strstr(event_log_take(&current->log), "note: nothing is built on the sandbox yet"));
    checkout_add(current->checkout, ".devbox/dbt/warehouse.duckdb", "built");
    checkout_add(current->checkout, ".devbox/dbt/warehouse.duckdb.wal", "and more");
    script(narrow, 1);
    if (!test(&selectors)) fail_msg("%s", said());
    assert_true(file_exists(path_in(".devbox/dbt-test/warehouse.duckdb")));
    assert_true(file_exists(path_in(".devbox/dbt-test/warehouse.duckdb.wal")));
}

static void a_selector_that_selects_nothing_is_a_usage_error(void **state) {
    static const FakeChild children[] = {{.command = "* build --select +stg_ordrs --indirect-selection=buildable"}};
    StringList selectors = {0};
    (void)state;
    list_push(current->checkout->arena, &selectors, "stg_ordrs");
    checkout_add(current->checkout, ".devbox/dbt-test/target/manifest.json",
                 "{\"nodes\":{\"model.shop.stg_orders\":{\"name\":\"stg_orders\",\"resource_type\":\"model\"}}}");
    current->events = "{\"event\":\"done\",\"state\":\"success\"}\n";
    script(children, 1);
    assert_false(test(&selectors));
    assert_string_equal(said(), "USAGE no model or test is selected by stg_ordrs → did you mean: devbox test dbt stg_orders");
}

static void a_project_without_models_is_nothing_to_test(void **state) {
    static const FakeChild children[] = {{BUILD}};
    (void)state;
    current->events = "{\"event\":\"done\",\"state\":\"success\"}\n";
    script(children, 1);
    if (!test(&(StringList){0})) fail_msg("%s", said());
    assert_int_equal(current->verdict.cases.count, 0);
    assert_true(verdict_is_green(&current->verdict));
}

static void two_tests_at_once_wait_and_give_up(void **state) {
    int other = -1;
    (void)state;
    checkout_add_folder(current->checkout, ".devbox/dbt-test");
    assert_true(lock_file_take(&current->checkout->ctx, path_in(".devbox/dbt-test/test.lock"), "test dbt", 0, &other,
                               &current->checkout->err));
    assert_false(test(&(StringList){0}));
    assert_int_equal(current->checkout->err.code, ERROR_BUSY);
    assert_non_null(strstr(said(), "test dbt (pid "));
    close(other);
}

static void a_checkout_without_dbt_project_says_so(void **state) {
    int exit_code = 7;
    (void)state;
    current->project.dbt_dir = NULL;
    assert_false(test(&(StringList){0}));
    assert_string_equal(said(),
                        "CHECKOUT this checkout has no dbt_project.yml → set dbt.project in devbox.yaml when it lies deeper "
                        "than three folders");
    assert_false(
        dbt_pass_through(&current->checkout->ctx, &current->project, &(StringList){0}, &exit_code, &current->checkout->err));
    assert_int_equal(exit_code, 7);
    assert_true(dbt_prepare(&current->checkout->ctx, &current->project, &current->checkout->err));
    assert_false(file_exists(path_in(".devbox/run/bin/dbt")));
}

static void the_user_s_own_words_reach_dbt_and_its_exit_code_comes_back(void **state) {
    static const struct {
        FakeChild child;
        int expected_code;
        const char *expected;  // NULL: it is done
    } rows[] = {
        {{.command = "*/dbt_run.py --context */.devbox/dbt/context.json -- ls --output json"}, 0, NULL},
        {{.command = "*", .exit_code = 2}, 2, NULL},
        {{.command = "*", .exit_code = 75}, 75, NULL},
        {{.command = "*", .outcome = PROCESS_SIGNALED, .signal = 15}, -1, "CHILD dbt was killed by signal 15"},
        {{.command = "*", .outcome = PROCESS_INTERRUPTED}, -1, "INTERRUPTED interrupted before dbt had ended"},
        {{.command = "*", .outcome = PROCESS_TIMED_OUT}, -1, "TIMEOUT dbt did not end in time"},
        {{.command = "*", .error = ERROR_FILE}, -1, "FILE python cannot run"},
    };
    StringList words = {0};
    (void)state;
    list_push(current->checkout->arena, &words, "ls");
    list_push(current->checkout->arena, &words, "--output");
    list_push(current->checkout->arena, &words, "json");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int exit_code = -1;
        script(&rows[i].child, 1);
        bool is_done = dbt_pass_through(&current->checkout->ctx, &current->project, &words, &exit_code, &current->checkout->err);
        assert_int_equal(is_done, rows[i].expected == NULL);
        assert_int_equal(exit_code, rows[i].expected_code);
        if (!is_done) assert_string_equal(said(), rows[i].expected);
    }
    assert_int_equal(value_get(current->context, "events")->kind, VALUE_NULL);
}

// What lasts as long as its terminal is no command for a warm process.
static void servers_and_questions_are_plain_processes(void **state) {
    static const struct {
        const char *word;
        FakeChild child;
    } rows[] = {
        {"run", {.command = "*/bin/python -I -S */workers/warm_door.py * dbt-* */workers/dbt_run.py --context * -- run"}},
        {"docs", {.command = "*/bin/python */workers/dbt_run.py --context * -- docs"}},
        {"init", {.command = "*/bin/python */workers/dbt_run.py --context * -- init"}},
        {NULL, {.command = "*/warm_door.py * --"}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int exit_code = -1;
        StringList words = {0};
        if (rows[i].word != NULL) list_push(current->checkout->arena, &words, rows[i].word);
        script(&rows[i].child, 1);
        if (!dbt_pass_through(&current->checkout->ctx, &current->project, &words, &exit_code, &current->checkout->err))
            fail_msg("%s", said());
        fake_process_assert_used();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_dbt(a_build_makes_a_case_of_each_node),
        test_dbt(red_nodes_are_a_verdict_and_no_error),
        test_dbt(a_project_that_dbt_cannot_read_is_red),
        test_dbt(a_build_that_is_no_verdict_is_an_error_with_its_reason),
        test_dbt(missing_packages_are_installed_first),
        test_dbt(packages_that_cannot_be_installed_are_an_error_with_its_kind),
        test_dbt(packages_that_are_there_are_left_alone),
        test_dbt(a_test_works_on_private_copies),
        test_dbt(selected_models_read_what_is_built_else_their_ancestors_are_built_too),
        test_dbt(a_selector_that_selects_nothing_is_a_usage_error),
        test_dbt(a_project_without_models_is_nothing_to_test),
        test_dbt(two_tests_at_once_wait_and_give_up),
        test_dbt(a_checkout_without_dbt_project_says_so),
        test_dbt(the_user_s_own_words_reach_dbt_and_its_exit_code_comes_back),
        test_dbt(servers_and_questions_are_plain_processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
