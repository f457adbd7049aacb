// Any bytes as an HTTP answer, in pieces whose size the first byte chooses: the reader ends, gives no more body than was sent,
// and reads the same wherever the answer is cut.
#include <stdint.h>

#include "model/http_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static HttpReader read_all(Arena *arena, const char *sent, size_t size, size_t step, Text *body) {
    HttpReader reader = http_reader(arena);
    for (size_t at = 0; at < size; at += step) {
        size_t length = size - at < step ? size - at : step;
        if (http_reader_feed(&reader, arena_copy_bytes(arena, sent + at, length), length, body)) continue;
        if (reader.phase != HTTP_BROKEN) abort();
        break;
    }
    if (body->length > size) abort();
    if (http_reader_may_end(&reader) && (reader.status < 0 || reader.status > 999)) abort();
    return reader;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size < 2) return 0;
    Arena *arena = arena_create();
    Text whole_body = {.arena = arena}, cut_body = {.arena = arena};
    HttpReader whole = read_all(arena, (const char *)bytes + 1, size - 1, size - 1, &whole_body);
    HttpReader cut = read_all(arena, (const char *)bytes + 1, size - 1, (size_t)*bytes % 32 + 1, &cut_body);
    if (whole.phase != cut.phase || whole.status != cut.status || whole_body.length != cut_body.length) abort();
    if (whole_body.length > 0 && memcmp(whole_body.content, cut_body.content, whole_body.length) != 0) abort();
    http_reader_header(arena, &whole, "Api-Version");
    arena_destroy(arena);
    return 0;
}
