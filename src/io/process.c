#include "io/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/process_spawn.h"
#include "io/signals.h"
#include "model/event.h"

enum {
    CHUNK_BYTES = 16 * 1024,
    CHUNKS_PER_TURN = 16,      // so that one flooding child does not starve the others
    LONGEST_LINE = 64 * 1024,  // a longer one is handed on in pieces
    DRAIN_MS = 250,            // for a grandchild that holds the pipe after the child's end
    KILLED_GROUP_MS = 500,     // zombies without a reaper stay in a group for ever
    KILLED_CHILD_MS = 5000,    // an uninterruptible read from a dead disk survives even KILL
    SIGNAL_PAUSE_MS = 50,
    GROUP_CHECK_MS = 20,  // nothing tells when a group is empty
    TICK_MS = 80,
    COMMAND_LENGTH = 60,
    DETAIL_LINES = 20,
};

static const long long NEVER = INT64_MAX;

typedef struct Stream {
    int fd;
    Text captured, line;
    bool is_truncated;
    ProcessLineHandler *handler;
} Stream;

struct Process {
    ProcessSpec spec;
    Arena *arena;
    pid_t pid;
    Stream output, errors;
    int input_fd, log_fd;
    size_t input_sent;
    long long started_ms, deadline_ms, stop_ms, kill_ms, killed_ms, exited_ms;
    bool is_stopping, is_forced, is_killed, has_exited, is_finished;
    int wait_status;
    ProcessResult result;
};

static void close_end(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static void append_to_log(Process *process, const char *bytes, size_t length) {
    while (process->log_fd >= 0 && length > 0) {
        ssize_t written = write(process->log_fd, bytes, length);
        if (written < 0 && errno == EINTR) continue;
        // A full disk must not stop the child: what it says is still captured.
        if (written < 0) return;
        bytes += written;
        length -= (size_t)written;
    }
}

static void keep_bytes(Stream *stream, const char *bytes, size_t length, size_t limit) {
    Text *captured = &stream->captured;
    if (captured->length + length >= 2 * limit && captured->length > limit) {
        memmove(captured->content, captured->content + captured->length - limit, limit);
        captured->length = limit;
        stream->is_truncated = true;
    }
    text_append_bytes(captured, bytes, length);
}

static void hand_on_line(const Process *process, Stream *stream) {
    Text *line = &stream->line;
    if (line->length > 0 && line->content[line->length - 1] == '\r') line->content[--line->length] = '\0';
    stream->handler(process->spec.handler_state, text_string(line));
    line->length = 0;
    if (line->content != NULL) *line->content = '\0';
}

static void split_lines(const Process *process, Stream *stream, const char *bytes, size_t length) {
    while (stream->handler != NULL && length > 0) {
        const char *end = memchr(bytes, '\n', length);
        size_t piece = end == NULL ? length : (size_t)(end - bytes);
        text_append_bytes(&stream->line, bytes, piece);
        if (end != NULL || stream->line.length >= LONGEST_LINE) hand_on_line(process, stream);
        piece += end != NULL;
        bytes += piece;
        length -= piece;
    }
}

static void close_stream(const Process *process, Stream *stream) {
    if (stream->fd < 0) return;
    if (stream->line.length > 0) hand_on_line(process, stream);
    close_end(&stream->fd);
}

static void read_stream(Process *process, Stream *stream) {
    char chunk[CHUNK_BYTES];
    for (int turn = 0; turn < CHUNKS_PER_TURN && stream->fd >= 0; turn++) {
        ssize_t length = read(stream->fd, chunk, sizeof chunk);
        if (length < 0 && errno == EINTR) continue;
        if (length < 0 && errno == EAGAIN) return;
        if (length <= 0) {
            close_stream(process, stream);
            return;
        }
        append_to_log(process, chunk, (size_t)length);
        keep_bytes(stream, chunk, (size_t)length, process->spec.capture_limit);
        split_lines(process, stream, chunk, (size_t)length);
    }
}

static bool has_input_left(const Process *process) {
    bool is_sent = process->input_fd < 0 || process->spec.input[process->input_sent] == '\0';
    return process->input_fd >= 0 && !(is_sent && process->spec.keeps_input_open);
}

static void feed_input(Process *process) {
    while (has_input_left(process)) {
        const char *rest = process->spec.input + process->input_sent;
        size_t length = strlen(rest);
        ssize_t written = length == 0 ? 0 : write(process->input_fd, rest, length < CHUNK_BYTES ? length : CHUNK_BYTES);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) return;
        if (written <= 0) close_end(&process->input_fd);
        if (written > 0) process->input_sent += (size_t)written;
    }
}

