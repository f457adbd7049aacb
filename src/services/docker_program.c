// A program in a container, run to its end with its output captured.
#include "base/text.h"
#include "model/docker_frames.h"
#include "services/docker_exec.h"
#include "services/docker_http.h"

enum { DEFAULT_TIMEOUT_MS = 30000, DEFAULT_SIZE_LIMIT = 1024 * 1024, FRAME_ROOM = 64 * 1024 };

typedef struct Output {
    Text output, errors;
} Output;

static bool split(Arena *arena, const HttpResponse *response, Output *output) {
    DockerFrames frames = {0};
    DockerPiece piece;
    const char *bytes = response->body;
    size_t length = response->length;
    *output = (Output){.output.arena = arena, .errors.arena = arena};
    while (docker_frames_next(&frames, &bytes, &length, &piece)) {
        bool is_output = piece.stream == DOCKER_STDOUT || piece.stream == DOCKER_STDIN;
        text_append_bytes(is_output ? &output->output : &output->errors, piece.bytes, piece.length);
    }
    return docker_frames_may_end(&frames);
}

static const char *describe(Arena *arena, const DockerProgram *program) {
    return arena_format(arena, "%s in the container %s", program->argv[0], program->container);
}

static bool report_start(Arena *arena, const DockerEngine *engine, const DockerProgram *program, long long timeout_ms,
                         Error *err) {
    const char *what = describe(arena, program);
    if (err->code == ERROR_INTERRUPTED) return error_set(err, ERROR_INTERRUPTED, "interrupted while %s ran", what);
    if (err->code == ERROR_TIMEOUT) {
        return error_set(err, ERROR_TIMEOUT, "%s did not end within %s", what, text_duration(arena, timeout_ms));
    }
    return docker_report_lost(engine, what, err);
}

// Without an upgrade of the connection: its answer ends when the program closes its output.
static bool start(Context *ctx, const DockerEngine *engine, const DockerProgram *program, const DockerExec *exec,
                  HttpResponse *response, Error *err) {
    const char *path = arena_format(ctx->arena, "/exec/%s/start", exec->id);
    HttpRequest request = docker_http_request(ctx->arena, engine, "POST", path);
    size_t size_limit = program->size_limit > 0 ? program->size_limit : DEFAULT_SIZE_LIMIT;
    request.body = "{\"Detach\":false,\"Tty\":false}";
    request.timeout_ms = program->timeout_ms > 0 ? program->timeout_ms : DEFAULT_TIMEOUT_MS;
    request.size_limit = size_limit * 2 + FRAME_ROOM;
    list_push(ctx->arena, &request.headers, "Content-Type: application/json");
    if (!http_request(ctx, &request, response, err)) {
        docker_exec_end(ctx, engine, program, exec);
        return report_start(ctx->arena, engine, program, request.timeout_ms, err);
    }
    if (response->status < 400) return true;
    const char *doing = arena_format(ctx->arena, "to run %s", describe(ctx->arena, program));
    return docker_report_refusal(ctx->arena, doing, response->status, response->body, err);
}

bool docker_program_run(Context *ctx, const DockerEngine *engine, const DockerProgram *program, DockerProgramResult *result,
                        Error *err) {
    DockerExec exec;
    HttpResponse response;
    Output output;
    int exit_code;
    size_t size_limit = program->size_limit > 0 ? program->size_limit : DEFAULT_SIZE_LIMIT;
    if (!docker_exec_create(ctx, engine, program, (DockerExecStreams){0}, &exec, err)) return false;
    if (!start(ctx, engine, program, &exec, &response, err)) return false;
    if (!split(ctx->arena, &response, &output)) {
        return error_set(err, ERROR_SERVICE, "the container engine broke off the output of %s", describe(ctx->arena, program));
    }
    if (output.output.length + output.errors.length > size_limit) {
        return error_set(err, ERROR_SERVICE, "%s wrote more than %zu bytes", describe(ctx->arena, program), size_limit);
    }
    if (!docker_exec_exit_code(ctx, engine, program, &exec, &exit_code, err)) return false;
    if (docker_exec_has_failed(program, exit_code, text_string(&output.output), err)) return false;
    *result = (DockerProgramResult){
        .exit_code = exit_code, .output = text_string(&output.output), .errors = text_string(&output.errors)};
    return true;
}
