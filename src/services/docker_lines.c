#include "services/docker_lines.h"

#include "base/text.h"
#include "io/clock.h"
#include "io/json.h"
#include "services/docker_http.h"

enum { LINE_LIMIT = 4 * 1024 * 1024 };

bool docker_lines_open(Context *ctx, const DockerEngine *engine, const HttpRequest *request, const char *doing,
                       DockerLines *lines, Error *err) {
    DockerLines opened = {.engine = engine, .doing = doing, .pending = {.arena = ctx->arena}};
    if (!http_stream_open(ctx, request, &opened.stream, err)) return docker_report_lost(engine, doing, err);
    *lines = opened;
    return true;
}

// Moves what is left to the front, so that the text stays as small as its longest line.
static void drop_taken(DockerLines *lines) {
    if (lines->taken == 0) return;
    Text *pending = &lines->pending;
    memmove(pending->content, pending->content + lines->taken, pending->length - lines->taken + 1);
    pending->length -= lines->taken;
    lines->taken = 0;
}

// The next line that is not blank; the last one may lack its end. NULL when more bytes are needed.
static const char *take_line(Arena *arena, DockerLines *lines) {
    while (lines->taken < lines->pending.length) {
        const char *start = lines->pending.content + lines->taken;
        const char *end = memchr(start, '\n', lines->pending.length - lines->taken);
        if (end == NULL && !lines->has_ended) return NULL;
        size_t length = end == NULL ? lines->pending.length - lines->taken : (size_t)(end - start);
        lines->taken += length + (end != NULL);
        const char *line = text_trim(arena, arena_copy_bytes(arena, start, length));
        if (*line != '\0') return line;
    }
    return NULL;
}

static bool receive(Context *ctx, DockerLines *lines, long long wait_ms, Error *err) {
    HttpPiece piece;
    drop_taken(lines);
    if (lines->pending.length > LINE_LIMIT)
        return error_set(err, ERROR_SERVICE, "the container engine sends a line without end for %s", lines->doing);
    if (!http_stream_read(ctx, lines->stream, wait_ms, &piece, err)) return docker_report_lost(lines->engine, lines->doing, err);
    text_append_bytes(&lines->pending, piece.bytes, piece.length);
    lines->has_ended = piece.is_end;
    return true;
}

bool docker_lines_next(Context *ctx, DockerLines *lines, long long wait_ms, const Value **value, Error *err) {
    long long deadline_ms = clock_now_ms() + wait_ms;
    const char *line;
    Value *parsed;
    *value = NULL;
    while ((line = take_line(ctx->arena, lines)) == NULL) {
        long long left_ms = deadline_ms - clock_now_ms();
        size_t before = lines->pending.length - lines->taken;
        if (lines->has_ended) return true;
        if (!receive(ctx, lines, left_ms > 0 ? left_ms : 0, err)) return false;
        bool has_news = lines->has_ended || lines->pending.length > before;
        if (!has_news && clock_now_ms() >= deadline_ms) return true;
    }
    Error unreadable = {.arena = err->arena};
    if (!json_parse(ctx->arena, line, lines->doing, &parsed, &unreadable)) {
        error_set(err, ERROR_SERVICE, "the container engine sends something for %s that devbox does not understand",
                  lines->doing);
        return error_detail(err, line);
    }
    *value = parsed;
    return true;
}

static bool report_silence(const DockerLines *lines, long long waited_ms, bool is_late, Error *err) {
    const char *duration = text_duration(err->arena, waited_ms);
    if (is_late) return error_set(err, ERROR_TIMEOUT, "%s did not end within %s", lines->doing, duration);
    return error_set(err, ERROR_TIMEOUT, "nothing was heard of %s for %s", lines->doing, duration);
}

static void end_arena(Arena **arena) { arena_destroy(*arena); }

bool docker_lines_follow(Context *ctx, DockerLines *lines, const DockerLineReader *reader, Error *err) {
    __attribute__((cleanup(end_arena))) Arena *scratch = arena_create();
    Context per_line = *ctx;
    long long end_ms = clock_now_ms() + ctx->timeout_ms;
    per_line.arena = scratch;
    for (;;) {
        const Value *line;
        ArenaMark mark = arena_mark(scratch);
        long long left_ms = end_ms - clock_now_ms();
        bool is_bounded = ctx->timeout_ms > 0 && left_ms < reader->silence_ms;
        if (is_bounded && left_ms <= 0) return report_silence(lines, ctx->timeout_ms, true, err);
        if (!docker_lines_next(&per_line, lines, is_bounded ? left_ms : reader->silence_ms, &line, err)) return false;
        if (line == NULL && lines->has_ended) return true;
        if (line == NULL && is_bounded) continue;
        if (line == NULL) return report_silence(lines, reader->silence_ms, false, err);
        if (!reader->take(reader->state, line, err)) return false;
        arena_reset(scratch, mark);
    }
}

void docker_lines_close(DockerLines *lines) {
    http_stream_close(lines->stream);
    lines->stream = NULL;
}
