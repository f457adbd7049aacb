#include "services/docker_exec.h"

#include "base/text.h"
#include "io/clock.h"
#include "io/http.h"
#include "io/json.h"
#include "io/random.h"
#include "services/docker_http.h"

enum { CREATE_TIMEOUT_MS = 10000, EXIT_WAIT_MS = 5000, EXIT_POLL_MS = 20, END_TIMEOUT_MS = 10000, MARK_DIGITS = 24 };

static Value *strings(Arena *arena, const char *const *items) {
    Value *array = value_array(arena);
    for (; items != NULL && *items != NULL; items++) value_append(arena, array, value_string(arena, *items));
    return array;
}

static Value *describe(Arena *arena, const DockerProgram *program, DockerExecStreams streams, const char *mark) {
    Value *body = value_object(arena), *environment = strings(arena, program->environment);
    if (mark != NULL) value_append(arena, environment, value_string(arena, mark));
    value_set_bool(arena, body, "AttachStdin", streams.has_input);
    value_set_bool(arena, body, "AttachStdout", true);
    value_set_bool(arena, body, "AttachStderr", true);
    value_set_bool(arena, body, "Tty", streams.has_terminal);
    value_set(arena, body, "Env", environment);
    value_set(arena, body, "Cmd", strings(arena, program->argv));
    if (program->user != NULL) value_set_string(arena, body, "User", program->user);
    if (program->folder != NULL) value_set_string(arena, body, "WorkingDir", program->folder);
    return body;
}

static bool report_create(Arena *arena, const DockerProgram *program, const HttpResponse *response, Error *err) {
    const char *message = docker_error_message(arena, response->body);
    if (response->status == 404 && strstr(message, "ontainer") != NULL)
        return error_set(err, ERROR_SERVICE, "there is no container %s", program->container);
    if (response->status == 409 || strstr(message, "is not running") != NULL) {
        error_set(err, ERROR_SERVICE, "the container %s is not running", program->container);
        return error_detail(err, message);
    }
    const char *doing = arena_format(arena, "to run %s in the container %s", program->argv[0], program->container);
    return docker_report_refusal(arena, doing, response->status, response->body, err);
}

static bool create(Context *ctx, const DockerEngine *engine, const DockerProgram *program, const Value *body, const char **id,
                   Error *err) {
    const char *path = arena_format(ctx->arena, "/containers/%s/exec", text_encode_for_url(ctx->arena, program->container));
    HttpRequest request = docker_http_request(ctx->arena, engine, "POST", path);
    HttpResponse response;
    Value *answer;
    request.body = json_print(ctx->arena, body);
    request.timeout_ms = CREATE_TIMEOUT_MS;
    list_push(ctx->arena, &request.headers, "Content-Type: application/json");
    if (!http_request(ctx, &request, &response, err))
        return docker_report_lost(engine, arena_format(ctx->arena, "POST %s", path), err);
    if (response.status >= 400) return report_create(ctx->arena, program, &response, err);
    if (!json_parse(ctx->arena, response.body, "the engine's answer", &answer, err)) {
        err->code = ERROR_SERVICE;
        return false;
    }
    *id = value_get_string(answer, "Id", NULL);
    return *id != NULL || error_set(err, ERROR_SERVICE, "the container engine gives no id for a program to run");
}

bool docker_exec_create(Context *ctx, const DockerEngine *engine, const DockerProgram *program, DockerExecStreams streams,
                        DockerExec *exec, Error *err) {
    DockerExec created = {.mark = arena_format(ctx->arena, "DEVBOX_EXEC=%s", random_hex(ctx->arena, MARK_DIGITS))};
    const Value *body = describe(ctx->arena, program, streams, created.mark);
    if (!create(ctx, engine, program, body, &created.id, err)) return false;
    *exec = created;
    return true;
}

bool docker_exec_exit_code(Context *ctx, const DockerEngine *engine, const DockerProgram *program, const DockerExec *exec,
                           int *exit_code, Error *err) {
    const DockerRequest request = {.path = arena_format(ctx->arena, "/exec/%s/json", exec->id), .accepts_missing = true};
    long long deadline_ms = clock_now_ms() + EXIT_WAIT_MS;
    for (;;) {
        Value *answer;
        if (!docker_request(ctx, engine, &request, &answer, err)) return false;
        const Value *code = value_get(answer, "ExitCode");
        bool is_over = answer == NULL || !value_get_bool(answer, "Running", false);
        if (is_over && code != NULL && code->kind == VALUE_INTEGER) {
            *exit_code = (int)code->integer;
            return true;
        }
        if (is_over) break;  // the container has ended, and the engine forgot the program with it
        if (clock_now_ms() >= deadline_ms) {
            return error_set(err, ERROR_TIMEOUT, "%s in the container %s closed its output but did not end", program->argv[0],
                             program->container);
        }
        clock_sleep_ms(EXIT_POLL_MS);
    }
    return error_set(err, ERROR_SERVICE, "the container %s ended while %s ran in it", program->container, program->argv[0]);
}

// sh and cat are all that every image has. $() drops the NULs of an environment, and a zombie's is empty.
static const char end_script[] =
    "send() { any=1; for p in /proc/[0-9]*; do case \"$(cat \"$p/environ\")\" in *\"$mark\"*) "
    "kill \"-$1\" \"${p#/proc/}\" && any=0;; esac; done; return $any; }\n"
    "mark=$1; send TERM || exit 0\n"
    "i=0; while [ $i -lt 20 ]; do sleep 0.1 || { sleep 1; i=$((i+9)); }; send 0 || exit 0; i=$((i+1)); done\n"
    "i=0; while [ $i -lt 5 ]; do send KILL || exit 0; i=$((i+1)); done\n";

void docker_exec_end(Context *ctx, const DockerEngine *engine, const DockerProgram *program, const DockerExec *exec) {
    Context patient = *ctx;
    Error err = {.arena = ctx->arena};
    const char *const argv[] = {"sh", "-c", end_script, "sh", exec->mark, NULL};
    // The same user, since even root may not read the environment of another user's process in a container.
    const DockerProgram end = {.container = program->container, .argv = argv, .user = program->user};
    const Value *body = describe(ctx->arena, &end, (DockerExecStreams){0}, NULL);
    const char *id;
    patient.cancel = NULL;
    if (!create(&patient, engine, &end, body, &id, &err)) return;
    HttpRequest request = docker_http_request(ctx->arena, engine, "POST", arena_format(ctx->arena, "/exec/%s/start", id));
    HttpResponse response;
    request.body = "{\"Detach\":false,\"Tty\":false}";
    request.timeout_ms = END_TIMEOUT_MS;
    list_push(ctx->arena, &request.headers, "Content-Type: application/json");
    if (!http_request(&patient, &request, &response, &err)) error_clear(&err);
}

bool docker_exec_has_failed(const DockerProgram *program, int exit_code, const char *output, Error *err) {
    bool is_engine = (exit_code == 126 || exit_code == 127) &&
                     (text_starts_with(output, "OCI runtime exec failed") || strstr(output, "crun: ") == output);
    if (!is_engine) return false;
    bool is_missing = strstr(output, "not found") != NULL || strstr(output, "no such file") != NULL;
    error_set(err, ERROR_SERVICE, "cannot run %s in the container %s%s", program->argv[0], program->container,
              is_missing ? ": it is not there" : "");
    error_detail(err, output);
    return true;
}
