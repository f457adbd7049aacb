// Drives the container engine's client from a shell or a test: one call, its result as one line of JSON, exit code of the error.
//     engine_client find | describe | list LABEL | inspect ID | start ID | stop ID | log ID TAIL | run ID PROGRAM…
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/json.h"
#include "io/signals.h"
#include "model/event.h"
#include "services/container_program.h"
#include "services/docker_containers.h"
#include "services/docker_events.h"
#include "services/docker_images.h"

typedef struct Call {
    Context *ctx;
    DockerEngine *engine;
    char **words;  // behind the verb, NULL at the end
    Value *result;
    Error *err;
} Call;

static Value *describe_container(Arena *arena, const DockerContainer *container) {
    static const char *const healths[] = {"", "starting", "healthy", "unhealthy"};
    Value *value = value_object(arena), *ports = value_array(arena);
    value_set_string(arena, value, "name", container->name);
    value_set_string(arena, value, "service", container->service);
    value_set_string(arena, value, "state", container->state);
    value_set_string(arena, value, "health", healths[container->health]);
    value_set_integer(arena, value, "exitCode", container->exit_code);
    value_set_integer(arena, value, "restarts", container->restarts);
    value_set_bool(arena, value, "isOutOfMemory", container->is_out_of_memory);
    value_set_integer(arena, value, "memoryLimit", container->memory_limit_bytes);
    value_set_integer(arena, value, "startedMs", container->started_ms);
    value_set_integer(arena, value, "finishedMs", container->finished_ms);
    list_each(const DockerPort, port, &container->ports) {
        value_append(arena, ports,
                     value_string(arena, arena_format(arena, "%s:%d:%d", port->address, port->outside, port->inside)));
    }
    value_set(arena, value, "ports", ports);
    return value;
}

static bool find(Call *call) {
    Arena *arena = call->ctx->arena;
    value_set_string(arena, call->result, "address", call->engine->endpoint.address);
    value_set_string(arena, call->result, "provider", call->engine->endpoint.provider);
    value_set_string(arena, call->result, "reason", call->engine->endpoint.reason);
    value_set_string(arena, call->result, "api", call->engine->api_version);
    return true;
}

static bool describe(Call *call) {
    Arena *arena = call->ctx->arena;
    if (!docker_engine_describe(call->ctx, call->engine, call->err)) return false;
    value_set_string(arena, call->result, "name", call->engine->name);
    value_set_string(arena, call->result, "architecture", call->engine->architecture);
    value_set_integer(arena, call->result, "processors", call->engine->processors);
    value_set_integer(arena, call->result, "memory", call->engine->memory_bytes);
    return true;
}

static bool list(Call *call) {
    DockerContainerList containers = {0};
    Value *array = value_array(call->ctx->arena);
    if (!docker_container_list(call->ctx, call->engine, call->words[0], &containers, call->err)) return false;
    list_each(const DockerContainer, container, &containers) {
        value_append(call->ctx->arena, array, describe_container(call->ctx->arena, container));
    }
    value_set(call->ctx->arena, call->result, "containers", array);
    return true;
}

static bool inspect(Call *call) {
    DockerContainer container;
    bool is_found;
    if (!docker_container_inspect(call->ctx, call->engine, call->words[0], &container, &is_found, call->err)) return false;
    value_set(call->ctx->arena, call->result, "container",
              is_found ? describe_container(call->ctx->arena, &container) : value_null(call->ctx->arena));
    return true;
}

static bool port(Call *call) {
    DockerContainer container;
    bool is_found;
    long long number;
    if (!text_parse_integer(call->words[0], &number)) return error_set(call->err, ERROR_USAGE, "no port");
    if (!docker_container_find_port(call->ctx, call->engine, (int)number, &container, &is_found, call->err)) return false;
    if (is_found) value_set_string(call->ctx->arena, call->result, "name", container.name);
    return true;
}

static bool start(Call *call) { return docker_container_start(call->ctx, call->engine, call->words[0], call->err); }
static bool stop(Call *call) { return docker_container_stop(call->ctx, call->engine, call->words[0], 1, call->err); }
static bool restart(Call *call) { return docker_container_restart(call->ctx, call->engine, call->words[0], 1, call->err); }
static bool unpause(Call *call) { return docker_container_unpause(call->ctx, call->engine, call->words[0], call->err); }
static bool discard(Call *call) { return docker_container_remove(call->ctx, call->engine, call->words[0], call->err); }

static bool show_log(Call *call) {
    Arena *arena = call->ctx->arena;
    DockerLogLineList lines = {0};
    long long tail = 0;
    if (call->words[1] != NULL && !text_parse_integer(call->words[1], &tail))
        return error_set(call->err, ERROR_USAGE, "no number");
    const DockerLogQuery query = {
        .container = call->words[0], .tail = (int)tail, .since = call->words[1] == NULL ? NULL : call->words[2]};
    if (!docker_container_log(call->ctx, call->engine, &query, &lines, call->err)) return false;
    Value *array = value_array(arena);
    list_each(const DockerLogLine, line, &lines) {
        Value *item = value_object(arena);
        value_set_string(arena, item, "stamp", line->stamp);
        value_set_integer(arena, item, "timeMs", line->time_ms);
        value_set_string(arena, item, "text", line->text);
        value_append(arena, array, item);
    }
    value_set(arena, call->result, "lines", array);
    return true;
}

