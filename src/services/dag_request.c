#include "services/dag_request.h"

#include <signal.h>

#include "base/text.h"
#include "io/file_system.h"
#include "io/json.h"
#include "io/platform.h"
#include "io/process.h"
#include "model/event.h"
#include "services/warm_process.h"

enum { TAIL_LINES = 15, START_ALLOWANCE_MS = 60 * 1000, WARM_UP_TIMEOUT_MS = 10 * 1000 };

#define HOST_SCRIPT "airflow_host.py"

// The request's own folder, in every program that its tasks start (a fork shows the environment of the process it came from). A
// warm process that is started on its way is rid of it (warm_door.py).
#define REQUEST_VARIABLE "DEVBOX_REQUEST"

// An empty metadata database for the process's warm-up.
#define TEMPLATE_VARIABLE "DEVBOX_METADATA_TEMPLATE"

typedef struct Conversation {
    Context *ctx;
    const Project *project;
    const DagRequest *request;
    DagEvents *events;
    const AirflowRuntime *runtime;
    PythonPlace place;
    const char *work_dir;
} Conversation;

static void read_line(void *state, const char *line) {
    Conversation *conversation = state;
    dag_events_read_line(conversation->ctx, conversation->project, line, conversation->events);
}

static void complete_message(const Conversation *conversation) {
    Arena *arena = conversation->ctx->arena;
    Value *message = conversation->request->message;
    value_set_integer(arena, message, "protocol", 1);
    value_set_bool(arena, message, "attended", true);
    value_set_string(arena, message, "dags_folder", conversation->project->dags_dir);
    value_set_string(arena, message, "work_dir", conversation->work_dir);
    value_set_string(arena, message, "template", conversation->place.template_path);
    value_set_string(arena, message, "live", conversation->place.live);
}

static bool report_trouble(Context *ctx, const ProcessResult *result, const DagRequest *request, Error *err) {
    if (result->outcome == PROCESS_INTERRUPTED) return error_set(err, ERROR_INTERRUPTED, "interrupted while DAGs were tested");
    if (result->outcome == PROCESS_TIMED_OUT) {
        error_set(err, ERROR_TIMEOUT, "testing DAGs took longer than %s", text_duration(ctx->arena, request->timeout_ms));
        return error_hint(err, "give it more time with --timeout");
    }
    bool was_killed = result->outcome == PROCESS_SIGNALED;
    error_set(err, ERROR_CHILD, "the Python process that tests DAGs %s",
              was_killed ? arena_format(ctx->arena, "was killed by signal %d", result->signal)
                         : arena_format(ctx->arena, "ended without an answer (exit code %d)", result->exit_code));
    if (strstr(result->errors, "No space left on device") != NULL) {
        error_hint(err, "the disk that holds .devbox is full: make room there, and run this again");
        return error_detail(err, text_last_lines(ctx->arena, result->errors, 1));
    }
    error_hint(
        err,
        "a DAG file or task may have ended the process itself (os._exit, memory); test files one by one: devbox test dags FILE");
    return error_detail(err, text_last_lines(ctx->arena, result->errors, TAIL_LINES));
}

static bool open_place(Conversation *conversation, Error *err) {
    conversation->runtime = airflow_runtime_of(conversation->project);
    return conversation->runtime->open_place(conversation->ctx, conversation->project, PYTHON_DAG_TESTS, "airflow",
                                             &conversation->place, err);
}

// Completes a spec: the host with these arguments, or, without any, the start of its warm process.
static bool enter_host(const Conversation *conversation, const StringList *arguments, ProcessSpec *spec, Error *err) {
    Context *ctx = conversation->ctx;
    const Project *project = conversation->project;
    const PythonPlace *place = &conversation->place;
    PairList variables = {0};
    StringList argv = warm_process_argv(ctx->arena, project, place, HOST_SCRIPT, arguments);
    spec->argv = string_list_to_argv(ctx->arena, &argv);
    spec->folder = project->root;
    // A test's own home: what Airflow writes there goes away with it.
    if (conversation->work_dir != NULL) {
        pair_list_add(ctx->arena, &variables, "AIRFLOW_HOME", conversation->work_dir);
        pair_list_add(ctx->arena, &variables, REQUEST_VARIABLE, conversation->work_dir);
    }
    pair_list_add(ctx->arena, &variables, TEMPLATE_VARIABLE, place->template_path);
    return conversation->runtime->enter_place(ctx, project, PYTHON_DAG_TESTS, &variables, spec, err);
}

// Who watched over the test has ended before it, so that nobody else knows what its tasks started in sessions of their own.
static void end_what_is_left(const Conversation *conversation) {
    Arena *arena = conversation->ctx->arena;
    ProcessInfoList left =
        platform_processes_with_marker(arena, arena_format(arena, REQUEST_VARIABLE "=%s", conversation->work_dir));
    list_each(ProcessInfo, process, &left) kill(process->pid, SIGKILL);
}

static bool send(Conversation *conversation, Error *err) {
    Context *ctx = conversation->ctx;
    const DagRequest *request = conversation->request;
    ProcessResult result;
    const char *word = "request";
    const StringList arguments = {.items = &word, .count = 1};
    complete_message(conversation);
    ProcessSpec spec = {.input = arena_format(ctx->arena, "%s\n", json_print(ctx->arena, request->message)),
                        .keeps_input_open = true,
                        .on_output = read_line,
                        .handler_state = conversation,
                        .timeout_ms = request->timeout_ms + START_ALLOWANCE_MS};
    if (!enter_host(conversation, &arguments, &spec, err) || !process_run(ctx, &spec, &result, err)) return false;
    bool has_answer = result.outcome == PROCESS_EXITED && result.exit_code == 0 && conversation->events->state != NULL;
    if (!has_answer) end_what_is_left(conversation);
    return has_answer || report_trouble(ctx, &result, request, err);
}

bool dag_request_send(Context *ctx, const Project *project, const DagRequest *request, DagEvents *events, Error *err) {
    Conversation conversation = {.ctx = ctx, .project = project, .request = request, .events = events};
    const char *parent = project_state_path(ctx->arena, project, "tmp");
    Error cleaning = {.arena = ctx->arena};
    if (!open_place(&conversation, err)) return false;
    if (!folder_create(ctx->arena, parent, err)) return false;
    if (!folder_create_temporary(ctx->arena, parent, "dags-", &conversation.work_dir, err)) return false;
    bool is_done = send(&conversation, err);
    if (request->keeps_work_dir) {
        event_note(ctx, "kept: %s", conversation.work_dir);
    } else if (!folder_remove(ctx->arena, conversation.work_dir, &cleaning)) {
        event_warning(ctx, NULL, "%s", cleaning.message);
    }
    return is_done;
}

void dag_request_prepare(Context *ctx, const Project *project) {
    Conversation conversation = {.ctx = ctx, .project = project};
    const StringList no_arguments = {0};
    ProcessSpec spec = {.timeout_ms = WARM_UP_TIMEOUT_MS};
    ProcessResult result;
    Error ignored = {.arena = ctx->arena};
    if (!open_place(&conversation, &ignored) || !enter_host(&conversation, &no_arguments, &spec, &ignored)) return;
    if (!process_run(ctx, &spec, &result, &ignored)) return;
}
