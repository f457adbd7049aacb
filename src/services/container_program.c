#include "services/container_program.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/http_stream.h"
#include "io/signals.h"
#include "io/terminal.h"
#include "model/docker_frames.h"
#include "services/docker_exec.h"
#include "services/docker_http.h"

enum {
    START_TIMEOUT_MS = 30000,
    TURN_MS = 250,
    DRAIN_MS = 3000,
    RESIZE_TIMEOUT_MS = 2000,
    BUFFER_SIZE = 16 * 1024,
    PIPE_SIZE = 4096
};

// A program under way, between our three streams and the engine's one.
typedef struct Attachment {
    Context ctx;          // without cancel: a wish to stop is answered here, not by broken requests
    const Context *user;  // with it
    const DockerEngine *engine;
    const DockerProgram *program;
    DockerExec exec;
    HttpStream *stream;
    DockerFrames frames;
    bool has_terminal, input_is_over, output_is_gone;
    int columns, rows;
    char input[BUFFER_SIZE];
    size_t input_start, input_end;
} Attachment;

static bool start(Attachment *attachment, Error *err) {
    Arena *arena = attachment->ctx.arena;
    const char *path = arena_format(arena, "/exec/%s/start", attachment->exec.id), *name = attachment->program->argv[0];
    HttpRequest request = docker_http_request(arena, attachment->engine, "POST", path);
    request.body = attachment->has_terminal ? "{\"Detach\":false,\"Tty\":true}" : "{\"Detach\":false,\"Tty\":false}";
    request.timeout_ms = START_TIMEOUT_MS;
    list_push(arena, &request.headers, "Content-Type: application/json");
    list_push(arena, &request.headers, "Connection: Upgrade");
    list_push(arena, &request.headers, "Upgrade: tcp");
    if (!http_stream_open(&attachment->ctx, &request, &attachment->stream, err))
        return docker_report_lost(attachment->engine, arena_format(arena, "to run %s", name), err);
    long status = http_stream_status(attachment->stream);
    if (status == 101 || status == 200) return true;
    HttpPiece piece = {.bytes = ""};
    if (!http_stream_read(&attachment->ctx, attachment->stream, START_TIMEOUT_MS, &piece, err)) return false;
    return docker_report_refusal(arena, arena_format(arena, "to run %s", name), status, piece.bytes, err);
}

// Only the size is followed; the terminal itself is at the other end.
static void follow_size(Attachment *attachment) {
    int columns, rows;
    if (!attachment->has_terminal || !terminal_size(STDOUT_FILENO, &columns, &rows)) return;
    if (columns == attachment->columns && rows == attachment->rows) return;
    Error err = {.arena = attachment->ctx.arena};
    Value *answer;
    const char *path = arena_format(attachment->ctx.arena, "/exec/%s/resize?h=%d&w=%d", attachment->exec.id, rows, columns);
    const DockerRequest request = {.method = "POST", .path = path, .timeout_ms = RESIZE_TIMEOUT_MS};
    attachment->columns = columns;
    attachment->rows = rows;
    if (!docker_request(&attachment->ctx, attachment->engine, &request, &answer, &err)) error_clear(&err);
}

static bool wants_end(const Attachment *attachment) { return context_is_cancelled(attachment->user); }

// In pieces that a pipe takes at once when it takes any, so that a reader who stopped reading does not keep us from ending.
static void write_out(Attachment *attachment, int fd, const char *bytes, size_t length) {
    while (length > 0 && !attachment->output_is_gone) {
        struct pollfd polled = {.fd = fd, .events = POLLOUT};
        if (poll(&polled, 1, TURN_MS) < 1) {
            if (wants_end(attachment)) return;
            continue;
        }
        ssize_t count = write(fd, bytes, length < PIPE_SIZE ? length : PIPE_SIZE);
        if (count < 0 && errno != EAGAIN && errno != EINTR) attachment->output_is_gone = true;
        if (count <= 0) continue;
        bytes += count;
        length -= (size_t)count;
    }
}

static bool pass_output(Attachment *attachment, const HttpPiece *received, Error *err) {
    const char *bytes = received->bytes;
    size_t length = received->length;
    DockerPiece piece;
    if (attachment->has_terminal) {
        write_out(attachment, STDOUT_FILENO, bytes, length);
        return true;
    }
    while (docker_frames_next(&attachment->frames, &bytes, &length, &piece)) {
        bool is_output = piece.stream == DOCKER_STDOUT || piece.stream == DOCKER_STDIN;
        write_out(attachment, is_output ? STDOUT_FILENO : STDERR_FILENO, piece.bytes, piece.length);
    }
    if (!attachment->frames.is_broken) return true;
    return error_set(err, ERROR_SERVICE, "the container engine garbles the output of %s", attachment->program->argv[0]);
}

static void read_input(Attachment *attachment) {
    ssize_t count = read(STDIN_FILENO, attachment->input, sizeof attachment->input);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    attachment->input_start = 0;
    attachment->input_end = count > 0 ? (size_t)count : 0;
    if (count > 0) return;
    attachment->input_is_over = true;
    http_stream_end_output(attachment->stream);
}

