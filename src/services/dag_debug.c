#include "services/dag_debug.h"

#include <unistd.h>

#include "base/text.h"
#include "io/file_system.h"
#include "io/terminal.h"
#include "model/event.h"
#include "services/airflow_profile.h"
#include "services/airflow_runtime.h"
#include "services/python_environment.h"

bool dag_debug_is_possible(const Project *project) { return !text_equals(airflow_runtime_of(project)->name, "docker"); }

static bool refuse_container(Error *err) {
    error_set(err, ERROR_USAGE, "a debugger cannot be reached in the containers that DAG tests run in here");
    return error_hint(err, "set runtime: native in devbox.yaml while you debug; the platform in containers may go on");
}

// Below the environment's lib is one folder, of its Python's version.
static bool find_packages(Context *ctx, const PythonEnvironment *environment, const char **packages, Error *err) {
    StringList names = {0};
    const char *lib = path_join(ctx->arena, environment->folder, "lib");
    if (!folder_list(ctx->arena, lib, &names, err)) return false;
    list_each(const char *const, name, &names) {
        if (!text_starts_with(*name, "python3")) continue;
        *packages = arena_format(ctx->arena, "%s/%s/site-packages", lib, *name);
        return true;
    }
    error_set(err, ERROR_RUNTIME_MISSING, "%s holds no Python", lib);
    return error_hint(err, "remove %s and run this again", environment->folder);
}

// Beside Airflow's environment, not in it: what a team's DAGs import must not depend on a debugger.
static bool install(Context *ctx, const Project *project, const char **packages, Error *err) {
    AirflowProfile profile;
    PythonEnvironment environment;
    if (!airflow_profile_load(ctx, project->config.airflow.version, &profile, err)) return false;
    PythonRequest request = {.name = "debugpy",
                             .lock_path = path_join(ctx->arena, ctx->share_dir, "compose/debugpy/requirements.lock"),
                             .python_min = profile.python_min,
                             .python_max = profile.python_max,
                             .python_prefer = profile.python_prefer};
    if (!python_environment_observe(ctx, &request, &environment, err)) return false;
    if (!environment.is_ready && !python_environment_install(ctx, &request, "debugger", &environment, err)) return false;
    return find_packages(ctx, &environment, packages, err);
}

static bool find_terminal(Context *ctx, const char **terminal, Error *err) {
    *terminal = terminal_name(ctx->arena, STDIN_FILENO);
    if (*terminal != NULL && terminal_is_interactive(STDOUT_FILENO)) return true;
    error_set(err, ERROR_USAGE, "--debug=pdb talks on a terminal, and this is none");
    return error_hint(err, "run it in a terminal, or let an editor attach: --debug");
}

bool dag_debug_prepare(Context *ctx, const Project *project, DagDebugger debugger, Value *message, Error *err) {
    const char *packages, *terminal;
    Value *wish = value_object(ctx->arena);
    if (debugger == DAG_DEBUGGER_NONE) return true;
    if (!dag_debug_is_possible(project)) return refuse_container(err);
    if (debugger == DAG_DEBUGGER_PDB) {
        if (!find_terminal(ctx, &terminal, err)) return false;
        value_set_string(ctx->arena, wish, "terminal", terminal);
    } else {
        if (!install(ctx, project, &packages, err)) return false;
        value_set_string(ctx->arena, wish, "packages", packages);
    }
    value_set_string(ctx->arena, wish, "kind", debugger == DAG_DEBUGGER_PDB ? "pdb" : "debugpy");
    value_set(ctx->arena, message, "debug", wish);
    return true;
}

void dag_debug_announce(const Context *ctx, int port) {
    event_note(ctx, "a debugger can attach to 127.0.0.1:%d; Ctrl-C ends the test", port);
    event_note(ctx,
               "VS Code, in .vscode/launch.json: {\"name\": \"devbox test dag\", \"type\": \"debugpy\", \"request\": \"attach\", "
               "\"connect\": {\"host\": \"127.0.0.1\", \"port\": %d}}",
               port);
    event_step_started(ctx, "debugger", "waiting for one to attach");
}
