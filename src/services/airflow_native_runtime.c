#include "services/airflow_native_runtime.h"

#include "base/text.h"
#include "io/database.h"
#include "io/file_system.h"
#include "services/airflow_native.h"
#include "services/airflow_native_checks.h"
#include "services/airflow_native_restart.h"
#include "services/airflow_setup.h"
#include "services/dbt_setup.h"
#include "services/supervisor_stop.h"
#include "services/warm_process.h"

enum { BUSY_MS = 5000 };

static const char *describe(Context *ctx) {
    (void)ctx;
    return "native";
}

static bool check(Context *ctx, const Project *project, const char **finding, Error *err) {
    (void)ctx, (void)project, (void)err;
    *finding = "Python";
    return true;
}

static bool launch(Context *ctx, const Project *project, const char *step, bool *already_runs, Error *err) {
    AirflowSetup setup;
    int port;
    if (!airflow_setup_complete(ctx, project, step, &setup, err)) return false;
    if (!airflow_native_choose_port(ctx, project, &port, err)) return false;
    if (!airflow_native_launch(ctx, project, port, already_runs, err)) return false;
    return airflow_native_wait_healthy(ctx, project, step, err);
}

static bool stop(Context *ctx, const Project *project, bool *was_running, Error *err) {
    bool is_done = airflow_native_stop(ctx, project, was_running, err);
    warm_process_retire(ctx, project);
    return is_done;
}

static bool describe_running(Context *ctx, const Project *project, const char **what, Error *err) {
    size_t count = supervisor_count_processes(ctx, project);
    (void)err;
    *what = count == 0 ? NULL : arena_format(ctx->arena, "%zu processes", count);
    return true;
}

static bool run_sql(Context *ctx, const Project *project, const char *sql, const char **rows, bool *is_there, Error *err) {
    cleanup_database Database *db = NULL;
    cleanup_statement Statement *statement = NULL;
    Text text = {.arena = ctx->arena};
    const char *name = arena_format(ctx->arena, "airflow/%s/airflow.db", project->config.airflow.version);
    const char *path = project_state_path(ctx->arena, project, name);
    bool has_row;
    *rows = "";
    *is_there = file_exists(path);
    if (!*is_there) return true;
    if (!database_open(ctx->arena, path, DATABASE_WRITE, BUSY_MS, &db, err)) return false;
    if (!statement_prepare(db, sql, &statement, err) || !statement_step(statement, &has_row, err)) return false;
    while (has_row) {
        text_append_format(&text, "%s\n", statement_column_text(ctx->arena, statement, 0));
        if (!statement_step(statement, &has_row, err)) return false;
    }
    *rows = text_string(&text);
    return true;
}

static bool open_place(Context *ctx, const Project *project, PythonTool tool, const char *step, PythonPlace *place, Error *err) {
    AirflowSetup airflow = {0};
    DbtSetup dbt;
    bool is_ready = false;
    switch (tool) {
        case PYTHON_DAG_TESTS:
            is_ready = airflow_setup_prepare_tests(ctx, project, step, &airflow, err);
            break;
        case PYTHON_AIRFLOW:
            is_ready = airflow_setup_complete(ctx, project, step, &airflow, err);
            break;
        case PYTHON_DBT:
            is_ready = dbt_setup_complete(ctx, project, step, &dbt, err);
            break;
    }
    if (!is_ready) return false;
    *place = (PythonPlace){.workers = path_join(ctx->arena, ctx->share_dir, "workers"),
                           .warm_folder = warm_process_folder(ctx->arena),
                           .template_path = airflow.template_path,
                           .live = airflow.database};
    return true;
}

// Port 0: a test, which serves nothing.
static bool find_port(Context *ctx, const Project *project, PythonTool tool, int *port, Error *err) {
    RuntimeState state;
    *port = 0;
    if (tool != PYTHON_AIRFLOW) return true;
    if (!runtime_state_read(ctx, project, &state, err)) return false;
    *port = state.port != 0 ? state.port : project->config.airflow.port;
    return true;
}

static bool make_environment(Context *ctx, const Project *project, PythonTool tool, const char **python,
                             ChildEnvironment *environment, Error *err) {
    AirflowSetup airflow;
    DbtSetup dbt;
    int port;
    if (tool == PYTHON_DBT) {
        if (!dbt_setup_observe(ctx, project, &dbt, err)) return false;
        *python = dbt.python.python;
        return dbt_environment(ctx, project, &dbt, environment, err);
    }
    if (!airflow_setup_observe(ctx, project, &airflow, err) || !find_port(ctx, project, tool, &port, err)) return false;
    *python = airflow.python.python;
    return airflow_setup_environment(ctx, project, &airflow, port, environment, err);
}

static bool enter_place(Context *ctx, const Project *project, PythonTool tool, const PairList *variables, ProcessSpec *spec,
                        Error *err) {
    ChildEnvironment environment;
    StringList argv = {0};
    const char *python;
    if (!make_environment(ctx, project, tool, &python, &environment, err)) return false;
    list_each(const Pair, variable, variables) child_environment_set(&environment, variable->key, variable->value);
    list_push(ctx->arena, &argv, python);
    for (const char *const *word = spec->argv; *word != NULL; word++) list_push(ctx->arena, &argv, *word);
    spec->argv = string_list_to_argv(ctx->arena, &argv);
    spec->environment = child_environment_vector(&environment);
    return true;
}

const AirflowRuntime airflow_native_runtime = {
    .name = "native",
    .host_name = "localhost",
    .hears_saves = true,
    .describe = describe,
    .check = check,
    .examine = airflow_native_examine,
    .choose_port = airflow_native_choose_port,
    .launch = launch,
    .stop = stop,
    .describe_running = describe_running,
    .restart = airflow_native_restart,
    .read_state = runtime_state_read,
    .show_logs = logs_show,
    .run_sql = run_sql,
    .open_place = open_place,
    .enter_place = enter_place,
};
