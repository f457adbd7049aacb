#include "io/http_stream.h"

#include <poll.h>
#include <string.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/http_connection.h"
#include "io/http_curl.h"
#include "library_names.h"
#include "model/event.h"
#include "model/http_reader.h"

enum { READ_SIZE = 64 * 1024 };

struct HttpStream {
    HttpConnection *connection;
    HttpReader reader;
    Text body;  // what the last read gave
    const char *shown_url;
    bool is_closed;
    char buffer[READ_SIZE];
};

static void add_host(Text *head, const char *url) {
    const char *host = strstr(url, "://") + 3;
    size_t length = strcspn(host, "/?#"), start = length;
    while (start > 0 && host[start - 1] != '@') start--;
    text_append_format(head, "Host: %.*s\r\n", (int)(length - start), host + start);
}

static const char *target_of(const char *url) {
    const char *path = strstr(url, "://") + 3;
    path += strcspn(path, "/?#");
    return *path == '\0' ? "/" : path;
}

static Text make_head(Arena *arena, const HttpRequest *request, size_t body_length) {
    const char *method = request->method == NULL ? "GET" : request->method;
    bool has_body = request->body != NULL || text_equals(method, "POST") || text_equals(method, "PUT");
    bool upgrades = string_list_contains(&request->headers, "Connection: Upgrade");
    Text head = {.arena = arena};
    text_append_format(&head, "%s %s HTTP/1.1\r\n", method, target_of(request->url));
    add_host(&head, request->url);
    text_append(&head, "User-Agent: devbox/" DEVBOX_VERSION "\r\nAccept: */*\r\n");
    if (!upgrades) text_append(&head, "Connection: close\r\n");
    list_each(const char *const, header, &request->headers) text_append_format(&head, "%s\r\n", *header);
    if (has_body) text_append_format(&head, "Content-Length: %zu\r\n", body_length);
    text_append(&head, "\r\n");
    return head;
}

static bool report_timeout(Context *ctx, const HttpStream *stream, long long timeout_ms, Error *err) {
    const char *limit = text_duration(ctx->arena, timeout_ms);
    return error_set(err, ERROR_TIMEOUT, "%s did not answer within %s", stream->shown_url, limit);
}

static bool report_end(const HttpStream *stream, Error *err) {
    const char *words = stream->reader.head.length == 0 ? "closed the connection without an answer"
                                                        : "closed the connection in the middle of its answer";
    return error_set(err, ERROR_NETWORK, "%s %s", stream->shown_url, words);
}

// Waits until the connection is ready or the deadline is over; false only when the user wants to stop.
static bool wait_ready(Context *ctx, const HttpStream *stream, short events, long long deadline_ms, Error *err) {
    long long left_ms = deadline_ms - clock_now_ms();
    struct pollfd polled = {.fd = http_connection_fd(stream->connection), .events = events};
    if (left_ms > 0) poll(&polled, 1, left_ms < HTTP_POLL_MS ? (int)left_ms : HTTP_POLL_MS);
    event_tick(ctx);
    if (!context_is_cancelled(ctx)) return true;
    return error_set(err, ERROR_INTERRUPTED, "interrupted while waiting for %s", stream->shown_url);
}

// A server that answers before it has read everything closes its side: then the answer counts.
static bool send_all(Context *ctx, HttpStream *stream, const char *bytes, size_t length, long long deadline_ms, Error *err) {
    while (length > 0) {
        size_t sent;
        HttpTransfer transfer = http_connection_send(stream->connection, bytes, length, &sent);
        if (transfer == HTTP_CLOSED) return true;
        bytes += sent;
        length -= sent;
        if (transfer == HTTP_MOVED) continue;
        if (!wait_ready(ctx, stream, POLLOUT, deadline_ms, err)) return false;
        if (clock_now_ms() >= deadline_ms) return error_set(err, ERROR_TIMEOUT, "%s takes nothing more", stream->shown_url);
    }
    return true;
}

