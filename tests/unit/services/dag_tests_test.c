// fakes: process clock dag_lint
#include "services/dag_tests.h"

#include "base/text.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_process.h"
#include "io/json.h"
#include "support/airflow_ready.h"
#include "support/checkout.h"
#include "support/event_log.h"

typedef struct Testing {
    Checkout *checkout;
    Project project;
    EventLog log;
    Verdict verdict;
    Value *request;  // what the worker was asked last
    bool had_home;   // its folder was there while it ran
} Testing;

static Testing *current;

static int start_testing(void **state) {
    if (checkout_create(state) != 0) return -1;
    Checkout *checkout = *state;
    Testing *testing = arena_allocate(checkout->arena, sizeof *testing);
    testing->checkout = checkout;
    airflow_use_own_cache(checkout);
    checkout_add(checkout, "dags/orders.py", "dag airflow\n");
    checkout_add(checkout, "dags/sub/more.py", "dag airflow\n");
    testing->project = checkout_open(checkout);
    airflow_make_ready(checkout, &testing->project);
    event_log_start(&testing->log, &checkout->ctx);
    fake_process_script(NULL, 0);
    current = testing;
    *state = testing;
    return 0;
}

static int end_testing(void **state) {
    void *checkout = ((Testing *)*state)->checkout;
    return checkout_remove(&checkout);
}

#define test_dags(function) cmocka_unit_test_setup_teardown(function, start_testing, end_testing)

static void keep_request(const ProcessSpec *spec) {
    Error *err = &current->checkout->err;
    if (!json_parse(current->checkout->arena, spec->input, "request", &current->request, err)) fail_msg("%s", err->message);
    current->had_home = folder_exists(value_get_string(current->request, "work_dir", ""));
}

static const char *path_in(const char *name) { return checkout_path(current->checkout, name); }

// One worker that says `output` ("@" stands for the checkout's root) and ends with `exit_code`.
static void script(const char *output, int exit_code) {
    FakeChild *child = arena_allocate(current->checkout->arena, sizeof *child);
    *child = (FakeChild){.command = "*/bin/python */workers/airflow_host.py request",
                         .exit_code = exit_code,
                         .output = text_replace(current->checkout->arena, output, "@", current->checkout->root),
                         .errors = "Traceback of the worker\n",
                         .folder = current->checkout->root,
                         .effect = keep_request};
    fake_process_script(child, 1);
}

static bool check_dags(const StringList *paths) {
    error_clear(&current->checkout->err);
    current->verdict = (Verdict){0};
    return dag_tests_check(&current->checkout->ctx, &current->project, paths, &current->verdict, &current->checkout->err);
}

static const char *must_fail_to_check(const StringList *paths) {
    assert_false(check_dags(paths));
    assert_int_equal(current->verdict.cases.count, 0);
    return error_as_text(&current->checkout->err);
}

static bool run_dag(const DagTestOptions *options) {
    error_clear(&current->checkout->err);
    current->verdict = (Verdict){0};
    return dag_tests_run(&current->checkout->ctx, &current->project, options, &current->verdict, &current->checkout->err);
}

static void must_run(const DagTestOptions *options) {
    if (!run_dag(options)) fail_msg("%s", error_as_text(&current->checkout->err));
    fake_process_assert_used();
}

static const char *must_fail_to_run(const DagTestOptions *options) {
    assert_false(run_dag(options));
    assert_int_equal(current->verdict.cases.count, 0);
    return error_as_text(&current->checkout->err);
}

static const char *request_string(const char *key) { return value_get_string(current->request, key, "<none>"); }

#define DONE "{\"event\":\"done\",\"state\":\"success\"}\n"
#define FILE_WITH(name, dag) "{\"event\":\"file\",\"file\":\"@/dags/" name "\",\"dags\":[" dag "]}\n"