static void signal_child(const Process *process, int signal_number) {
    if (!process->spec.is_foreground) {
        kill(-process->pid, signal_number);
    } else if (!process->has_exited) {
        kill(process->pid, signal_number);
    }
}

static void begin_stop(Process *process, long long now) {
    if (process->is_stopping) return;
    process->is_stopping = true;
    process->stop_ms = now;
    process->kill_ms = now + process->spec.grace_ms;
    signal_child(process, SIGTERM);
    // A child stopped by the terminal would not see TERM before KILL.
    signal_child(process, SIGCONT);
}

// Killed at once, another devbox would leave what it had started. Two signals that meet are one: the second has to wait for the
// first.
static void force_stop(Process *process, long long now) {
    long long grace_ms = process->spec.forced_grace_ms;
    if (grace_ms == 0) process->kill_ms = now;
    if (grace_ms == 0 || process->is_forced || now < process->stop_ms + SIGNAL_PAUSE_MS) return;
    process->is_forced = true;
    if (process->kill_ms > now + grace_ms) process->kill_ms = now + grace_ms;
    signal_child(process, SIGTERM);
}

// The terminal sends Ctrl-C to foreground children itself; a second one from us means "force" to many programs.
static bool is_interrupted(const Context *ctx, const Process *process) {
    return context_is_cancelled(ctx) && !(process->spec.is_foreground && signals_last() == SIGINT);
}

static void reap(Process *process, long long now) {
    if (process->has_exited) return;
    int status = 0;
    pid_t reaped = waitpid(process->pid, &status, WNOHANG);
    if (reaped == 0 || (reaped < 0 && errno == EINTR)) return;
    process->has_exited = true;
    process->exited_ms = now;
    // Somebody else took the exit status (a wait for any child): unknown is not success.
    process->wait_status = reaped > 0 ? status : 255 << 8;
    close_end(&process->input_fd);
}

static void check_limits(const Context *ctx, Process *process, long long now) {
    if (!process->has_exited && is_interrupted(ctx, process)) {
        if (!process->is_stopping) process->result.outcome = PROCESS_INTERRUPTED;
        begin_stop(process, now);
        if (*ctx->cancel > 1) force_stop(process, now);
    }
    if (!process->has_exited && !process->is_stopping && now >= process->deadline_ms) {
        process->result.outcome = PROCESS_TIMED_OUT;
        begin_stop(process, now);
    }
    if (process->is_stopping && !process->is_killed && now >= process->kill_ms) {
        process->is_killed = true;
        process->killed_ms = now;
        signal_child(process, SIGKILL);
    }
}

static bool is_group_settled(const Process *process, long long now) {
    if (!process->is_stopping || process->spec.is_foreground) return true;
    if (process->is_killed && now >= process->killed_ms + KILLED_GROUP_MS) return true;
    return kill(-process->pid, 0) != 0;
}

static bool is_drained(const Process *process, long long now) {
    return (process->output.fd < 0 && process->errors.fd < 0) || now >= process->exited_ms + DRAIN_MS;
}

static bool is_done(const Process *process, long long now) {
    if (!process->has_exited) return process->is_killed && now >= process->killed_ms + KILLED_CHILD_MS;
    return is_group_settled(process, now) && is_drained(process, now);
}

static const char *captured_text(Process *process, Stream *stream) {
    size_t limit = process->spec.capture_limit, length = stream->captured.length;
    if (length <= limit) return text_string(&stream->captured);
    stream->is_truncated = true;
    const char *tail = stream->captured.content + length - limit;
    const char *line_end = strchr(tail, '\n');
    return line_end == NULL || line_end[1] == '\0' ? tail : line_end + 1;
}

static void finish(Process *process, long long now) {
    close_stream(process, &process->output);
    close_stream(process, &process->errors);
    close_end(&process->input_fd);
    close_end(&process->log_fd);
    ProcessResult *result = &process->result;
    int status = process->has_exited ? process->wait_status : SIGKILL;
    if (WIFEXITED(status)) result->exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) result->signal = WTERMSIG(status);
    bool was_ended_by_us = result->outcome == PROCESS_TIMED_OUT || result->outcome == PROCESS_INTERRUPTED;
    if (!was_ended_by_us) result->outcome = WIFSIGNALED(status) ? PROCESS_SIGNALED : PROCESS_EXITED;
    result->output = captured_text(process, &process->output);
    result->errors = captured_text(process, &process->errors);
    result->is_truncated = process->output.is_truncated || process->errors.is_truncated;
    result->duration_ms = (process->has_exited ? process->exited_ms : now) - process->started_ms;
    process->is_finished = true;
}

