#include "services/airflow_shell.h"

#include "services/airflow_runtime.h"
#include "services/foreground.h"

bool airflow_pass_through(Context *ctx, const Project *project, const StringList *words, int *exit_code, Error *err) {
    const AirflowRuntime *runtime = airflow_runtime_of(project);
    PythonPlace place;
    ProcessResult result;
    StringList argv = {0};
    const PairList none = {0};
    if (!project_prepare_state(ctx, project, err)) return false;
    if (!runtime->open_place(ctx, project, PYTHON_AIRFLOW, "airflow", &place, err)) return false;
    list_push(ctx->arena, &argv, "-m");
    list_push(ctx->arena, &argv, "airflow");
    list_each(const char *const, word, words) list_push(ctx->arena, &argv, *word);
    ProcessSpec spec = {.argv = string_list_to_argv(ctx->arena, &argv), .is_foreground = true};
    if (!runtime->enter_place(ctx, project, PYTHON_AIRFLOW, &none, &spec, err)) return false;
    return process_run(ctx, &spec, &result, err) && foreground_read_exit(&result, "airflow", exit_code, err);
}
