// Takes an HTTP/1.x answer apart as its bytes come in, wherever they are cut.
#pragma once
#include "base/text.h"

typedef enum HttpPhase {
    HTTP_HEAD,
    HTTP_BODY_COUNTED,  // Content-Length says where it ends
    HTTP_BODY_TO_END,   // it ends with the connection; also what follows an upgrade (101)
    HTTP_CHUNK_SIZE,
    HTTP_CHUNK_DATA,
    HTTP_CHUNK_END,
    HTTP_TRAILER,
    HTTP_DONE,
    HTTP_BROKEN,  // this is no HTTP
} HttpPhase;

typedef struct HttpReader {
    HttpPhase phase;
    bool has_no_body;  // set before the first byte: the answer to a HEAD request
    long status;       // once the head is complete
    Text head;         // status line and headers
    Text line;         // of a chunk's size or the trailer, under way
    long long left;    // bytes of the body or chunk that are still to come
} HttpReader;

HttpReader http_reader(Arena *arena);

// Takes all bytes and appends what belongs to the body; false once the answer is broken. Bytes behind the end are dropped.
bool http_reader_feed(HttpReader *reader, const char *bytes, size_t length, Text *body);

bool http_reader_has_head(const HttpReader *reader);

// The connection was closed: true when the answer is whole.
bool http_reader_may_end(const HttpReader *reader);

// The value of a header, of any case, once the head is there; NULL without.
const char *http_reader_header(Arena *arena, const HttpReader *reader, const char *name);