// Reads before it reaps: what was written before the exit is always seen by the next turn.
static void advance(const Context *ctx, Process *process) {
    if (process == NULL || process->is_finished) return;
    feed_input(process);
    read_stream(process, &process->output);
    read_stream(process, &process->errors);
    long long now = clock_now_ms();
    reap(process, now);
    check_limits(ctx, process, now);
    if (is_done(process, now)) finish(process, now);
}

static long long next_event_ms(const Process *process, long long now) {
    if (process->has_exited) {
        if (is_group_settled(process, now)) return process->exited_ms + DRAIN_MS;
        return now + GROUP_CHECK_MS;
    }
    if (process->is_killed) return process->killed_ms + KILLED_CHILD_MS;
    return process->is_stopping ? process->kill_ms : process->deadline_ms;
}

static void add_poll(struct pollfd *polled, size_t *count, int fd, short events) {
    if (fd >= 0) polled[(*count)++] = (struct pollfd){.fd = fd, .events = events};
}

static void wait_for_events(const Context *ctx, Process *const *processes, size_t count, long long wait_ms) {
    ArenaMark mark = arena_mark(ctx->arena);
    struct pollfd *polled = arena_allocate_array(ctx->arena, 3 * count + 1, sizeof *polled);
    size_t polled_count = 0;
    long long now = clock_now_ms();
    add_poll(polled, &polled_count, signals_wake_fd(), POLLIN);
    for (size_t i = 0; i < count; i++) {
        const Process *process = processes[i];
        if (process == NULL || process->is_finished) continue;
        add_poll(polled, &polled_count, process->output.fd, POLLIN);
        add_poll(polled, &polled_count, process->errors.fd, POLLIN);
        add_poll(polled, &polled_count, has_input_left(process) ? process->input_fd : -1, POLLOUT);
        long long left_ms = next_event_ms(process, now) - now;
        if (left_ms < wait_ms) wait_ms = left_ms < 0 ? 0 : left_ms;
    }
    poll(polled, (nfds_t)polled_count, (int)(wait_ms > 60000 ? 60000 : wait_ms));
    signals_drain();
    arena_reset(ctx->arena, mark);
}

static size_t advance_all(const Context *ctx, Process *const *processes, size_t count) {
    size_t running = 0;
    for (size_t i = 0; i < count; i++) {
        advance(ctx, processes[i]);
        running += processes[i] != NULL && !processes[i]->is_finished;
    }
    return running;
}

static size_t count_running(Process *const *processes, size_t count) {
    size_t running = 0;
    for (size_t i = 0; i < count; i++) running += processes[i] != NULL && !processes[i]->is_finished;
    return running;
}

// Looks before it waits: another loop may have drained the wake-up of one of these children.
void processes_poll(Context *ctx, Process *const *processes, size_t count, long long wait_ms) {
    size_t before = count_running(processes, count);
    size_t running = advance_all(ctx, processes, count);
    if (running == 0 || running < before) return;
    wait_for_events(ctx, processes, count, wait_ms);
    advance_all(ctx, processes, count);
}

static bool open_streams(Process *process, SpawnRequest *request, Error *err) {
    const ProcessSpec *spec = &process->spec;
    int input[2] = {-1, -1}, output[2], errors[2];
    if (spec->log_path != NULL && !process_open_log(spec->log_path, &process->log_fd, err)) return false;
    if (spec->input == NULL && !process_open_log(NULL, &request->streams[0], err)) return false;
    if (spec->input != NULL && !process_create_pipe(input, err)) return false;
    if (spec->input != NULL) request->streams[0] = input[0];
    process->input_fd = input[1];
    if (!process_create_pipe(output, err)) return false;
    process->output.fd = output[0];
    request->streams[1] = output[1];
    if (!process_create_pipe(errors, err)) return false;
    process->errors.fd = errors[0];
    request->streams[2] = errors[1];
    int ours[] = {process->input_fd, process->output.fd, process->errors.fd};
    for (int i = 0; i < 3; i++) {
        if (ours[i] >= 0) fcntl(ours[i], F_SETFL, O_NONBLOCK | (i == 0 ? O_WRONLY : O_RDONLY));
    }
    return true;
}