// Reads once; *has_news when bytes or the end came.
static bool receive(HttpStream *stream, bool *has_news, Error *err) {
    size_t received;
    HttpTransfer transfer = http_connection_receive(stream->connection, stream->buffer, sizeof stream->buffer, &received);
    *has_news = transfer != HTTP_WOULD_WAIT;
    if (transfer == HTTP_CLOSED) {
        stream->is_closed = true;
        return http_reader_may_end(&stream->reader) || report_end(stream, err);
    }
    if (http_reader_feed(&stream->reader, stream->buffer, received, &stream->body)) return true;
    return error_set(err, ERROR_NETWORK, "%s answers, but not with HTTP", stream->shown_url);
}

static bool receive_head(Context *ctx, HttpStream *stream, long long timeout_ms, long long deadline_ms, Error *err) {
    while (!http_reader_has_head(&stream->reader)) {
        bool has_news;
        if (!receive(stream, &has_news, err)) return false;
        if (has_news) continue;
        if (clock_now_ms() >= deadline_ms) return report_timeout(ctx, stream, timeout_ms, err);
        if (!wait_ready(ctx, stream, POLLIN, deadline_ms, err)) return false;
    }
    return true;
}

bool http_stream_open(Context *ctx, const HttpRequest *request, HttpStream **stream, Error *err) {
    const char *shown_url = http_url_for_people(ctx->arena, request->url);
    long long timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : HTTP_DEFAULT_TIMEOUT_MS;
    long long deadline_ms = clock_now_ms() + timeout_ms;
    if (strstr(request->url, "://") == NULL)
        return error_set(err, ERROR_CONFIG, "%s is no http:// or https:// address", shown_url);
    size_t body_length = request->body == NULL ? 0 : request->body_length > 0 ? request->body_length : strlen(request->body);
    Text head = make_head(ctx->arena, request, body_length);
    HttpStream *opened = arena_allocate(ctx->arena, sizeof *opened);
    opened->reader = http_reader(ctx->arena);
    opened->reader.has_no_body = text_equals(request->method, "HEAD");
    opened->body.arena = ctx->arena;
    opened->shown_url = shown_url;
    if (!http_connection_open(ctx, request, &opened->connection, err)) return false;
    bool is_open = send_all(ctx, opened, head.content, head.length, deadline_ms, err) &&
                   send_all(ctx, opened, request->body, body_length, deadline_ms, err) &&
                   receive_head(ctx, opened, timeout_ms, deadline_ms, err);
    if (is_open) {
        *stream = opened;
    } else {
        http_stream_close(opened);
    }
    return is_open;
}

long http_stream_status(const HttpStream *stream) { return stream->reader.status; }

const char *http_stream_header(Arena *arena, const HttpStream *stream, const char *name) {
    return http_reader_header(arena, &stream->reader, name);
}

static void hand_over(HttpStream *stream, HttpPiece *piece) {
    *piece = (HttpPiece){.bytes = text_string(&stream->body), .length = stream->body.length};
    piece->is_end = stream->is_closed || stream->reader.phase == HTTP_DONE;
    stream->body.length = 0;
}

bool http_stream_read(Context *ctx, HttpStream *stream, long long wait_ms, HttpPiece *piece, Error *err) {
    long long deadline_ms = clock_now_ms() + wait_ms;
    while (stream->body.length == 0 && !stream->is_closed && stream->reader.phase != HTTP_DONE) {
        bool has_news;
        if (!receive(stream, &has_news, err)) return false;
        if (has_news) continue;
        if (clock_now_ms() >= deadline_ms) break;
        if (!wait_ready(ctx, stream, POLLIN, deadline_ms, err)) return false;
    }
    hand_over(stream, piece);
    return true;
}

bool http_stream_write(HttpStream *stream, const char *bytes, size_t length, size_t *written, Error *err) {
    if (http_connection_send(stream->connection, bytes, length, written) != HTTP_CLOSED) return true;
    return error_set(err, ERROR_NETWORK, "%s takes nothing more", stream->shown_url);
}

void http_stream_end_output(HttpStream *stream) { http_connection_end_output(stream->connection); }

int http_stream_fd(const HttpStream *stream) { return http_connection_fd(stream->connection); }

void http_stream_close(HttpStream *stream) {
    if (stream == NULL) return;
    http_connection_close(stream->connection);
    stream->connection = NULL;
}
