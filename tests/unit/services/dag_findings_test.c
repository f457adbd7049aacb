#include "services/dag_findings.h"

#include "io/json.h"
#include "support/checkout.h"
#include "support/event_log.h"

typedef struct Look {
    Checkout *checkout;
    Project project;
    EventLog log;
    Verdict verdict;
} Look;

static Look *prepare(void **state, const char *config) {
    Checkout *checkout = *state;
    Look *look = arena_allocate(checkout->arena, sizeof *look);
    look->checkout = checkout;
    checkout_add(checkout, "devbox.yaml", config);
    checkout_add(checkout, "dags/orders.py", "with DAG('a'):\n    Bash(task_id='load')\n");
    look->project = checkout_open(checkout);
    event_log_start(&look->log, &checkout->ctx);
    return look;
}

static const char *read_warnings(Look *look, const char *json) {
    Arena *arena = look->checkout->arena;
    Value *warnings;
    const char *full = text_replace(arena, json, "@", look->checkout->root);
    assert_true(json_parse(arena, full, "warnings", &warnings, &look->checkout->err));
    dag_findings_read(&look->checkout->ctx, &look->project, warnings, &look->verdict);
    return event_log_take(&look->log);
}

static void a_warning_is_a_finding_with_its_remedy(void **state) {
    Look *look = prepare(state, "");
    assert_string_equal(
        read_warnings(look,
                      "[{\"code\":\"variable-at-import\",\"file\":\"@/dags/orders.py\",\"line\":1,\"message\":\"reads x\"}]"),
        "warning: dags/orders.py:1 reads x → read it in the task, or as a template: {{ var.value.NAME }}\n");
    assert_string_equal(read_warnings(look, "[{\"file\":\"@/dags/orders.py\",\"line\":null,\"message\":\"old\"}]"),
                        "warning: dags/orders.py old\n");
    assert_int_equal(look->verdict.findings.count, 2);
    assert_string_equal(look->verdict.findings.items[0].code, "variable-at-import");
    assert_string_equal(look->verdict.findings.items[1].code, "python-warning");
    assert_true(verdict_is_green(&look->verdict));
}

static void other_people_s_files_are_left_out(void **state) {
    Look *look = prepare(state, "");
    assert_string_equal(read_warnings(look,
                                      "[{\"file\":\"/venv/x.py\",\"line\":1,\"message\":\"theirs\"},"
                                      "{\"file\":\"@/.devbox/x.py\",\"line\":1,\"message\":\"ours\"}]"),
                        "");
}

#define POOL(name)                                                                                            \
    "[{\"code\":\"unknown-pool\",\"file\":\"@/dags/orders.py\",\"line\":1,\"task\":\"load\",\"pool\":\"" name \
    "\",\"message\":\"waits\"}]"

static void a_pool_of_devbox_yaml_is_not_unknown(void **state) {
    Look *look = prepare(state, "airflow:\n  pools:\n    warehouse: 4\n");
    assert_string_equal(read_warnings(look, POOL("warehouse")), "");
    read_warnings(look, POOL("lake"));
    assert_int_equal(look->verdict.findings.count, 1);
    assert_int_equal(look->verdict.findings.items[0].line, 2);  // that of the task
}

static void a_skipped_file_is_told_of_only_when_it_makes_a_dag(void **state) {
    static const struct {
        const char *source;
        int line;
    } rows[] = {
        {"from helpers import DAG\nx = DAG('a')\n", 2},
        {"with DAG('a') as dag:\n", 1},
        {"x = 1\n\n@dag(schedule=None)\ndef f(): ...\n", 3},
        {"@dag\ndef f(): ...\n", 1},
        {"dag = models.DAG('a')\n", 1},
        {"# DAG('a') is made elsewhere\n", 0},
        {"class MyDAG(Base): ...\n", 0},
        {"@dagster.asset\ndef f(): ...\n", 0},
        {"def helper(dag): ...\n", 0},
        {"", 0},
    };
    Look *look = prepare(state, "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        look->verdict = (Verdict){0};
        checkout_add(look->checkout, "dags/hidden.py", rows[i].source);
        dag_findings_look_at_skipped(&look->checkout->ctx, &look->project, checkout_path(look->checkout, "dags/hidden.py"),
                                     &look->verdict);
        assert_int_equal(look->verdict.findings.count, rows[i].line > 0 ? 1 : 0);
        if (rows[i].line > 0) assert_int_equal(look->verdict.findings.items[0].line, rows[i].line);
    }
    dag_findings_look_at_skipped(&look->checkout->ctx, &look->project, "/nowhere.py", &look->verdict);
    assert_int_equal(look->verdict.findings.count, 0);
}

static void a_function_that_nobody_calls_is_told_of(void **state) {
    static const struct {
        const char *source;
        int line;
    } rows[] = {{"import x\n@dag(schedule=None)\ndef f(): ...\n", 2},
                {"@dag\ndef f(): ...\n", 1},
                {"class A:\n    @dag\n    def f(): ...\n", 0},
                {"def make():\n    return DAG('a')\n", 0},
                {"", 0}};
    Look *look = prepare(state, "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        look->verdict = (Verdict){0};
        checkout_add(look->checkout, "dags/empty.py", rows[i].source);
        dag_findings_look_at_empty(&look->checkout->ctx, &look->project, checkout_path(look->checkout, "dags/empty.py"),
                                   &look->verdict);
        assert_int_equal(look->verdict.findings.count, rows[i].line > 0 ? 1 : 0);
        if (rows[i].line > 0) assert_int_equal(look->verdict.findings.items[0].line, rows[i].line);
    }
    dag_findings_look_at_empty(&look->checkout->ctx, &look->project, "/nowhere.py", &look->verdict);
    assert_int_equal(look->verdict.findings.count, 0);
}

static void an_ignored_dag_is_told_of(void **state) {
    Look *look = prepare(state, "");
    StringList paths = {0};
    list_push(look->checkout->arena, &paths, checkout_path(look->checkout, "dags/orders.py"));
    dag_findings_look_at_ignored(&look->checkout->ctx, &look->project, &paths, &look->verdict);
    assert_string_equal(event_log_take(&look->log),
                        "warning: dags/orders.py:1 makes a DAG that Airflow does not see: .airflowignore names the file → "
                        "remove the line that names it from .airflowignore, if it is to run\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(a_warning_is_a_finding_with_its_remedy),
        test_with_checkout(other_people_s_files_are_left_out),
        test_with_checkout(a_pool_of_devbox_yaml_is_not_unknown),
        test_with_checkout(a_skipped_file_is_told_of_only_when_it_makes_a_dag),
        test_with_checkout(a_function_that_nobody_calls_is_told_of),
        test_with_checkout(an_ignored_dag_is_told_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
