#include "services/airflow_shell.h"

#include "io/process.h"
#include "services/airflow_setup.h"
#include "services/foreground.h"
#include "services/runtime_state.h"

bool airflow_pass_through(Context *ctx, const Project *project, const StringList *words, int *exit_code, Error *err) {
    AirflowSetup setup;
    RuntimeState state;
    ChildEnvironment environment;
    ProcessResult result;
    StringList argv = {0};
    if (!project_prepare_state(ctx, project, err) || !airflow_setup_complete(ctx, project, "airflow", &setup, err)) return false;
    if (!runtime_state_read(ctx, project, &state, err)) return false;
    int port = state.port != 0 ? state.port : project->config.airflow.port;
    if (!airflow_setup_environment(ctx, project, &setup, port, &environment, err)) return false;
    const char *const head[] = {setup.python.python, "-m", "airflow"};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) list_push(ctx->arena, &argv, head[i]);
    list_each(const char *const, word, words) list_push(ctx->arena, &argv, *word);
    ProcessSpec spec = {.argv = string_list_to_argv(ctx->arena, &argv),
                        .environment = child_environment_vector(&environment),
                        .is_foreground = true};
    return process_run(ctx, &spec, &result, err) && foreground_read_exit(&result, "airflow", exit_code, err);
}
