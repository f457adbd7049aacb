#include "services/dag_smoke.h"

#include "services/dag_tests.h"

bool dag_smoke_run(Context *ctx, const Project *project, Verdict *verdict, Error *err) {
    StringList ids = {0};
    if (!dag_tests_select(ctx, project, &project->config.gate.run_dags, &ids, err)) return false;
    list_each(const char *, id, &ids) {
        Verdict run = {0};
        DagTestOptions options = {.dag_id = *id};
        if (!dag_tests_run(ctx, project, &options, &run, err)) return error_wrap(err, "DAG %s", *id);
        // A task's name alone does not say where to look.
        list_each(TestCase, task, &run.cases) task->name = arena_format(ctx->arena, "%s.%s", *id, task->name);
        verdict_merge(ctx->arena, verdict, &run);
    }
    return true;
}