static void all_files_are_checked_when_none_is_named(void **state) {
    (void)state;
    script(FILE_WITH("orders.py", "{\"dag_id\":\"daily\",\"line\":1,\"tasks\":2}") DONE, 0);
    if (!check_dags(&(StringList){0})) fail_msg("%s", current->checkout->err.message);
    assert_int_equal(current->verdict.passed, 1);
    assert_string_equal(current->verdict.title, "DAGs · Airflow 3.0.6");
    assert_string_equal(request_string("op"), "check_dags");
    assert_int_equal(value_get(current->request, "files")->count, 0);
    assert_int_equal(value_get_integer(current->request, "protocol", 0), 1);
    assert_string_equal(request_string("dags_folder"), path_in("dags"));
    assert_true(current->had_home);
    assert_false(folder_exists(request_string("work_dir")));
    assert_string_equal(event_log_take(&current->log),
                        "started dags: importing DAG files\ncase: pass dags/orders.py · daily, 2 tasks\n");
}

static void named_files_and_folders_are_handed_on_as_absolute_paths(void **state) {
    StringList paths = {0};
    (void)state;
    list_push(current->checkout->arena, &paths, "dags/orders.py");
    list_push(current->checkout->arena, &paths, "dags/sub");
    script(DONE, 0);
    if (!check_dags(&paths)) fail_msg("%s", current->checkout->err.message);
    StringList files = value_strings(current->checkout->arena, value_get(current->request, "files"));
    assert_int_equal(files.count, 2);
    assert_string_equal(files.items[0], path_in("dags/orders.py"));
    assert_string_equal(files.items[1], path_in("dags/sub/more.py"));
}

// Airflow's own list has the names that lead through the link.
static void a_file_in_a_linked_folder_keeps_its_name(void **state) {
    StringList paths = {0};
    (void)state;
    checkout_add_link(current->checkout, "linked", "dags");
    current->project.dags_dir = path_in("linked");
    list_push(current->checkout->arena, &paths, "linked/orders.py");
    script(DONE, 0);
    if (!check_dags(&paths)) fail_msg("%s", current->checkout->err.message);
    assert_string_equal(value_get(current->request, "files")->members[0].value->string, path_in("linked/orders.py"));
}

static void a_check_of_the_working_tree_is_kept_for_the_next_one(void **state) {
    Checkout *checkout = current->checkout;
    DagCheck all = {0};
    (void)state;
    script("{\"event\":\"file\",\"file\":\"@/dags/orders.py\",\"dags\":[{\"dag_id\":\"daily\",\"line\":3}],\"uses\":[]}\n" DONE,
           0);
    assert_true(dag_tests_check_working_tree(&checkout->ctx, &current->project, &all, &current->verdict, &checkout->err));
    assert_string_equal(value_get(current->request, "uses_below")->members[0].value->string, checkout->root);
    char *kept;
    assert_true(file_read(checkout->arena, path_in(".devbox/dag_uses.json"), &kept, NULL, &checkout->err));
    assert_non_null(strstr(kept, "\"dags/orders.py\":{\"uses\":[],\"dags\":{\"daily\":3},\"red\":false,"));
    script("Traceback", 1);
    assert_true(file_remove(checkout->arena, path_in(".devbox/dag_uses.json"), &checkout->err));
    assert_false(dag_tests_check_working_tree(&checkout->ctx, &current->project, &all, &current->verdict, &checkout->err));
    assert_false(file_exists(path_in(".devbox/dag_uses.json")));
}

