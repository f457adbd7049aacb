#include "services/dbt_setup.h"

#include "base/text.h"
#include "io/file_system.h"
#include "io/json.h"
#include "services/airflow_settings.h"
#include "services/dbt.h"
#include "services/sandbox.h"

enum { LOCK_TIMEOUT_MS = 120 * 1000 };

static PythonRequest python_request(Context *ctx) {
    return (PythonRequest){.name = "dbt",
                           .lock_path = path_join(ctx->arena, ctx->share_dir, "compose/dbt/requirements.lock"),
                           .python_min = "3.10",
                           .python_max = "3.13",
                           .python_prefer = "3.11"};
}

bool dbt_setup_observe(Context *ctx, const Project *project, DbtSetup *setup, Error *err) {
    (void)project;
    PythonRequest request = python_request(ctx);
    setup->worker = path_join(ctx->arena, ctx->share_dir, "workers/dbt_run.py");
    return python_environment_observe(ctx, &request, &setup->python, err);
}

bool dbt_setup_complete(Context *ctx, const Project *project, const char *step, DbtSetup *setup, Error *err) {
    PythonRequest request = python_request(ctx);
    if (!dbt_setup_observe(ctx, project, setup, err)) return false;
    return setup->python.is_ready || python_environment_install(ctx, &request, step, &setup->python, err);
}

DbtPlaces dbt_live_places(Context *ctx, const Project *project) {
    const char *folder = project_state_path(ctx->arena, project, "dbt");
    return (DbtPlaces){.folder = folder,
                       .sandbox = sandbox_path(ctx->arena, project),
                       .warehouse = path_join(ctx->arena, folder, "warehouse.duckdb"),
                       .publishes = true};
}

bool dbt_write_context(Context *ctx, const Project *project, const DbtPlaces *places, const char **path, Error *err) {
    Arena *arena = ctx->arena;
    Value *context = value_object(arena);
    value_set_integer(arena, context, "protocol", 1);
    value_set_string(arena, context, "project_dir", project->dbt_dir);
    value_set_string(arena, context, "sandbox", places->sandbox);
    value_set_string(arena, context, "warehouse", places->warehouse);
    value_set_string(arena, context, "lock", path_join(arena, places->folder, "lock"));
    value_set_integer(arena, context, "lock_timeout_ms", LOCK_TIMEOUT_MS);
    value_set_string(arena, context, "state_dir", places->folder);
    value_set_string(arena, context, "extension", NULL);
    value_set_bool(arena, context, "publish", places->publishes);
    value_set_string(arena, context, "events", places->events);
    value_set_bool(arena, context, "attended", places->events != NULL);
    const char *file = path_join(arena, places->folder, places->events == NULL ? "context.json" : "context-events.json");
    if (!folder_create(arena, places->folder, err)) return false;
    if (!file_keep_string(arena, file, json_print_indented(arena, context), 0600, err)) return false;
    *path = file;
    return true;
}

bool dbt_environment(Context *ctx, const Project *project, const DbtSetup *setup, ChildEnvironment *environment, Error *err) {
    ChildEnvironment built = child_environment_create(ctx, project);
    if (!airflow_settings_apply(ctx, project, &built, err)) return false;
    child_environment_prepend_path(&built, setup->python.bin);
    *environment = built;
    return true;
}

bool dbt_prepare(Context *ctx, const Project *project, Error *err) {
    DbtSetup setup;
    const char *context;
    DbtPlaces places = dbt_live_places(ctx, project);
    if (project->dbt_dir == NULL) return true;
    if (!dbt_setup_observe(ctx, project, &setup, err) || !dbt_write_context(ctx, project, &places, &context, err)) return false;
    if (project->config.runtime == RUNTIME_DOCKER) return true;  // the image has a dbt of its own
    const char *folder = project_state_path(ctx->arena, project, "run/bin");
    const char *shim =
        arena_format(ctx->arena,
                     "#!/bin/sh\n# The dbt of Airflow's tasks: the sandbox's, whatever the task asks for. Written by devbox.\n"
                     "exec %s %s --context %s -- \"$@\"\n",
                     text_quote_for_shell(ctx->arena, setup.python.python), text_quote_for_shell(ctx->arena, setup.worker),
                     text_quote_for_shell(ctx->arena, context));
    if (!folder_create(ctx->arena, folder, err)) return false;
    return file_keep_string(ctx->arena, path_join(ctx->arena, folder, "dbt"), shim, 0700, err);
}
