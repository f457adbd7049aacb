#include "services/airflow_runtime.h"

#include "base/text.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/airflow_docker.h"
#include "services/airflow_native_runtime.h"
#include "services/airflow_profile.h"
#include "services/compose_file.h"
#include "services/compose_program.h"
#include "services/docker_containers.h"
#include "services/docker_session.h"

const AirflowRuntime *airflow_runtime_of(const Project *project) {
    return project->config.runtime == RUNTIME_DOCKER ? &airflow_docker_runtime : &airflow_native_runtime;
}

static bool has_native_history(Context *ctx, const Project *project) {
    const char *name = arena_format(ctx->arena, "airflow/%s/airflow.db", project->config.airflow.version);
    return file_exists(project_state_path(ctx->arena, project, name));
}

// A preview runs natively only.
static bool allows_docker(Context *ctx, const Project *project, Error *err) {
    AirflowProfile profile;
    return airflow_profile_load(ctx, project->config.airflow.version, &profile, err) &&
           airflow_profile_require_docker(&profile, err);
}

bool airflow_runtime_wants_docker(Context *ctx, const Project *project) {
    Error none = {.arena = ctx->arena};
    if (project->config.runtime == RUNTIME_NATIVE || !allows_docker(ctx, project, &none)) return false;
    return project->config.runtime == RUNTIME_DOCKER || !has_native_history(ctx, project);
}

// A machine without any engine is the usual case and no news; one that is there and cannot be used is.
static bool can_use_docker(Context *ctx, const Project *project, Error *passed_over) {
    const DockerEngine *engine;
    ComposeProgram compose;
    Error none = {.arena = ctx->arena};
    if (!airflow_runtime_wants_docker(ctx, project)) return false;
    if (!docker_session_engine(ctx, false, &engine, &none)) {
        bool is_any_there = none.detail != NULL || none.code == ERROR_CONFIG;
        if (is_any_there) *passed_over = none;
        return false;
    }
    if (engine->endpoint.is_remote) return error_set(passed_over, ERROR_CONFIG, "the container engine is on another machine");
    if (compose_program_find(ctx, &compose, passed_over)) return true;
    passed_over->hint = NULL;
    return false;
}

static Runtime read_decided(Context *ctx, const Project *project) {
    Project known = {.state = project->state, .config = {.runtime = RUNTIME_AUTO}};
    project_recall_runtime(ctx, &known);
    return known.config.runtime;
}

// Two Airflows of one checkout would run the same schedules twice.
static bool leave_other_runtime(Context *ctx, const Project *project, Runtime before, Error *err) {
    Project other = *project;
    bool was_running;
    if (before == RUNTIME_AUTO || before == project->config.runtime) return true;
    other.config.runtime = before;
    const AirflowRuntime *runtime = airflow_runtime_of(&other);
    event_note(ctx, "this checkout ran in the %s runtime so far; its Airflow keeps a history of its own there", runtime->name);
    Error gone = {.arena = ctx->arena};
    if (runtime->stop(ctx, &other, &was_running, &gone)) return true;
    if (before == RUNTIME_DOCKER && gone.code == ERROR_RUNTIME_MISSING) return true;  // no engine, so nothing runs in it
    *err = gone;
    return false;
}

void airflow_runtime_find(Context *ctx, Project *project) {
    const DockerEngine *engine;
    DockerContainerList containers = {0};
    Error ignored = {.arena = ctx->arena};
    if (project->config.runtime != RUNTIME_AUTO || !docker_session_engine(ctx, false, &engine, &ignored)) return;
    if (!docker_container_list(ctx, engine, compose_project_label(ctx->arena, project), &containers, &ignored)) return;
    if (containers.count > 0) project->config.runtime = RUNTIME_DOCKER;
}

void airflow_runtime_find_again(Context *ctx, Project *project) {
    if (!project->config.is_runtime_explicit) project->config.runtime = read_decided(ctx, project);
    airflow_runtime_find(ctx, project);
}

bool airflow_runtime_choose(Context *ctx, Project *project, Error *passed_over, Error *err) {
    if (project->config.runtime == RUNTIME_AUTO) {
        project->config.runtime = can_use_docker(ctx, project, passed_over) ? RUNTIME_DOCKER : RUNTIME_NATIVE;
    }
    return project->config.runtime != RUNTIME_DOCKER || allows_docker(ctx, project, err);
}

bool airflow_runtime_settle(Context *ctx, const Project *project, Error *err) {
    Runtime before = read_decided(ctx, project);
    if (before == project->config.runtime) return true;
    if (!leave_other_runtime(ctx, project, before, err)) return false;
    const char *line = arena_format(ctx->arena, "%s\n", airflow_runtime_of(project)->name);
    return file_write_string(ctx->arena, project_state_path(ctx->arena, project, RUNTIME_FILE), line, 0600, err);
}
