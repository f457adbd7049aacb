// Any bytes as the stream of a container's program, in pieces whose size the first byte chooses: nothing is read out of bounds,
// and pieces cut differently give the same streams.
#include <stdint.h>

#include "base/text.h"
#include "model/docker_frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { STREAMS = 4 };

typedef struct Taken {
    Text streams[STREAMS];
    bool may_end, is_broken;
} Taken;

static Taken take(Arena *arena, const char *sent, size_t size, size_t step) {
    Taken taken = {0};
    DockerFrames frames = {0};
    for (size_t i = 0; i < STREAMS; i++) taken.streams[i].arena = arena;
    for (size_t at = 0; at < size; at += step) {
        size_t length = size - at < step ? size - at : step;
        const char *piece_bytes = arena_copy_bytes(arena, sent + at, length), *start = piece_bytes, *end = start + length;
        DockerPiece piece;
        while (docker_frames_next(&frames, &piece_bytes, &length, &piece)) {
            if (piece.length == 0 || piece.bytes < start || piece.bytes + piece.length > end) abort();
            text_append_bytes(&taken.streams[piece.stream], piece.bytes, piece.length);
        }
        if (!frames.is_broken && length != 0) abort();
    }
    taken.may_end = docker_frames_may_end(&frames);
    taken.is_broken = frames.is_broken;
    if (taken.may_end && taken.is_broken) abort();
    return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size < 2) return 0;
    Arena *arena = arena_create();
    Taken whole = take(arena, (const char *)bytes + 1, size - 1, size - 1);
    Taken cut = take(arena, (const char *)bytes + 1, size - 1, (size_t)*bytes % 32 + 1);
    if (whole.may_end != cut.may_end || whole.is_broken != cut.is_broken) abort();
    for (size_t i = 0; i < STREAMS; i++) {
        if (whole.streams[i].length != cut.streams[i].length) abort();
        if (whole.streams[i].length > 0 && memcmp(whole.streams[i].content, cut.streams[i].content, whole.streams[i].length) != 0)
            abort();
    }
    arena_destroy(arena);
    return 0;
}