// A program that has closed its input is no trouble of ours.
static void send_input(Attachment *attachment) {
    size_t written;
    Error err = {.arena = attachment->ctx.arena};
    size_t length = attachment->input_end - attachment->input_start;
    if (http_stream_write(attachment->stream, attachment->input + attachment->input_start, length, &written, &err)) {
        attachment->input_start += written;
    } else {
        attachment->input_start = attachment->input_end;
        attachment->input_is_over = true;
    }
}

static void wait_for_news(Attachment *attachment) {
    bool has_input = attachment->input_start < attachment->input_end;
    bool wants_input = !attachment->input_is_over && !has_input;
    short stream_events = (short)(POLLIN | (has_input ? POLLOUT : 0));
    struct pollfd polled[] = {
        {.fd = wants_input ? STDIN_FILENO : -1, .events = POLLIN},
        {.fd = http_stream_fd(attachment->stream), .events = stream_events},
        {.fd = signals_wake_fd(), .events = POLLIN},
    };
    if (poll(polled, 3, TURN_MS) < 1) return;
    if (polled[2].revents != 0) signals_drain();
    if (polled[0].revents != 0) read_input(attachment);
    if (attachment->input_start < attachment->input_end) send_input(attachment);
}

// Until the program closes its output or somebody wants it to end.
static bool pump(Attachment *attachment, long long deadline_ms, bool *has_ended, Error *err) {
    *has_ended = false;
    while (!*has_ended && !wants_end(attachment) && !attachment->output_is_gone) {
        HttpPiece piece;
        if (deadline_ms > 0 && clock_now_ms() >= deadline_ms) return true;
        if (!http_stream_read(&attachment->ctx, attachment->stream, 0, &piece, err))
            return docker_report_lost(attachment->engine, attachment->program->argv[0], err);
        if (!pass_output(attachment, &piece, err)) return false;
        *has_ended = piece.is_end;
        follow_size(attachment);
        if (piece.length == 0 && !piece.is_end) wait_for_news(attachment);
    }
    return true;
}

// What it still says while it ends.
static void drain(Attachment *attachment) {
    long long deadline_ms = clock_now_ms() + DRAIN_MS;
    Error err = {.arena = attachment->ctx.arena};
    HttpPiece piece = {0};
    Context none = {0};
    attachment->user = &none;
    while (!piece.is_end && clock_now_ms() < deadline_ms && !attachment->output_is_gone) {
        if (!http_stream_read(&attachment->ctx, attachment->stream, TURN_MS, &piece, &err)) break;
        if (!pass_output(attachment, &piece, &err)) break;
    }
}

// A program may close its output and go on: it is waited for as long as its user wants.
static bool wait_for_exit(Attachment *attachment, int *exit_code, Error *err) {
    for (;;) {
        Context *ctx = &attachment->ctx;
        if (docker_exec_exit_code(ctx, attachment->engine, attachment->program, &attachment->exec, exit_code, err)) return true;
        if (err->code != ERROR_TIMEOUT || wants_end(attachment)) return false;
        error_clear(err);
    }
}

static bool run(Attachment *attachment, int *exit_code, Error *err) {
    const DockerProgram *program = attachment->program;
    const Context *user = attachment->user;
    bool has_ended;
    long long deadline_ms = program->timeout_ms > 0 ? clock_now_ms() + program->timeout_ms : 0;
    if (!pump(attachment, deadline_ms, &has_ended, err)) {
        docker_exec_end(&attachment->ctx, attachment->engine, program, &attachment->exec);
        return false;
    }
    if (!has_ended) {
        docker_exec_end(&attachment->ctx, attachment->engine, program, &attachment->exec);
        drain(attachment);
        bool is_late = !context_is_cancelled(user) && !attachment->output_is_gone;
        if (is_late) {
            return error_set(err, ERROR_TIMEOUT, "%s in the container %s did not end within %s", program->argv[0],
                             program->container, text_duration(attachment->ctx.arena, program->timeout_ms));
        }
    }
    attachment->user = user;
    return wait_for_exit(attachment, exit_code, err);
}

bool container_program_attach(Context *ctx, const DockerEngine *engine, const DockerProgram *program, int *exit_code,
                              Error *err) {
    Attachment *attachment = arena_allocate(ctx->arena, sizeof *attachment);
    *attachment = (Attachment){.ctx = *ctx, .user = ctx, .engine = engine, .program = program};
    attachment->ctx.cancel = NULL;
    attachment->ctx.sink = NULL;  // the streams are the program's: no spinner
    bool is_terminal = terminal_is_interactive(STDIN_FILENO) && terminal_is_interactive(STDOUT_FILENO);
    attachment->has_terminal = is_terminal && !program->is_relay;
    DockerExecStreams streams = {.has_input = true, .has_terminal = attachment->has_terminal};
    if (!docker_exec_create(&attachment->ctx, engine, program, streams, &attachment->exec, err)) return false;
    if (!start(attachment, err)) {
        http_stream_close(attachment->stream);
        return false;
    }
    TerminalMode *saved = attachment->has_terminal ? terminal_make_raw(ctx->arena, STDIN_FILENO) : NULL;
    bool is_done = run(attachment, exit_code, err);
    terminal_restore(STDIN_FILENO, saved);
    http_stream_close(attachment->stream);
    return is_done;
}