static void the_first_red_file_can_be_the_last(void **state) {
    Checkout *checkout = current->checkout;
    DagCheck check = {.stops_at_first_red = true};
    (void)state;
    script(
        "{\"event\":\"file\",\"file\":\"@/dags/orders.py\",\"dags\":[],\"error\":{\"type\":\"E\",\"message\":\"x\"}}\n"
        "{\"event\":\"done\",\"state\":\"success\",\"left\":1}\n",
        0);
    assert_true(dag_tests_check_working_tree(&checkout->ctx, &current->project, &check, &current->verdict, &checkout->err));
    assert_true(value_get_bool(current->request, "fail_fast", false));
    assert_int_equal(current->verdict.failed, 1);
    const char *note = "note: 1 more DAG file was not tested: --fail-fast stops after the first red one\n";
    assert_non_null(strstr(event_log_take(&current->log), note));
    script(DONE, 0);
    check.stops_at_first_red = false;
    assert_true(dag_tests_check_working_tree(&checkout->ctx, &current->project, &check, &current->verdict, &checkout->err));
    assert_null(value_get(current->request, "fail_fast"));
    assert_null(strstr(event_log_take(&current->log), "not tested"));
}

static void what_cannot_be_checked_is_named(void **state) {
    StringList missing = {0}, empty = {0};
    (void)state;
    list_push(current->checkout->arena, &missing, "dags/none.py");
    assert_string_equal(must_fail_to_check(&missing),
                        "USAGE there is no file dags/none.py → paths are relative to the checkout: devbox test dags "
                        "dags/my_dag.py");
    checkout_add_folder(current->checkout, "dags/empty");
    list_push(current->checkout->arena, &empty, "dags/empty");
    assert_string_equal(must_fail_to_check(&empty),
                        "USAGE dags/empty holds no DAG file → DAG files are the .py files below ./dags");
    current->project.dags_dir = path_in("elsewhere");
    assert_string_equal(must_fail_to_check(&(StringList){0}),
                        "CHECKOUT there is no folder elsewhere → set dags in devbox.yaml to the folder that holds the DAG files");
}

static void an_id_in_two_files_is_a_failure_that_names_both(void **state) {
    (void)state;
    script(FILE_WITH("a.py", "{\"dag_id\":\"daily\",\"line\":3,\"tasks\":1},{\"dag_id\":\"daily\",\"line\":9,\"tasks\":1}")
               FILE_WITH("b.py", "{\"dag_id\":\"daily\",\"line\":5,\"tasks\":1}") DONE,
           0);
    if (!check_dags(&(StringList){0})) fail_msg("%s", current->checkout->err.message);
    assert_int_equal(current->verdict.failed, 1);
    const TestCase *duplicate = &current->verdict.cases.items[2];
    assert_string_equal(duplicate->message,
                        "DAG id 'daily' is used twice: dags/a.py:3 and dags/b.py:5; Airflow shows only one of them");
    assert_string_equal(duplicate->file, "dags/b.py");
    assert_int_equal(duplicate->line, 5);
}

