#include "services/dag_failure.h"

#include "support/checkout.h"

// As 2.10.3 writes it.
static const char log_2[] =
    "[2026-01-31T08:00:00.852+0000] {dag.py:4396} INFO - [DAG TEST] starting task_id=run map_index=-1\n"
    "[2026-01-31T08:00:00.944+0000] {taskinstance.py:3132} INFO - Exporting env vars: AIRFLOW_CTX_DAG_OWNER='airflow'\n"
    "[2026-01-31T08:00:00.949+0000] {subprocess.py:78} INFO - Tmp dir root location: /tmp\n"
    "[2026-01-31T08:00:00.949+0000] {subprocess.py:88} INFO - Running command: ['bash', '-c', 'load']\n"
    "[2026-01-31T08:00:00.967+0000] {subprocess.py:99} INFO - Output:\n"
    "[2026-01-31T08:00:00.972+0000] {subprocess.py:106} INFO - Traceback (most recent call last):\n"
    "[2026-01-31T08:00:00.972+0000] {subprocess.py:106} INFO -   File \"load.py\", line 1\n"
    "[2026-01-31T08:00:00.973+0000] {subprocess.py:110} INFO - Command exited with return code 7\n"
    "[2026-01-31T08:00:00.985+0000] {taskinstance.py:3311} ERROR - Task failed with exception\n"
    "Traceback (most recent call last):\n"
    "  File \"/venv/airflow/operators/bash.py\", line 276, in execute\n"
    "    raise AirflowException(\n"
    "airflow.exceptions.AirflowException: first\n"
    "\n"
    "During handling of the above exception, another exception occurred:\n"
    "\n"
    "Traceback (most recent call last):\n"
    "  File \"/venv/airflow/operators/bash.py\", line 276, in execute\n"
    "airflow.exceptions.AirflowException: second\n"
    "[2026-01-31T08:00:00.989+0000] {taskinstance.py:1225} INFO - Marking task as FAILED.\n"
    "the end\n";

// As 3.0.6 writes it.
static const char log_3[] =
    "\033[31m│\033[0m the rest of a box\n"
    "2026-01-31 08:00:00 [debug    ] Starting task instance run     hostname=vm\n"
    "[2026-01-31T08:00:00.414+0000] {_client.py:1025} INFO - HTTP Request: PATCH http://in-process.invalid./run\n"
    "/venv/lib/python3.11/site-packages/airflow/x.py:147 DeprecationWarning: Using Variable.get\n"
    "│ a │ table │\n"
    "2026-01-31 08:00:00 [error    ] Task failed with exception     [task]\n"
    "\033[31m╭─\033[0m \033[1;31mTraceback \033[0m ───\n"
    "\033[31m│\033[0m run\n"
    "│ in plain\n"
    "\033[31m╰──\033[0m\n"
    "\033[1;91mAirflowException: \033[0mexit code 7\n"
    "the end\n";

static void the_log_keeps_what_the_task_itself_wrote(void **state) {
    static const struct {
        const char *log, *expected;
    } rows[] = {
        {log_2, "Traceback (most recent call last):\n  File \"load.py\", line 1\nthe end\n"},
        {log_3, "│ a │ table │\nthe end\n"},
        {"", ""},
        {"printed\n[brackets] {too} - \n2026 was good\n", "printed\n[brackets] {too} - \n2026 was good\n"},
        {"[2026-01-31 08:00:00,1] {orders.py:8} WARNING - careful\n", "WARNING careful\n"},
        {"[2026-01-31 08:00:00,1] {orders.py:8} INFO - Output:\n", "Output:\n"},
        {"Traceback (most recent call last):\n  File \"x.py\"\nE: m\n",
         "Traceback (most recent call last):\n  File \"x.py\"\nE: m\n"},
        {"[2026-01-31 08:00:00,1] {abstractoperator.py:780} ERROR - Exception rendering\nTraceback (most recent call last):\n"
         "  File \"x.py\"\nE: m\nafter\n",
         "ERROR Exception rendering\nafter\n"},
    };
    const Checkout *checkout = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(dag_failure_clean_log(checkout->arena, rows[i].log), rows[i].expected);
    }
}

