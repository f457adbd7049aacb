#include "services/airflow_shell.h"

#include "io/process.h"
#include "services/airflow_setup.h"
#include "services/runtime_state.h"

// Somebody types into it, or a backfill runs: a day is the deadline.
enum { PASS_THROUGH_TIMEOUT_MS = 24 * 60 * 60 * 1000 };

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
                        .is_foreground = true,
                        .timeout_ms = PASS_THROUGH_TIMEOUT_MS};
    if (!process_run(ctx, &spec, &result, err)) return false;
    if (result.outcome == PROCESS_SIGNALED) return error_set(err, ERROR_CHILD, "airflow was killed by signal %d", result.signal);
    *exit_code = result.exit_code;
    return true;
}
