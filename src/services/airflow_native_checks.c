#include "services/airflow_native_checks.h"

#include "base/text.h"
#include "io/file_system.h"
#include "services/airflow_setup.h"
#include "services/dbt_setup.h"
#include "services/python_tools.h"

static void add(Context *ctx, CheckList *checks, const char *name, CheckState state, const char *finding, const char *remedy) {
    Check check = {.name = name, .state = state, .finding = finding, .remedy = remedy};
    list_push(ctx->arena, checks, check);
}

bool airflow_native_is_installed(Context *ctx, const Project *project) {
    AirflowSetup airflow;
    DbtSetup dbt;
    Error ignored = {.arena = ctx->arena};
    if (!airflow_setup_observe(ctx, project, &airflow, &ignored) || !airflow.python.is_ready) return false;
    return project->dbt_dir == NULL || (dbt_setup_observe(ctx, project, &dbt, &ignored) && dbt.python.is_ready);
}

static void check_airflow(Context *ctx, const Project *project, CheckList *checks) {
    AirflowSetup setup;
    Error err = {.arena = ctx->arena};
    if (!airflow_setup_observe(ctx, project, &setup, &err)) {
        add(ctx, checks, "Airflow", CHECK_BAD, err.message, err.hint);
        return;
    }
    const char *what = arena_format(ctx->arena, "Airflow %s in %s", setup.profile.version, setup.python.folder);
    bool is_ready = setup.python.is_ready;
    add(ctx, checks, "Airflow", is_ready ? CHECK_GOOD : CHECK_WARNING,
        is_ready ? what : arena_format(ctx->arena, "Airflow %s is not installed yet", setup.profile.version),
        is_ready ? NULL : "devbox start installs it");
}

static void check_python(Context *ctx, const Project *project, CheckList *checks) {
    PythonRequest request = {.python_min = "3.10", .python_max = "3.12", .python_prefer = "3.11"};
    AirflowProfile profile;
    Error err = {.arena = ctx->arena};
    if (airflow_profile_load(ctx, project->config.airflow.version, &profile, &err)) {
        request = (PythonRequest){
            .python_min = profile.python_min, .python_max = profile.python_max, .python_prefer = profile.python_prefer};
    }
    const char *python = python_find_interpreter(ctx, &request), *uv = python_find_installed_uv(ctx);
    const char *missing = arena_format(ctx->arena, "none between %s and %s", request.python_min, request.python_max);
    add(ctx, checks, "Python", python != NULL ? CHECK_GOOD : CHECK_WARNING, python != NULL ? python : missing,
        python != NULL ? NULL
                       : arena_format(ctx->arena, "sudo apt install python3, or: uv python install %s", request.python_prefer));
    add(ctx, checks, "uv", CHECK_GOOD, uv != NULL ? uv : "not installed yet; devbox start installs it from PyPI", NULL);
}

static void check_dbt(Context *ctx, const Project *project, CheckList *checks) {
    DbtSetup setup;
    Error err = {.arena = ctx->arena};
    if (project->dbt_dir == NULL) {
        add(ctx, checks, "dbt", CHECK_GOOD, "no dbt_project.yml in this checkout", NULL);
    } else if (!dbt_setup_observe(ctx, project, &setup, &err)) {
        add(ctx, checks, "dbt", CHECK_BAD, err.message, err.hint);
    } else {
        const char *folder = path_relative(ctx->arena, project->dbt_dir, project->root);
        add(ctx, checks, "dbt", setup.python.is_ready ? CHECK_GOOD : CHECK_WARNING,
            arena_format(ctx->arena, "project in ./%s", folder), setup.python.is_ready ? NULL : "devbox start installs dbt");
    }
}

void airflow_native_examine(Context *ctx, const Project *project, CheckList *checks) {
    check_python(ctx, project, checks);
    check_airflow(ctx, project, checks);
    check_dbt(ctx, project, checks);
}