static void a_task_is_found_by_its_id(void **state) {
    static const char source[] =
        "Bash(task_id=\"load\")\n"
        "Bash(task_ids='load', task_id = 'extract')\n"
        "Bash(\n"
        "    task_id=\"load\",\n"
        "    other_task_id=name)\n"
        "Bash(task_id='load_all')\n"
        "@task\n"
        "def clean(rows):\n"
        "    async def fetch ():\n";
    static const struct {
        const char *task_id;
        int first_line, expected;
    } rows[] = {{"load", 1, 1}, {"load", 2, 4}, {"load", 5, 1},  {"group.load", 2, 4},  {"extract", 1, 2}, {"load_all", 1, 6},
                {"name", 1, 0}, {"", 1, 0},     {"clean", 1, 8}, {"group.fetch", 1, 9}, {"cle", 1, 0}};
    const Checkout *checkout = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(dag_failure_find_task(checkout->arena, source, rows[i].task_id, rows[i].first_line), rows[i].expected);
    }
}

#define VARIABLE "add it under airflow.variables in devbox.yaml"
#define CONNECTION "add it under airflow.connections in devbox.yaml"

static void a_common_error_has_a_remedy(void **state) {
    static const struct {
        const char *message, *expected;
    } rows[] = {
        {"'Variable env_name does not exist'", VARIABLE " (env_name: VALUE), or AIRFLOW_VAR_ENV_NAME=... in .env"},
        {"'Variable env.name does not exist'", VARIABLE " (env.name: VALUE)"},
        {"VARIABLE_NOT_FOUND: {'message': 'Variable env_name not found'}",
         VARIABLE " (env_name: VALUE), or AIRFLOW_VAR_ENV_NAME=... in .env"},
        {"VARIABLE_NOT_FOUND: {'key': 'env_name'}", VARIABLE " (env_name: VALUE), or AIRFLOW_VAR_ENV_NAME=... in .env"},
        {"The conn_id `warehouse` isn't defined",
         CONNECTION " (warehouse: TYPE://USER:PASSWORD@HOST), or AIRFLOW_CONN_WAREHOUSE=... in .env"},
        {"CONNECTION_NOT_FOUND: {'conn_id': 'my-db'}", CONNECTION " (my-db: TYPE://USER:PASSWORD@HOST)"},
        {"No module named 'pandas'", "add pandas (or the package that brings it) to requirements.txt, then: devbox start"},
        {"No module named 'yaml.nothing'", "add yaml (or the package that brings it) to requirements.txt, then: devbox start"},
        {"No module named 'airflow.providers.common.sql'",
         "add apache-airflow-providers-common-sql (or the package that brings it) to requirements.txt, then: devbox start"},
        {"No module named 'airflow.providers.apache'", NULL},
        {"No module named 'airflow.old'", NULL},
        {"No module named 'helpers.money'", NULL},
        {"No module named 'shared'", NULL},
        {"No module named ''", NULL},
        {"No module named 'two words'", NULL},
        {"No module named 'cut", NULL},
        {"empty day: 0", NULL},
        {"", NULL},
    };
    Checkout *checkout = *state;
    checkout_add(checkout, "dags/helpers/__init__.py", "");
    checkout_add(checkout, "shared.py", "");
    Project project = checkout_open(checkout);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *hint = dag_failure_hint(checkout->arena, &project, rows[i].message);
        if (rows[i].expected == NULL) {
            assert_null(hint);
        } else {
            assert_non_null(hint);
            assert_string_equal(hint, rows[i].expected);
        }
    }
    project.config.airflow.requirements = "ops/python.txt";
    assert_string_equal(dag_failure_hint(checkout->arena, &project, "No module named 'pandas'"),
                        "add pandas (or the package that brings it) to ops/python.txt, then: devbox start");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(the_log_keeps_what_the_task_itself_wrote),
        test_with_checkout(a_task_is_found_by_its_id),
        test_with_checkout(a_common_error_has_a_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