static void a_worker_that_cannot_answer_is_told_by_how_it_ended(void **state) {
#define ADVICE                                                                                                               \
    " → a DAG file or task may have ended the process itself (os._exit, memory); test files one by one: devbox test dags " \
    "FILE\nTraceback of the worker"
    static const struct {
        ProcessOutcome outcome;
        int exit_code;
        ErrorCode error;
        const char *output, *expected;
    } rows[] = {
        {PROCESS_EXITED, 3, ERROR_NONE, "",
         "CHILD the Python process that tests DAGs ended without an answer (exit code 3)" ADVICE},
        {PROCESS_EXITED, 1, ERROR_NONE, DONE,
         "CHILD the Python process that tests DAGs ended without an answer (exit code 1)" ADVICE},
        {PROCESS_EXITED, 0, ERROR_NONE, "",
         "CHILD the Python process that tests DAGs ended without an answer (exit code 0)" ADVICE},
        {PROCESS_SIGNALED, 0, ERROR_NONE, "", "CHILD the Python process that tests DAGs was killed by signal 9" ADVICE},
        {PROCESS_TIMED_OUT, 0, ERROR_NONE, "", "TIMEOUT testing DAGs took longer than 10m00s → give it more time with --timeout"},
        {PROCESS_INTERRUPTED, 0, ERROR_NONE, "", "INTERRUPTED interrupted while DAGs were tested"},
        {PROCESS_EXITED, 0, ERROR_FILE, "", "FILE python cannot run"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        FakeChild child = {.command = "* request",
                           .outcome = rows[i].outcome,
                           .exit_code = rows[i].exit_code,
                           .signal = 9,
                           .error = rows[i].error,
                           .output = rows[i].output,
                           .errors = "Traceback of the worker\n"};
        fake_process_script(&child, 1);
        assert_string_equal(must_fail_to_check(&(StringList){0}), rows[i].expected);
    }
    FakeChild full = {
        .command = "* request", .exit_code = 1, .errors = "Traceback\nOSError: [Errno 28] No space left on device\n"};
    fake_process_script(&full, 1);
    const char *said = must_fail_to_check(&(StringList){0});
    assert_non_null(strstr(said, "→ the disk that holds .devbox is full: make room there, and run this again\nOSError"));
    StringList left = {0};
    assert_true(folder_list(current->checkout->arena, path_in(".devbox/tmp"), &left, &current->checkout->err));
    assert_int_equal(left.count, 0);
}

static bool select_dags(const StringList *wanted, const StringList *files, StringList *selected) {
    return dag_tests_select(&current->checkout->ctx, &current->project, wanted, files, selected, &current->checkout->err);
}

static void dags_are_selected_by_id_and_tag(void **state) {
    StringList wanted = {0}, selected = {0};
    (void)state;
    assert_true(select_dags(&wanted, &(StringList){0}, &selected));
    list_push(current->checkout->arena, &wanted, "tag:smoke");
    list_push(current->checkout->arena, &wanted, "b");
    list_push(current->checkout->arena, &wanted, "absent");
    script(FILE_WITH("a.py", "{\"dag_id\":\"a\",\"tags\":[\"smoke\"]},{\"dag_id\":\"b\"},{\"dag_id\":\"smoke\",\"tags\":[\"b\"]}")
               DONE,
           0);
    assert_true(select_dags(&wanted, &(StringList){0}, &selected));
    assert_string_equal(text_join(current->checkout->arena, &selected, " "), "a b");
    assert_int_equal(value_get(current->request, "files")->count, 0);
    assert_string_equal(
        event_log_take(&current->log),
        "warning: gate.run_dags: no DAG matches absent → check gate.run_dags in devbox.yaml: DAG ids, or tag:NAME\n");
    script("", 1);
    assert_false(select_dags(&wanted, &(StringList){0}, &selected));
    assert_int_equal(selected.count, 2);
}

#define DAG "{\"event\":\"dag\",\"dag_id\":\"daily\",\"file\":\"@/dags/orders.py\",\"line\":1,\"tasks\":[\"a\",\"b\",\"c\"]}\n"
#define TASK(id, word) \
    "{\"event\":\"task\",\"task_id\":\"" id "\",\"state\":\"" word "\",\"log\":\"@/.devbox/logs/test/daily/" id ".log\"}\n"

static void a_dag_is_run_with_what_the_user_gave(void **state) {
    static const DagTestOptions options = {.dag_id = "daily", .logical_date = "2026-01-31", .conf = "{\"day\": 1}", .retries = 2};
    (void)state;
    current->checkout->ctx.timeout_ms = 90000;
    script(DAG TASK("a", "success") TASK("b", "success") TASK("c", "skipped") DONE, 0);
    must_run(&options);
    assert_int_equal(current->verdict.passed, 2);
    assert_int_equal(current->verdict.skipped, 1);
    assert_true(verdict_is_green(&current->verdict));
    assert_null(current->verdict.next);
    assert_string_equal(request_string("op"), "test_dag");
    assert_string_equal(request_string("dag_id"), "daily");
    assert_string_equal(request_string("logical_date"), "2026-01-31");
    assert_int_equal(value_get_integer(value_get(current->request, "conf"), "day", 0), 1);
    assert_int_equal(value_get_integer(current->request, "retries", 0), 2);
    assert_int_equal(value_get_integer(current->request, "timeout_ms", 0), 90000);
    assert_string_equal(request_string("log_dir"), path_in(".devbox/logs/test/daily"));
}

static void progress_speaks_of_the_import_until_the_dag_is_there(void **state) {
    static const DagTestOptions options = {.dag_id = "daily"};
    (void)state;
    script(DAG "{\"event\":\"running\",\"task_id\":\"a\"}\n" TASK("a", "success") TASK("b", "success") TASK("c", "success") DONE,
           0);
    must_run(&options);
    assert_string_equal(event_log_take(&current->log),
                        "started daily: importing Airflow\nheadline: daily · dags/orders.py:1 · 3 tasks\n"
                        "progress daily: running\nstarted a: running\n"
                        "case: pass a\ncase: pass b\ncase: pass c\n");
}

static void a_failed_task_names_the_next_step_and_what_was_not_reached(void **state) {
    static const DagTestOptions options = {.dag_id = "daily"};
    (void)state;
    script(DAG
           "{\"event\":\"task\",\"task_id\":\"a\",\"map_index\":2,\"state\":\"failed\",\"log\":\"@/x.log\"}\n"
           "{\"event\":\"done\",\"state\":\"failed\"}\n",
           0);
    must_run(&options);
    assert_int_equal(current->verdict.failed, 1);
    assert_int_equal(current->verdict.skipped, 2);
    assert_string_equal(current->verdict.cases.items[1].name, "b");
    assert_string_equal(current->verdict.cases.items[1].summary, "not run");
    assert_string_equal(current->verdict.next, "only this task: devbox test dag daily --task a");
}

static void one_task_alone_is_asked_for_and_keeps_what_the_last_run_left(void **state) {
    static const DagTestOptions whole = {.dag_id = "daily"}, lone = {.dag_id = "daily", .task = "b"};
    (void)state;
    checkout_add(current->checkout, ".devbox/logs/test/daily/xcom/a.json", "{}");
    script(DAG TASK("b", "failed") "{\"event\":\"done\",\"state\":\"failed\"}\n", 0);
    must_run(&lone);
    assert_string_equal(request_string("task"), "b");
    assert_int_equal(current->verdict.cases.count, 1);
    assert_string_equal(current->verdict.next,
                        "with a debugger: devbox test dag daily --task b --debug=pdb (an editor: --debug)");
    assert_true(file_exists(path_in(".devbox/logs/test/daily/xcom/a.json")));
    script(DAG TASK("b", "success") DONE, 0);
    must_run(&whole);
    assert_false(file_exists(path_in(".devbox/logs/test/daily/xcom/a.json")));
}

static void an_unknown_dag_has_a_nearest_one_and_files_that_may_hold_it(void **state) {
    static const DagTestOptions options = {.dag_id = "dialy"};
    static const struct {
        const char *output, *expected;
    } rows[] = {
        {"{\"event\":\"done\",\"state\":\"unknown_dag\",\"dags\":[\"daily\",\"weekly\"]}\n",
         "USAGE no DAG has the id 'dialy' → did you mean: devbox test dag daily"},
        {"{\"event\":\"done\",\"state\":\"unknown_dag\",\"dags\":[\"x\",\"y\"]}\n",
         "USAGE no DAG has the id 'dialy' → DAG ids here: x, y"},
        {"{\"event\":\"done\",\"state\":\"unknown_dag\"}\n", "USAGE no DAG has the id 'dialy' → no DAG was found below ./dags"},
        {"{\"event\":\"done\",\"state\":\"unknown_dag\",\"import_errors\":[{\"file\":\"@/dags/a.py\",\"error\":"
         "{\"type\":\"KeyError\",\"message\":\"'x'\"}},{}]}\n",
         "USAGE no DAG has the id 'dialy' → no DAG was found below ./dags\ndags/a.py does not import: KeyError: 'x'\n? does not "
         "import: Error: \n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        script(rows[i].output, 0);
        assert_string_equal(must_fail_to_run(&options), rows[i].expected);
    }
}

static void an_unknown_task_has_a_nearest_one(void **state) {
    static const DagTestOptions options = {.dag_id = "daily", .task = "laod"};
    (void)state;
    script("{\"event\":\"done\",\"state\":\"unknown_task\",\"tasks\":[\"load\",\"extract\"]}\n", 0);
    assert_string_equal(must_fail_to_run(&options),
                        "USAGE the DAG daily has no task 'laod' → did you mean: devbox test dag daily --task load");
    script("{\"event\":\"done\",\"state\":\"unknown_task\",\"tasks\":[\"x\",\"y\"]}\n", 0);
    assert_string_equal(must_fail_to_run(&options), "USAGE the DAG daily has no task 'laod' → its tasks: x, y");
}

static void a_debugger_that_cannot_be_says_why(void **state) {
    static const DagTestOptions options = {.dag_id = "daily"};
    (void)state;
    script("{\"event\":\"done\",\"state\":\"no_debugger\",\"message\":\"debugpy cannot be imported\"}\n", 0);
    assert_string_equal(
        must_fail_to_run(&options),
        "RUNTIME_MISSING there is no debugger for daily: debugpy cannot be imported → pdb needs no packages: devbox "
        "test dag daily --debug=pdb");
}

static void a_dag_that_does_not_import_is_red(void **state) {
    static const DagTestOptions options = {.dag_id = "daily"};
    (void)state;
    script(
        "{\"event\":\"done\",\"state\":\"import_error\",\"file\":\"@/dags/orders.py\",\"error\":{\"type\":\"ImportError\","
        "\"message\":\"no money\",\"frames\":[{\"file\":\"@/dags/orders.py\",\"line\":1}]}}\n",
        0);
    must_run(&options);
    assert_int_equal(current->verdict.failed, 1);
    assert_string_equal(current->verdict.cases.items[0].name, "daily");
    assert_string_equal(current->verdict.cases.items[0].message, "ImportError: no money");
    assert_string_equal(current->verdict.cases.items[0].file, "dags/orders.py");
}

static void a_timeout_is_red_once(void **state) {
    static const DagTestOptions options = {.dag_id = "daily"};
    static const struct {
        const char *output, *name, *message;
    } rows[] = {
        {DAG "{\"event\":\"task\",\"task_id\":\"b\",\"state\":\"failed\",\"error\":{\"type\":\"Timeout\",\"message\":\"5m\"}}\n"
             "{\"event\":\"done\",\"state\":\"timeout\",\"task\":\"b\"}\n",
         "b", "Timeout: 5m"},
        {DAG "{\"event\":\"done\",\"state\":\"timeout\"}\n", "timeout", "not finished after 5m00s; more time: --timeout 30m"},
        {"{\"event\":\"done\",\"state\":\"timeout\",\"file\":\"@/dags/"
         "a.py\",\"error\":{\"type\":\"Timeout\",\"message\":\"slow\"}}\n",
         "daily", "Timeout: slow"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        script(rows[i].output, 0);
        must_run(&options);
        assert_int_equal(current->verdict.failed, 1);
        assert_string_equal(current->verdict.cases.items[0].name, rows[i].name);
        assert_string_equal(current->verdict.cases.items[0].message, rows[i].message);
    }
}

static void a_run_that_ended_badly_is_never_green(void **state) {
    static const DagTestOptions options = {.dag_id = "daily"};
    (void)state;
    script(DAG TASK("a", "success") "{\"event\":\"done\",\"state\":\"failed\"}\n", 0);
    must_run(&options);
    assert_false(verdict_is_green(&current->verdict));
    const TestCaseList *cases = &current->verdict.cases;
    assert_string_equal(cases->items[cases->count - 1].message, "the DAG run ended as 'failed' though no task failed");
}

static void ids_that_would_lead_out_of_the_log_folder_are_refused(void **state) {
    static const char *const ids[] = {"", ".", "..", "a/b", "../../x"};
    (void)state;
    checkout_add(current->checkout, ".devbox/logs/scheduler.log", "precious\n");
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        const DagTestOptions options = {.dag_id = ids[i]};
        assert_string_equal(must_fail_to_run(&options),
                            arena_format(current->checkout->arena, "USAGE '%s' is no DAG id", ids[i]));
    }
    assert_true(file_exists(path_in(".devbox/logs/scheduler.log")));
}

static void a_conf_that_is_no_object_is_refused(void **state) {
#define CONF_HINT " → --conf takes a JSON object: --conf '{\"day\": \"2026-01-31\"}'"
    (void)state;
    const DagTestOptions broken = {.dag_id = "daily", .conf = "{day"}, list = {.dag_id = "daily", .conf = "[1]"};
    const char *said = must_fail_to_run(&broken);
    assert_true(text_starts_with(said, "USAGE ") && strstr(said, CONF_HINT) != NULL);
    assert_string_equal(must_fail_to_run(&list), "USAGE --conf holds no JSON object: [1]" CONF_HINT);
}

static void a_date_that_is_none_is_refused(void **state) {
    static const char *const dates[] = {"2024-13-45", "2023-02-29", "yesterday", "2024-01-31T25:00", ""};
    (void)state;
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        const DagTestOptions options = {.dag_id = "daily", .logical_date = dates[i]};
        const char *said = must_fail_to_run(&options);
        if (!text_starts_with(said, arena_format(current->checkout->arena, "USAGE --date is no date: %s → --date 2026-01-31", dates[i])))
            fail_msg("%s", said);
    }
}

static void the_private_folder_can_be_kept(void **state) {
    static const DagTestOptions options = {.dag_id = "daily", .keeps_work_dir = true};
    (void)state;
    script(DAG TASK("a", "success") DONE, 0);
    must_run(&options);
    assert_true(folder_exists(request_string("work_dir")));
    const char *kept = arena_format(current->checkout->arena, "note: kept: %s\n", request_string("work_dir"));
    assert_non_null(strstr(event_log_take(&current->log), kept));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_dags(all_files_are_checked_when_none_is_named),
        test_dags(named_files_and_folders_are_handed_on_as_absolute_paths),
        test_dags(a_file_in_a_linked_folder_keeps_its_name),
        test_dags(a_check_of_the_working_tree_is_kept_for_the_next_one),
        test_dags(the_first_red_file_can_be_the_last),
        test_dags(what_cannot_be_checked_is_named),
        test_dags(an_id_in_two_files_is_a_failure_that_names_both),
        test_dags(a_worker_that_cannot_answer_is_told_by_how_it_ended),
        test_dags(dags_are_selected_by_id_and_tag),
        test_dags(a_dag_is_run_with_what_the_user_gave),
        test_dags(progress_speaks_of_the_import_until_the_dag_is_there),
        test_dags(a_failed_task_names_the_next_step_and_what_was_not_reached),
        test_dags(one_task_alone_is_asked_for_and_keeps_what_the_last_run_left),
        test_dags(an_unknown_dag_has_a_nearest_one_and_files_that_may_hold_it),
        test_dags(an_unknown_task_has_a_nearest_one),
        test_dags(a_debugger_that_cannot_be_says_why),
        test_dags(a_dag_that_does_not_import_is_red),
        test_dags(a_timeout_is_red_once),
        test_dags(a_run_that_ended_badly_is_never_green),
        test_dags(ids_that_would_lead_out_of_the_log_folder_are_refused),
        test_dags(a_conf_that_is_no_object_is_refused),
        test_dags(a_date_that_is_none_is_refused),
        test_dags(the_private_folder_can_be_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
