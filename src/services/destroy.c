#include "services/destroy.h"

#include "base/text.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/airflow_runtime.h"
#include "services/compose_file.h"
#include "services/docker_session.h"

enum { MEGABYTE = 1000 * 1000 };

// Names of .devbox that stay: the user's snapshots, and what keeps git from seeing them.
static bool stays(const char *name) { return text_equals(name, SANDBOX_SNAPSHOTS_FOLDER) || text_equals(name, ".gitignore"); }

// --- what there is --------------------------------------------------------------------------------------------------------

typedef struct Measure {
    const char *folder;
    Arena *arena;
    long long bytes;
} Measure;

static bool add_size(void *state, const char *path, const FileInfo *info) {
    Measure *measure = state;
    if (stays(path_relative(measure->arena, path, measure->folder))) return false;
    if (info->kind == FILE_REGULAR) measure->bytes += info->size;
    return true;
}

static bool measure_state(Context *ctx, const Project *project, long long *bytes, Error *err) {
    Measure measure = {.folder = project->state, .arena = ctx->arena};
    if (folder_exists(project->state) && !folder_walk(ctx->arena, project->state, add_size, &measure, err)) return false;
    *bytes = measure.bytes;
    return true;
}

// A checkout that runs natively may have run in containers before; but then it needs no engine to be told so.
static bool find_engine(Context *ctx, const Project *project, const DockerEngine **engine, Error *err) {
    Error none = {.arena = ctx->arena};
    *engine = NULL;
    if (docker_session_engine(ctx, false, engine, &none) || project->config.runtime != RUNTIME_DOCKER) return true;
    *err = none;
    error_wrap(err, "nothing was removed: Airflow's containers of this checkout are in an engine that does not answer");
    const char *without = "or, without them: rm -r .devbox (the sandbox database is in it)";
    return error_hint(err, "%s%s%s", err->hint == NULL ? "" : err->hint, err->hint == NULL ? "" : "; ", without);
}

bool destroy_find(Context *ctx, const Project *project, Belongings *found, Error *err) {
    *found = (Belongings){0};
    if (!find_engine(ctx, project, &found->engine, err)) return false;
    const char *own = arena_format(ctx->arena, LABEL_INSTANCE "=%s", project->instance),
               *of_compose = compose_project_label(ctx->arena, project);
    bool is_found = found->engine == NULL || docker_project_find(ctx, found->engine, of_compose, own, &found->docker, err);
    return is_found && measure_state(ctx, project, &found->size_bytes, err);
}

static void describe_docker(Context *ctx, const DockerProject *docker, StringList *lines) {
    size_t containers = docker->containers.count;
    if (containers > 0) {
        list_push(ctx->arena, lines, arena_format(ctx->arena, "%zu container%s", containers, containers == 1 ? "" : "s"));
    }
    if (docker->volumes.count > 0) {
        const char *names = text_join(ctx->arena, &docker->volumes, ", ");
        list_push(ctx->arena, lines, arena_format(ctx->arena, "Airflow's runs and connections in containers (%s)", names));
    }
}

StringList destroy_describe(Context *ctx, const Project *project, const Belongings *found) {
    StringList lines = {0};
    describe_docker(ctx, &found->docker, &lines);
    if (found->size_bytes > 0) {
        long long megabytes = (found->size_bytes + MEGABYTE - 1) / MEGABYTE;
        const char *folder = path_relative(ctx->arena, project->state, project->root);
        const char *what = "the sandbox database, Airflow's runs, what dbt built, logs; its snapshots stay";
        list_push(ctx->arena, &lines, arena_format(ctx->arena, "%s (%lld MB): %s", folder, megabytes, what));
    }
    return lines;
}

// --- taking it away -------------------------------------------------------------------------------------------------------

// Each runtime that the checkout may have used; what is stopped cleanly leaves its database whole.
static bool stop_platform(Context *ctx, const Project *project, Error *err) {
    Project native = *project;
    bool was_running;
    native.config.runtime = RUNTIME_NATIVE;
    event_step_progress(ctx, "destroy", "stopping Airflow");
    if (!airflow_runtime_of(&native)->stop(ctx, &native, &was_running, err)) return false;
    return project->config.runtime != RUNTIME_DOCKER || airflow_runtime_of(project)->stop(ctx, project, &was_running, err);
}

// Once no container is left, nobody but the host has the database open, whatever shares its file.
static bool keep_sandbox(Context *ctx, const Project *project, Snapshot *kept, Error *err) {
    Project here = *project;
    here.config.runtime = RUNTIME_NATIVE;
    event_step_progress(ctx, "destroy", "keeping the sandbox database");
    if (sandbox_snapshots_keep(ctx, &here, "destroy", kept, err)) return true;
    return error_wrap(err, "the sandbox database could not be kept, so nothing of .devbox was removed");
}

// Its content also where the folder is a link.
static bool remove_state(Context *ctx, const Project *project, bool has_snapshots, Error *err) {
    StringList names = {0};
    event_step_progress(ctx, "destroy", "removing %s", path_relative(ctx->arena, project->state, project->root));
    if (!folder_list(ctx->arena, project->state, &names, err)) return false;
    list_each(const char *const, name, &names) {
        const char *path = path_join(ctx->arena, project->state, *name);
        if ((!has_snapshots || !stays(*name)) && !folder_remove(ctx->arena, path, err)) return false;
    }
    return has_snapshots || folder_remove(ctx->arena, project->state, err);
}

bool destroy_execute(Context *ctx, const Project *project, Snapshot *kept, Error *err) {
    Belongings found;
    SnapshotList snapshots;
    // What there was when the user was asked may be more or less by now.
    if (!stop_platform(ctx, project, err) || !destroy_find(ctx, project, &found, err)) return false;
    event_step_progress(ctx, "destroy", "removing containers");
    if (found.engine != NULL && !docker_project_remove_containers(ctx, found.engine, &found.docker, err)) return false;
    if (!keep_sandbox(ctx, project, kept, err)) return false;
    if (found.engine != NULL && !docker_project_remove_rest(ctx, found.engine, &found.docker, err)) return false;
    return sandbox_snapshots_list(ctx, project, &snapshots, err) && remove_state(ctx, project, snapshots.count > 0, err);
}
