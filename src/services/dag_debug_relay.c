#include "services/dag_debug_relay.h"

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/random.h"
#include "model/event.h"
#include "services/airflow_runtime.h"

#define SCRIPT "debug_relay.py"
#define PREFERRED_PORT "5678"

enum {
    NAME_DIGITS = 16,
    READY_MS = 10 * 1000,
    TURN_MS = 100,
    GRACE_MS = 6000,
    FORCED_GRACE_MS = 1000,
    LASTS_MS = 24 * 60 * 60 * 1000,
    TAIL_LINES = 3
};

// A program that passes what it reads and writes on to the debugger.
static bool describe_program(Context *ctx, const Project *project, DagDebugRelay *relay, ProcessSpec *spec, Error *err) {
    const AirflowRuntime *runtime = airflow_runtime_of(project);
    const PairList no_variables = {0};
    PythonPlace place;
    StringList argv = {0};
    const char *name = arena_format(ctx->arena, "run/debugger-%s", random_hex(ctx->arena, NAME_DIGITS));
    relay->port_file = project_state_path(ctx->arena, project, name);
    if (!folder_create(ctx->arena, path_folder(ctx->arena, relay->port_file), err)) return false;
    if (!runtime->open_place(ctx, project, PYTHON_DAG_TESTS, "debugger", &place, err)) return false;
    list_push(ctx->arena, &argv, path_join(ctx->arena, place.workers, SCRIPT));
    list_push(ctx->arena, &argv, relay->port_file);
    *spec = (ProcessSpec){.argv = string_list_to_argv(ctx->arena, &argv), .folder = project->root, .is_relay = true};
    return runtime->enter_place(ctx, project, PYTHON_DAG_TESTS, &no_variables, spec, err);
}

static void take_port(void *state, const char *line) {
    DagDebugRelay *relay = state;
    long long port;
    if (text_parse_integer(line, &port)) relay->port = (int)port;
}

static bool wait_until_it_listens(Context *ctx, DagDebugRelay *relay, Error *err) {
    ProcessResult result;
    long long deadline_ms = clock_now_ms() + READY_MS;
    while (relay->port == 0 && !process_is_finished(relay->process, &result) && clock_now_ms() < deadline_ms) {
        processes_poll(ctx, &relay->process, 1, TURN_MS);
    }
    if (relay->port != 0) return true;
    bool has_ended = process_is_finished(relay->process, &result);
    dag_debug_relay_end(ctx, relay);
    if (has_ended && result.outcome == PROCESS_INTERRUPTED) return error_set(err, ERROR_INTERRUPTED, "interrupted");
    error_set(err, ERROR_CHILD, "no port of 127.0.0.1 could be opened for an editor's debugger");
    error_hint(err, "debug on this terminal instead: --debug=pdb");
    if (has_ended) error_detail(err, text_last_lines(ctx->arena, result.errors, TAIL_LINES));
    return false;
}

bool dag_debug_relay_listen(Context *ctx, const Project *project, DagDebugRelay *relay, Error *err) {
    ProcessSpec program;
    StringList argv = {0};
    *relay = (DagDebugRelay){0};
    if (!describe_program(ctx, project, relay, &program, err)) return false;
    const char *const head[] = {ctx->executable, "__forward", PREFERRED_PORT, "--"};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) list_push(ctx->arena, &argv, head[i]);
    for (const char *const *word = program.argv; *word != NULL; word++) list_push(ctx->arena, &argv, *word);
    ProcessSpec spec = {.argv = string_list_to_argv(ctx->arena, &argv),
                        .folder = project->root,
                        .on_output = take_port,
                        .handler_state = relay,
                        .input = "",
                        .keeps_input_open = true,
                        .grace_ms = GRACE_MS,
                        .forced_grace_ms = FORCED_GRACE_MS,
                        .timeout_ms = LASTS_MS};
    return process_start(ctx, &spec, &relay->process, err) && wait_until_it_listens(ctx, relay, err);
}

bool dag_debug_relay_connect(Context *ctx, const Project *project, DagDebugRelay *relay, Error *err) {
    ProcessSpec program;
    *relay = (DagDebugRelay){0};
    if (!describe_program(ctx, project, relay, &program, err)) return false;
    program.is_foreground = true;
    event_step_done(ctx, "debugger", -1, "pdb will ask on this terminal");
    return process_start(ctx, &program, &relay->process, err);
}

void dag_debug_relay_end(Context *ctx, DagDebugRelay *relay) {
    Context own = *ctx;
    Error ignored = {.arena = ctx->arena};
    own.cancel = NULL;
    if (relay->process != NULL) process_stop(&own, relay->process);
    if (relay->port_file != NULL && !file_remove(ctx->arena, relay->port_file, &ignored)) error_clear(&ignored);
    relay->process = NULL;
}
