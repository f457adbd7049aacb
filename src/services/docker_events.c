#include "services/docker_events.h"

#include "base/text.h"
#include "io/clock.h"
#include "io/json.h"
#include "services/docker_http.h"
#include "services/docker_lines.h"

enum { OPEN_TIMEOUT_MS = 10000 };

struct DockerEvents {
    DockerLines lines;
    Arena *scratch;  // of what is read; a health check that runs a program makes three events, and nobody wants them
};

static const char *events_path(Arena *arena, const char *label, long long since_ms) {
    Value *filters = value_object(arena), *types = value_array(arena), *labels = value_array(arena);
    value_append(arena, types, value_string(arena, "container"));
    value_append(arena, labels, value_string(arena, label));
    value_set(arena, filters, "type", types);
    value_set(arena, filters, "label", labels);
    return arena_format(arena, "/events?since=%lld.%03lld&filters=%s", since_ms / 1000, since_ms % 1000,
                        text_encode_for_url(arena, json_print(arena, filters)));
}

static bool report_refusal(Context *ctx, DockerLines *lines, Error *err) {
    const Value *answer = NULL;
    long status = http_stream_status(lines->stream);
    if (!docker_lines_next(ctx, lines, OPEN_TIMEOUT_MS, &answer, err)) return false;
    return docker_report_refusal(ctx->arena, "GET /events", status, value_get_string(answer, "message", ""), err);
}

bool docker_events_open(Context *ctx, const DockerEngine *engine, const char *label, long long since_ms, DockerEvents **events,
                        Error *err) {
    DockerEvents *opened = arena_allocate(ctx->arena, sizeof *opened);
    HttpRequest request = docker_http_request(ctx->arena, engine, "GET", events_path(ctx->arena, label, since_ms));
    request.timeout_ms = OPEN_TIMEOUT_MS;
    if (!docker_lines_open(ctx, engine, &request, "GET /events", &opened->lines, err)) return false;
    if (http_stream_status(opened->lines.stream) != 200) {
        report_refusal(ctx, &opened->lines, err);
        docker_lines_close(&opened->lines);
        return false;
    }
    opened->scratch = arena_create();
    *events = opened;
    return true;
}

static bool is_wanted(const char *action) {
    return *action != '\0' && !text_starts_with(action, "exec_") && !text_equals(action, "top");
}

static DockerEvent read_event(Arena *arena, const Value *line) {
    const Value *actor = value_get(line, "Actor"), *attributes = value_get(actor, "Attributes");
    const char *exit_code = value_get_string(attributes, "exitCode", NULL);
    if (exit_code == NULL) exit_code = value_get_string(attributes, "containerExitCode", "0");  // Podman's
    return (DockerEvent){.container = arena_copy_string(arena, value_get_string(actor, "ID", value_get_string(line, "id", ""))),
                         .service = arena_copy_string(arena, value_get_string(attributes, "com.docker.compose.service", NULL)),
                         .action = arena_copy_string(arena, value_get_string(line, "Action", "")),
                         .exit_code = (int)strtol(exit_code, NULL, 10)};
}

bool docker_events_read(Context *ctx, DockerEvents *events, long long wait_ms, DockerEventList *list, Error *err) {
    long long deadline_ms = clock_now_ms() + wait_ms;
    Context per_line = *ctx;
    DockerEventList found = {0};
    per_line.arena = events->scratch;
    for (;;) {
        const Value *line;
        ArenaMark mark = arena_mark(events->scratch);
        long long left_ms = found.count > 0 ? 0 : deadline_ms - clock_now_ms();
        if (!docker_lines_next(&per_line, &events->lines, left_ms > 0 ? left_ms : 0, &line, err)) return false;
        if (line != NULL && is_wanted(value_get_string(line, "Action", ""))) {
            list_push(ctx->arena, &found, read_event(ctx->arena, line));
        }
        arena_reset(events->scratch, mark);
        if (line == NULL) break;
    }
    if (events->lines.has_ended && found.count == 0) {
        return error_set(err, ERROR_SERVICE, "the container engine ended the stream of its events");
    }
    *list = found;
    return true;
}

void docker_events_close(DockerEvents *events) {
    if (events == NULL) return;
    docker_lines_close(&events->lines);
    if (events->scratch != NULL) arena_destroy(events->scratch);
    events->scratch = NULL;
}
