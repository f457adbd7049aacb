#include "services/dbt.h"

#include "model/event.h"
#include "services/airflow_runtime.h"
#include "services/dbt_run.h"
#include "services/foreground.h"

bool dbt_build(Context *ctx, const Project *project, Verdict *verdict, Error *err) {
    PythonPlace place;
    DbtRun run = {.ctx = ctx, .project = project, .step = "dbt"};
    DbtPlaces places = dbt_live_places(ctx, project);
    if (!airflow_runtime_of(project)->open_place(ctx, project, PYTHON_DBT, "dbt", &place, err) || !dbt_prepare(ctx, project, err))
        return false;
    event_step_progress(ctx, "dbt", "dbt build");
    if (!dbt_run_build(&run, &places, &(StringList){0}, err)) return false;
    *verdict = run.events.verdict;
    return true;
}

bool dbt_pass_through(Context *ctx, const Project *project, const StringList *words, int *exit_code, Error *err) {
    PythonPlace place;
    ProcessResult result;
    const char *context;
    DbtPlaces places = dbt_live_places(ctx, project);
    if (project->dbt_dir == NULL) return error_set(err, ERROR_CHECKOUT, "this checkout has no dbt_project.yml");
    if (!airflow_runtime_of(project)->open_place(ctx, project, PYTHON_DBT, "dbt", &place, err)) return false;
    if (!dbt_write_context(ctx, project, &places, &context, err)) return false;
    ProcessSpec spec = {.argv = string_list_to_argv(ctx->arena, words), .is_foreground = true};
    if (!dbt_run_worker(ctx, project, context, &spec, &result, err)) return false;
    return foreground_read_exit(&result, "dbt", exit_code, err);
}
