// A request whose answer is read piece by piece, and a connection that becomes raw bytes both ways (an upgrade). Unix sockets are
// spoken to directly, TCP and TLS through libcurl.
#pragma once
#include "io/http.h"

typedef struct HttpStream HttpStream;  // lives in ctx->arena

typedef struct HttpPiece {
    const char *bytes;  // valid until the next read
    size_t length;      // 0: nothing came in time
    bool is_end;        // nothing more will come
} HttpPiece;

// Sends the request and waits, request->timeout_ms at most, for the head of the answer; any status is an answer. A header
// "Connection: Upgrade" in the request makes the answers 101 and 200 raw bytes until the connection ends.
bool http_stream_open(Context *ctx, const HttpRequest *request, HttpStream **stream, Error *err) MUST_USE;

long http_stream_status(const HttpStream *stream);
const char *http_stream_header(Arena *arena, const HttpStream *stream, const char *name);  // NULL without

// What came of the body, waiting `wait_ms` at most when nothing is there. Broken off in the middle is ERROR_NETWORK.
bool http_stream_read(Context *ctx, HttpStream *stream, long long wait_ms, HttpPiece *piece, Error *err) MUST_USE;

// After an upgrade: sends as much as goes without waiting. A connection that takes no more is ERROR_NETWORK.
bool http_stream_write(HttpStream *stream, const char *bytes, size_t length, size_t *written, Error *err) MUST_USE;

// Says that nothing more will be written. (Not possible with TLS: then the other side only sees the end of the connection.)
void http_stream_end_output(HttpStream *stream);

// For poll; read until nothing comes before waiting for it, since TLS may hold bytes already.
int http_stream_fd(const HttpStream *stream);

void http_stream_close(HttpStream *stream);  // NULL is allowed
