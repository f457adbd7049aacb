#include "fakes/fake_process.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <unistd.h>

#include "base/map.h"
#include "base/text.h"
#include "io/file_system.h"
#include "model/event.h"
#include "support/test.h"

struct Process {
    const FakeChild *child;
    ProcessSpec spec;
    ProcessResult result;
    pid_t pid;
    bool is_finished;
};

static struct {
    Arena *arena;
    const FakeChild *children;
    size_t count, used;
    Text commands;
    Map programs;
} script;

void fake_process_script(const FakeChild *children, size_t count) {
    arena_destroy(script.arena);
    script.arena = arena_create();
    script.children = children;
    script.count = count;
    script.used = 0;
    script.commands = (Text){.arena = script.arena};
    script.programs = (Map){0};
}

void fake_process_assert_used(void) {
    if (script.used < script.count) fail_msg("never run: %s", script.children[script.used].command);
}

void fake_process_add_program(const char *name, const char *path) {
    if (script.arena == NULL) fake_process_script(NULL, 0);
    map_set(script.arena, &script.programs, name, arena_copy_string(script.arena, path));
}

const char *fake_process_commands(void) { return text_string(&script.commands); }

static const char *join_arguments(const ProcessSpec *spec) {
    StringList arguments = {0};
    for (const char *const *argument = spec->argv; *argument != NULL; argument++) list_push(script.arena, &arguments, *argument);
    return text_join(script.arena, &arguments, " ");
}

static bool has_variable(const ProcessSpec *spec, const char *variable) {
    for (const char *const *entry = spec->environment; entry != NULL && *entry != NULL; entry++) {
        if (text_equals(*entry, variable)) return true;
    }
    return false;
}

static void check_call(const FakeChild *child, const ProcessSpec *spec, const char *command) {
    if (fnmatch(child->command, command, 0) != 0) fail_msg("run: %s\nexpected: %s", command, child->command);
    if (child->variable != NULL && !has_variable(spec, child->variable)) fail_msg("%s lacks %s", command, child->variable);
    if (child->folder != NULL && !text_equals(child->folder, spec->folder)) fail_msg("%s runs in %s", command, spec->folder);
    if (child->input != NULL && !text_equals(child->input, spec->input)) fail_msg("%s reads '%s'", command, spec->input);
}

// The row for this call; NULL with an error when the script says that it cannot be run.
static const FakeChild *next_child(const ProcessSpec *spec, Error *err) {
    if (script.arena == NULL) fake_process_script(NULL, 0);
    const char *command = join_arguments(spec);
    text_append_format(&script.commands, "%s\n", command);
    if (script.used == script.count) fail_msg("not in the script: %s", command);
    const FakeChild *child = &script.children[script.used++];
    check_call(child, spec, command);
    if (child->error != ERROR_NONE) {
        error_set(err, child->error, "%s cannot run", path_name(spec->argv[0]));
        return NULL;
    }
    if (child->effect != NULL) child->effect(spec);
    return child;
}

static void hand_on(const ProcessSpec *spec, const char *output, ProcessLineHandler *handler) {
    StringList lines = text_split_lines(script.arena, output);
    list_each(const char *, line, &lines) {
        if (handler != NULL) handler(spec->handler_state, *line);
    }
    FILE *log = spec->log_path == NULL ? NULL : fopen(spec->log_path, "ae");
    if (log == NULL) return;
    fputs(output, log);
    fclose(log);
}

static ProcessResult end_of(const FakeChild *child) {
    return (ProcessResult){.outcome = child->outcome,
                           .exit_code = child->exit_code,
                           .signal = child->signal,
                           .output = child->output == NULL ? "" : child->output,
                           .errors = child->errors == NULL ? "" : child->errors,
                           .duration_ms = 1};
}

static void finish(Process *process) {
    process->result = end_of(process->child);
    process->is_finished = true;
    hand_on(&process->spec, process->result.output, process->spec.on_output);
    hand_on(&process->spec, process->result.errors, process->spec.on_error);
}

bool process_start(Context *ctx, const ProcessSpec *spec, Process **process, Error *err) {
    const FakeChild *child = next_child(spec, err);
    if (child == NULL) return false;
    Process *started = arena_allocate(ctx->arena, sizeof *started);
    *started = (Process){.child = child, .spec = *spec, .pid = FAKE_PROCESS_FIRST_PID + (pid_t)script.used};
    *process = started;
    return true;
}

