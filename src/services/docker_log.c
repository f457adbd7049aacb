// The log of a container: framed by stream, or plain when it has a terminal.
#include "base/text.h"
#include "base/timestamp.h"
#include "model/docker_frames.h"
#include "services/docker_containers.h"
#include "services/docker_http.h"
#include "services/docker_log_lines.h"

enum { LOG_TIMEOUT_MS = 20000, LOG_SIZE_LIMIT = 64 * 1024 * 1024, STREAM_COUNT = DOCKER_SYSTEM_ERROR + 1 };

// "2026-11-25T14:22:23.123456789Z text": the engine puts its own stamp before each line.
static void add_line(Arena *arena, const char *line, const char *since, DockerLogLineList *lines) {
    size_t length = strcspn(line, " ");
    const char *stamp = arena_copy_bytes(arena, line, length);
    long long time_ms = timestamp_parse(stamp);
    if (time_ms == 0) {
        // The rest of a line that was longer than the engine's buffer has no stamp.
        const DockerLogLine *last = lines->count == 0 ? NULL : &lines->items[lines->count - 1];
        if (last == NULL) return;
        list_push(arena, lines, (DockerLogLine){.time_ms = last->time_ms, .stamp = last->stamp, .text = line});
        return;
    }
    if (since != NULL && strcmp(stamp, since) <= 0) return;
    const char *text = line[length] == ' ' ? line + length + 1 : line + length;
    list_push(arena, lines, (DockerLogLine){.time_ms = time_ms, .stamp = stamp, .text = text});
}

static void add_lines(Arena *arena, const char *text, const char *since, DockerLogLineList *lines) {
    StringList split = text_split_lines(arena, text);
    list_each(const char *const, line, &split) add_line(arena, *line, since, lines);
}

// How long the stamp and its blank are at the start of these bytes; 0 when there is none.
static size_t stamp_length(Arena *arena, const char *bytes, size_t length) {
    const char *blank = memchr(bytes, ' ', length);
    if (blank == NULL) return 0;
    bool is_stamp = timestamp_parse(arena_copy_bytes(arena, bytes, (size_t)(blank - bytes))) > 0;
    return is_stamp ? (size_t)(blank - bytes) + 1 : 0;
}

// A frame is one line, but a long one comes in several, each with a stamp of its own.
static bool add_frames(Arena *arena, const char *bytes, size_t length, const char *since, DockerLogLineList *lines) {
    DockerFrames frames = {0};
    DockerPiece piece;
    Text pending[STREAM_COUNT] = {{0}};
    for (size_t i = 0; i < STREAM_COUNT; i++) pending[i].arena = arena;
    while (docker_frames_next(&frames, &bytes, &length, &piece)) {
        Text *line = &pending[piece.stream];
        size_t skipped = line->length == 0 ? 0 : stamp_length(arena, piece.bytes, piece.length);
        text_append_bytes(line, piece.bytes + skipped, piece.length - skipped);
        if (line->length == 0 || line->content[line->length - 1] != '\n') continue;
        add_lines(arena, line->content, since, lines);
        *line = (Text){.arena = arena};
    }
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        if (pending[i].length > 0) add_lines(arena, pending[i].content, since, lines);
    }
    return docker_frames_may_end(&frames);
}

// With a stamp first, the log of a container with a terminal begins with a digit, and a frame never does.
static bool is_framed(const char *bytes, size_t length) { return length > 0 && (unsigned char)*bytes < '0'; }

bool docker_log_parse(Arena *arena, const char *bytes, size_t length, const char *since, DockerLogLineList *lines) {
    if (is_framed(bytes, length)) return add_frames(arena, bytes, length, since, lines);
    add_lines(arena, bytes, since, lines);
    return true;
}

static const char *log_path(Arena *arena, const DockerLogQuery *query) {
    Text path = {.arena = arena};
    const char *id = text_encode_for_url(arena, query->container);
    text_append_format(&path, "/containers/%s/logs?stdout=1&stderr=1&timestamps=1", id);
    if (query->tail > 0) text_append_format(&path, "&tail=%d", query->tail);
    if (query->since != NULL) text_append_format(&path, "&since=%lld", timestamp_parse(query->since) / 1000);
    return text_string(&path);
}

bool docker_container_log(Context *ctx, const DockerEngine *engine, const DockerLogQuery *query, DockerLogLineList *lines,
                          Error *err) {
    HttpRequest request = docker_http_request(ctx->arena, engine, "GET", log_path(ctx->arena, query));
    HttpResponse response;
    DockerLogLineList found = {0};
    const char *doing = arena_format(ctx->arena, "the log of the container %s", query->container);
    request.timeout_ms = LOG_TIMEOUT_MS;
    request.size_limit = LOG_SIZE_LIMIT;
    if (!http_request(ctx, &request, &response, err)) return docker_report_lost(engine, doing, err);
    // 409: it is about to be removed.
    if ((response.status == 404 || response.status == 409) && query->accepts_missing) return true;
    if (response.status != 200) return docker_report_refusal(ctx->arena, doing, response.status, response.body, err);
    if (!docker_log_parse(ctx->arena, response.body, response.length, query->since, &found)) {
        return error_set(err, ERROR_SERVICE, "the container engine broke off in the middle of %s", doing);
    }
    *lines = found;
    return true;
}
