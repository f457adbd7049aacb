#include "services/dag_debug.h"

#include <unistd.h>

#include "base/text.h"
#include "io/file_system.h"
#include "io/terminal.h"
#include "model/event.h"
#include "services/airflow_image.h"
#include "services/airflow_profile.h"
#include "services/airflow_runtime.h"
#include "services/python_environment.h"

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

static bool prepare_here(Context *ctx, const Project *project, bool is_pdb, Value *wish, Error *err) {
    const char *packages, *terminal;
    if (is_pdb) {
        if (!find_terminal(ctx, &terminal, err)) return false;
        value_set_string(ctx->arena, wish, "terminal", terminal);
    } else {
        if (!install(ctx, project, &packages, err)) return false;
        value_set_string(ctx->arena, wish, "packages", packages);
    }
    return true;
}

static bool prepare_inside(Context *ctx, const Project *project, bool is_pdb, Value *wish, DagDebugRelay *relay, Error *err) {
    const char *terminal;
    if (is_pdb && !find_terminal(ctx, &terminal, err)) return false;
    bool is_open = is_pdb ? dag_debug_relay_connect(ctx, project, relay, err) : dag_debug_relay_listen(ctx, project, relay, err);
    if (!is_open) return false;
    value_set_string(ctx->arena, wish, "packages", AIRFLOW_IMAGE_DEBUGPY);
    value_set_string(ctx->arena, wish, "port_file", relay->port_file);
    return true;
}

bool dag_debug_prepare(Context *ctx, const Project *project, DagDebugger debugger, Value *message, DagDebugRelay *relay,
                       Error *err) {
    Value *wish = value_object(ctx->arena);
    bool is_pdb = debugger == DAG_DEBUGGER_PDB, is_inside = text_equals(airflow_runtime_of(project)->name, "docker");
    *relay = (DagDebugRelay){0};
    if (debugger == DAG_DEBUGGER_NONE) return true;
    value_set_string(ctx->arena, wish, "kind", is_pdb ? "pdb" : "debugpy");
    value_set(ctx->arena, message, "debug", wish);
    return is_inside ? prepare_inside(ctx, project, is_pdb, wish, relay, err) : prepare_here(ctx, project, is_pdb, wish, err);
}

void dag_debug_announce(const Context *ctx, int port) {
    event_note(ctx, "a debugger can attach to 127.0.0.1:%d; Ctrl-C ends the test", port);
    event_note(ctx,
               "VS Code, in .vscode/launch.json: {\"name\": \"devbox test dag\", \"type\": \"debugpy\", \"request\": \"attach\", "
               "\"connect\": {\"host\": \"127.0.0.1\", \"port\": %d}}",
               port);
    event_step_started(ctx, "debugger", "waiting for one to attach");
}