static DockerProgram program_of(const Call *call) {
    return (DockerProgram){
        .container = call->words[0], .argv = (const char *const *)call->words + 1, .timeout_ms = call->ctx->timeout_ms};
}

static bool run(Call *call) {
    DockerProgram program = program_of(call);
    DockerProgramResult result;
    if (!docker_program_run(call->ctx, call->engine, &program, &result, call->err)) return false;
    value_set_integer(call->ctx->arena, call->result, "exitCode", result.exit_code);
    value_set_string(call->ctx->arena, call->result, "output", result.output);
    value_set_string(call->ctx->arena, call->result, "errors", result.errors);
    return true;
}

static void print_progress(EventSink *sink, const Event *event) {
    (void)sink;
    if (event->kind == EVENT_STEP_PROGRESS) fprintf(stderr, "%s: %s\n", event->step, event->text);
}

static bool has_image(Call *call) {
    bool exists;
    if (!docker_image_exists(call->ctx, call->engine, call->words[0], &exists, call->err)) return false;
    value_set_bool(call->ctx->arena, call->result, "exists", exists);
    return true;
}

static bool pull(Call *call) { return docker_image_pull(call->ctx, call->engine, call->words[0], "image", call->err); }

static bool build(Call *call) {
    DockerBuild wanted = {.image = call->words[0], .folder = call->words[1], .log_path = call->words[2], .network = "none"};
    list_push(call->ctx->arena, &wanted.arguments, (Pair){.key = "GREETING", .value = "good morning & more"});
    list_push(call->ctx->arena, &wanted.labels, (Pair){.key = "devbox.test", .value = "b\"1"});
    return docker_image_build(call->ctx, call->engine, &wanted, "image", call->err);
}

// Prints what comes within two seconds, then ends; a line "ready" first.
static bool events(Call *call) {
    DockerEvents *stream;
    long long since_ms = call->words[1] == NULL ? clock_wall_ms() : strtoll(call->words[1], NULL, 10);
    long long wait_ms = call->ctx->timeout_ms > 0 ? call->ctx->timeout_ms : 2000, end_ms = clock_now_ms() + wait_ms;
    if (!docker_events_open(call->ctx, call->engine, call->words[0], since_ms, &stream, call->err)) return false;
    puts("ready");
    fflush(stdout);
    while (clock_now_ms() < end_ms) {
        DockerEventList list;
        if (!docker_events_read(call->ctx, stream, end_ms - clock_now_ms(), &list, call->err)) {
            docker_events_close(stream);
            return false;
        }
        list_each(const DockerEvent, event, &list) {
            printf("%s %s %d %.12s\n", event->action, event->service == NULL ? "-" : event->service, event->exit_code,
                   event->container);
        }
        fflush(stdout);
    }
    docker_events_close(stream);
    return true;
}

static bool attach(Call *call) {
    DockerProgram program = program_of(call);
    int exit_code;
    if (!container_program_attach(call->ctx, call->engine, &program, &exit_code, call->err)) return false;
    fflush(stdout);
    exit(exit_code);
}

static const struct {
    const char *verb;
    int words;
    bool (*function)(Call *call);
} verbs[] = {
    {"find", 0, find},    {"describe", 0, describe}, {"list", 1, list},       {"inspect", 1, inspect}, {"port", 1, port},
    {"start", 1, start},  {"stop", 1, stop},         {"restart", 1, restart}, {"unpause", 1, unpause}, {"remove", 1, discard},
    {"log", 1, show_log}, {"run", 2, run},           {"events", 1, events},   {"attach", 2, attach},   {"image", 1, has_image},
    {"pull", 1, pull},    {"build", 3, build},
};

static int finish(Call *call, bool is_done) {
    Arena *arena = call->ctx->arena;
    if (!is_done) {
        Value *error = value_object(arena);
        value_set_string(arena, error, "code", error_code_name(call->err->code));
        value_set_string(arena, error, "message", call->err->message);
        value_set_string(arena, error, "hint", call->err->hint);
        value_set_string(arena, error, "detail", call->err->detail);
        value_set(arena, call->result, "error", error);
    }
    puts(json_print(arena, call->result));
    return is_done ? 0 : error_code_exit(call->err->code);
}

int main(int argc, char **argv) {
    Arena *arena = arena_create();
    Error err = {.arena = arena};
    EventSink sink = {.emit = print_progress};
    Context ctx = {.arena = arena, .cancel = signals_install(), .sink = &sink};
    DockerEngine engine = {0};
    Call call = {.ctx = &ctx, .engine = &engine, .words = argv + 2, .result = value_object(arena), .err = &err};
    const char *timeout = getenv("TIMEOUT_MS");
    if (timeout != NULL && !text_parse_integer(timeout, &ctx.timeout_ms)) return 2;
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++) {
        if (!text_equals(argv[1], verbs[i].verb) || argc - 2 < verbs[i].words) continue;
        int exit_code = finish(&call, docker_engine_find(&ctx, &engine, &err) && verbs[i].function(&call));
        arena_destroy(arena);
        return exit_code;
    }
    fputs("engine_client VERB …: see the source\n", stderr);
    return 2;
}