void processes_poll(Context *ctx, Process *const *processes, size_t count, long long wait_ms) {
    (void)ctx;
    (void)wait_ms;
    for (size_t i = 0; i < count; i++) {
        if (processes[i] != NULL && !processes[i]->is_finished) finish(processes[i]);
    }
}

bool process_is_finished(const Process *process, ProcessResult *result) {
    if (process->is_finished && result != NULL) *result = process->result;
    return process->is_finished;
}

pid_t process_pid(const Process *process) { return process->pid; }

void process_stop(Context *ctx, Process *process) {
    (void)ctx;
    if (process == NULL || process->is_finished) return;
    process->result = (ProcessResult){.outcome = PROCESS_SIGNALED, .signal = SIGTERM, .output = "", .errors = ""};
    process->is_finished = true;
}

bool process_run(Context *ctx, const ProcessSpec *spec, ProcessResult *result, Error *err) {
    if (spec->timeout_ms <= 0 && !spec->is_foreground) fail_msg("%s has no deadline", spec->argv[0]);
    if (context_is_cancelled(ctx)) {
        *result = (ProcessResult){.outcome = PROCESS_INTERRUPTED, .output = "", .errors = ""};
        return true;
    }
    Process *process;
    if (!process_start(ctx, spec, &process, err)) return false;
    event_tick(ctx);
    processes_poll(ctx, &process, 1, 0);
    return process_is_finished(process, result);
}

bool process_check(Context *ctx, const ProcessSpec *spec, ProcessResult *result, Error *err) {
    ProcessResult ended;
    if (!process_run(ctx, spec, &ended, err)) return false;
    *result = ended;
    if (ended.outcome == PROCESS_EXITED && ended.exit_code == 0) return true;
    ErrorCode code = ended.outcome == PROCESS_TIMED_OUT ? ERROR_TIMEOUT : ERROR_CHILD;
    if (ended.outcome == PROCESS_INTERRUPTED) code = ERROR_INTERRUPTED;
    error_set(err, code, "%s failed", process_describe(err->arena, spec, &ended));
    return error_detail(err, text_trim(err->arena, *ended.errors == '\0' ? ended.output : ended.errors));
}

bool process_detach(Context *ctx, const ProcessSpec *spec, pid_t *pid, Error *err) {
    (void)ctx;
    const FakeChild *child = next_child(spec, err);
    if (child == NULL) return false;
    hand_on(spec, child->output == NULL ? "" : child->output, NULL);
    *pid = FAKE_PROCESS_FIRST_PID + (pid_t)script.used;
    return true;
}

// What the child would say is in the pipe already, and then ends.
bool process_open(Context *ctx, const ProcessSpec *spec, pid_t *pid, int *input_fd, int *output_fd, Error *err) {
    (void)ctx;
    const FakeChild *child = next_child(spec, err);
    if (child == NULL) return false;
    const char *output = child->output == NULL ? "" : child->output;
    int ends[2];
    if (pipe(ends) != 0) fail_msg("no pipe");
    if (write(ends[1], output, strlen(output)) != (ssize_t)strlen(output)) fail_msg("the output does not fit into a pipe");
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *pid = FAKE_PROCESS_FIRST_PID + (pid_t)script.used;
    *input_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    *output_fd = ends[0];
    return true;
}

// True stands for "replaced": the real one does not come back then.
bool process_replace(Context *ctx, const ProcessSpec *spec, Error *err) {
    (void)ctx;
    return next_child(spec, err) != NULL;
}

const char *process_find_program(Arena *arena, const char *name, const char *search_path) {
    (void)search_path;
    return arena_copy_string(arena, map_get(&script.programs, name));
}

const char *process_describe(Arena *arena, const ProcessSpec *spec, const ProcessResult *result) {
    const char *command = arena_format(arena, "%s%s%s", path_name(spec->argv[0]), spec->argv[1] == NULL ? "" : " ",
                                       spec->argv[1] == NULL ? "" : spec->argv[1]);
    if (result->outcome == PROCESS_SIGNALED) return arena_format(arena, "%s (signal %d)", command, result->signal);
    if (result->outcome == PROCESS_TIMED_OUT) return arena_format(arena, "%s (stopped)", command);
    if (result->outcome == PROCESS_INTERRUPTED) return arena_format(arena, "%s (interrupted)", command);
    return arena_format(arena, "%s (exit code %d)", command, result->exit_code);
}
