#include "fakes/fake_docker.h"

#include <fnmatch.h>

#include "base/text.h"
#include "io/json.h"
#include "services/docker_container_facts.h"
#include "support/test.h"

DockerEngine fake_docker_engine;
bool fake_docker_is_missing;

static const FakeDockerAnswer *script;
static size_t script_count, position;
static int times_used;

void fake_docker_script(const FakeDockerAnswer *answers, size_t count) {
    script = answers;
    script_count = count;
    position = 0;
    times_used = 0;
    fake_docker_is_missing = false;
    fake_docker_engine = (DockerEngine){.endpoint = {.address = "unix:///run/fake.sock", .unix_socket = "/run/fake.sock"},
                                        .api_version = "1.41",
                                        .name = "Docker 27.2",
                                        .processors = 8,
                                        .memory_bytes = 16000000000LL,
                                        .architecture = "x86_64"};
}

void fake_docker_assert_used(void) {
    if (position < script_count) fail_msg("%zu of %zu calls were made; next: %s", position, script_count, script[position].call);
}

static const FakeDockerAnswer *take(const char *call) {
    if (position == script_count) fail_msg("unexpected call after the script: %s", call);
    const FakeDockerAnswer *answer = &script[position];
    if (fnmatch(answer->call, call, 0) != 0) fail_msg("called %s, expected %s", call, answer->call);
    times_used++;
    if (times_used >= answer->times) {
        position++;
        times_used = 0;
    }
    return answer;
}

static bool fail_as_told(const FakeDockerAnswer *answer, Error *err) {
    return error_set(err, answer->failure, "%s", answer->answer == NULL ? "the engine refuses" : answer->answer);
}

bool docker_engine_find(Context *ctx, DockerEngine *engine, Error *err) {
    (void)ctx;
    if (fake_docker_is_missing) {
        error_set(err, ERROR_RUNTIME_MISSING, "no container engine answers");
        return error_hint(err, "sudo systemctl start docker");
    }
    *engine = fake_docker_engine;
    return true;
}

bool docker_engine_describe(Context *ctx, DockerEngine *engine, Error *err) {
    (void)ctx;
    (void)err;
    *engine = fake_docker_engine;
    return true;
}

bool docker_request(Context *ctx, const DockerEngine *engine, const DockerRequest *request, Value **value, Error *err) {
    (void)engine;
    const char *method = request->method == NULL ? "GET" : request->method;
    const FakeDockerAnswer *answer = take(arena_format(ctx->arena, "%s %s", method, request->path));
    if (answer->failure != ERROR_NONE) return fail_as_told(answer, err);
    *value = NULL;
    if (answer->answer == NULL) return request->accepts_missing || error_set(err, ERROR_SERVICE, "no such object");
    return json_parse(ctx->arena, answer->answer, "script", value, err);
}

const char *docker_filters(Arena *arena, const char *kind, const char *value) {
    return arena_format(arena, "%s=%s", kind, value);
}

bool docker_container_list(Context *ctx, const DockerEngine *engine, const char *label, DockerContainerList *containers,
                           Error *err) {
    (void)engine;
    Value *value;
    const FakeDockerAnswer *answer = take(arena_format(ctx->arena, "list %s", label));
    if (answer->failure != ERROR_NONE) return fail_as_told(answer, err);
    if (!json_parse(ctx->arena, answer->answer, "script", &value, err)) return false;
    for (size_t i = 0; i < value->count; i++) {
        list_push(ctx->arena, containers, docker_container_of_list(ctx->arena, value->members[i].value));
    }
    return true;
}

static bool act(Context *ctx, const char *verb, const char *id, Error *err) {
    const FakeDockerAnswer *answer = take(arena_format(ctx->arena, "%s %s", verb, id));
    return answer->failure == ERROR_NONE || fail_as_told(answer, err);
}

bool docker_container_start(Context *ctx, const DockerEngine *engine, const char *id, Error *err) {
    (void)engine;
    return act(ctx, "start", id, err);
}

bool docker_container_unpause(Context *ctx, const DockerEngine *engine, const char *id, Error *err) {
    (void)engine;
    return act(ctx, "unpause", id, err);
}

bool docker_container_stop(Context *ctx, const DockerEngine *engine, const char *id, int grace_s, Error *err) {
    (void)engine;
    (void)grace_s;
    return act(ctx, "stop", id, err);
}

bool docker_container_restart(Context *ctx, const DockerEngine *engine, const char *id, int grace_s, Error *err) {
    (void)engine;
    (void)grace_s;
    return act(ctx, "restart", id, err);
}

bool docker_container_remove(Context *ctx, const DockerEngine *engine, const char *id, Error *err) {
    (void)engine;
    return act(ctx, "remove", id, err);
}

bool docker_program_run(Context *ctx, const DockerEngine *engine, const DockerProgram *program, DockerProgramResult *result,
                        Error *err) {
    (void)engine;
    Text call = {.arena = ctx->arena};
    text_append(&call, "exec");
    for (const char *const *word = program->argv; *word != NULL; word++) text_append_format(&call, " %s", *word);
    const FakeDockerAnswer *answer = take(text_string(&call));
    if (answer->failure != ERROR_NONE) return fail_as_told(answer, err);
    const char *output = answer->answer == NULL ? "" : answer->answer;
    bool is_done = answer->exit_code == 0;
    *result =
        (DockerProgramResult){.exit_code = answer->exit_code, .output = is_done ? output : "", .errors = is_done ? "" : output};
    return true;
}

bool docker_container_log(Context *ctx, const DockerEngine *engine, const DockerLogQuery *query, DockerLogLineList *lines,
                          Error *err) {
    (void)engine;
    const FakeDockerAnswer *answer = take(arena_format(ctx->arena, "log %s", query->container));
    if (answer->failure != ERROR_NONE) return fail_as_told(answer, err);
    StringList texts = text_split_lines(ctx->arena, answer->answer == NULL ? "" : answer->answer);
    list_each(const char *const, text, &texts) list_push(ctx->arena, lines, ((DockerLogLine){.text = *text}));
    return true;
}