static Process *create_process(Context *ctx, const ProcessSpec *spec) {
    assert(spec->argv != NULL && spec->argv[0] != NULL);
    assert(spec->timeout_ms > 0 || spec->is_foreground);
    Process *process = arena_allocate(ctx->arena, sizeof *process);
    *process = (Process){.spec = *spec, .arena = ctx->arena, .input_fd = -1, .log_fd = -1};
    if (spec->grace_ms == 0) process->spec.grace_ms = 2000;
    if (spec->capture_limit == 0) process->spec.capture_limit = 1024 * 1024;
    process->output = (Stream){-1, {.arena = ctx->arena}, {.arena = ctx->arena}, false, spec->on_output};
    process->errors = (Stream){-1, {.arena = ctx->arena}, {.arena = ctx->arena}, false, spec->on_error};
    process->started_ms = clock_now_ms();
    process->deadline_ms = spec->timeout_ms > 0 ? process->started_ms + spec->timeout_ms : NEVER;
    return process;
}

bool process_start(Context *ctx, const ProcessSpec *spec, Process **process, Error *err) {
    Process *child = create_process(ctx, spec);
    SpawnRequest request = {.spec = &child->spec, .streams = {-1, -1, -1}};
    // Before the child exists, so that its end cannot be missed.
    signals_wake_fd();
    bool is_started =
        (spec->is_foreground || open_streams(child, &request, err)) && process_spawn(ctx, &request, &child->pid, err);
    for (int i = 0; i < 3; i++) close_end(&request.streams[i]);
    if (is_started) {
        *process = child;
        return true;
    }
    child->output.handler = child->errors.handler = NULL;
    close_stream(child, &child->output);
    close_stream(child, &child->errors);
    close_end(&child->input_fd);
    close_end(&child->log_fd);
    return false;
}

bool process_is_finished(const Process *process, ProcessResult *result) {
    if (process->is_finished && result != NULL) *result = process->result;
    return process->is_finished;
}

pid_t process_pid(const Process *process) { return process->pid; }

void process_stop(Context *ctx, Process *process) {
    if (process == NULL || process->is_finished) return;
    begin_stop(process, clock_now_ms());
    while (!process->is_finished) processes_poll(ctx, &process, 1, 100);
}

bool process_run(Context *ctx, const ProcessSpec *spec, ProcessResult *result, Error *err) {
    if (context_is_cancelled(ctx)) {
        *result = (ProcessResult){.outcome = PROCESS_INTERRUPTED, .output = "", .errors = ""};
        return true;
    }
    Process *process;
    if (!process_start(ctx, spec, &process, err)) return false;
    long long last_tick_ms = 0;
    while (!process_is_finished(process, result)) {
        processes_poll(ctx, &process, 1, TICK_MS);
        long long now = clock_now_ms();
        if (now - last_tick_ms < TICK_MS) continue;
        event_tick(ctx);
        last_tick_ms = now;
    }
    return true;
}

static const char *describe_command(Arena *arena, const ProcessSpec *spec) {
    Text command = {.arena = arena};
    text_append(&command, path_name(spec->argv[0]));
    for (const char *const *argument = spec->argv + 1; *argument != NULL; argument++) {
        bool fits = command.length + strlen(*argument) < COMMAND_LENGTH && strchr(*argument, '\n') == NULL;
        text_append_format(&command, " %s", fits ? *argument : "…");
        if (!fits) break;
    }
    return text_string(&command);
}

static const char *describe_end(Arena *arena, const ProcessSpec *spec, const ProcessResult *result) {
    switch (result->outcome) {
        case PROCESS_SIGNALED:
            return arena_format(arena, "signal %d, %s", result->signal, strsignal(result->signal));
        case PROCESS_TIMED_OUT:
            return arena_format(arena, "stopped after %s", text_duration(arena, spec->timeout_ms));
        case PROCESS_INTERRUPTED:
            return "interrupted";
        case PROCESS_EXITED:
            break;
    }
    return arena_format(arena, "exit code %d", result->exit_code);
}

const char *process_describe(Arena *arena, const ProcessSpec *spec, const ProcessResult *result) {
    return arena_format(arena, "%s (%s)", describe_command(arena, spec), describe_end(arena, spec, result));
}

bool process_check(Context *ctx, const ProcessSpec *spec, ProcessResult *result, Error *err) {
    ProcessResult ended;
    if (!process_run(ctx, spec, &ended, err)) return false;
    *result = ended;
    if (ended.outcome == PROCESS_EXITED && ended.exit_code == 0) return true;
    ErrorCode code = ended.outcome == PROCESS_TIMED_OUT ? ERROR_TIMEOUT : ERROR_CHILD;
    if (ended.outcome == PROCESS_INTERRUPTED) code = ERROR_INTERRUPTED;
    error_set(err, code, "%s failed (%s)", describe_command(err->arena, spec), describe_end(err->arena, spec, &ended));
    const char *words = text_trim(err->arena, ended.errors);
    if (*words == '\0') words = text_trim(err->arena, ended.output);
    return error_detail(err, text_last_lines(err->arena, words, DETAIL_LINES));
}
