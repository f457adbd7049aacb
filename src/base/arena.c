#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 64 * 1024 };

typedef struct Block {
    struct Block *previous;
    size_t capacity, used;
    alignas(max_align_t) unsigned char bytes[];
} Block;

struct Arena {
    Block *last;
};

static void *allocate_or_abort(size_t size) {
    void *memory = malloc(size);
    if (memory == NULL) {
        fputs("devbox: out of memory\n", stderr);
        abort();
    }
    return memory;
}

static void push_block(Arena *arena, size_t least) {
    size_t capacity = least > BLOCK_BYTES ? least : BLOCK_BYTES;
    Block *block = allocate_or_abort(sizeof(Block) + capacity);
    *block = (Block){.previous = arena->last, .capacity = capacity};
    arena->last = block;
}

Arena *arena_create(void) {
    Arena *arena = allocate_or_abort(sizeof *arena);
    arena->last = NULL;
    return arena;
}

void arena_destroy(Arena *arena) {
    if (arena == NULL) return;
    arena_reset(arena, (ArenaMark){0});
    free(arena);
}

void *arena_allocate(Arena *arena, size_t size) {
    const size_t step = alignof(max_align_t);
    if (size > SIZE_MAX / 2) abort();
    size_t rounded = (size + step - 1) / step * step;
    if (arena->last == NULL || arena->last->capacity - arena->last->used < rounded) push_block(arena, rounded);
    void *memory = arena->last->bytes + arena->last->used;
    arena->last->used += rounded;
    return memset(memory, 0, size);
}

void *arena_allocate_array(Arena *arena, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) abort();
    return arena_allocate(arena, total);
}

char *arena_copy_bytes(Arena *arena, const void *bytes, size_t length) {
    char *copy = arena_allocate(arena, length + 1);
    if (length > 0) memcpy(copy, bytes, length);
    return copy;
}

char *arena_copy_string(Arena *arena, const char *string) {
    return string == NULL ? NULL : arena_copy_bytes(arena, string, strlen(string));
}

char *arena_format_list(Arena *arena, const char *format, va_list arguments) {
    va_list measured;
    va_copy(measured, arguments);
    int length = vsnprintf(NULL, 0, format, measured);
    va_end(measured);
    if (length < 0) abort();
    char *text = arena_allocate(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

char *arena_format(Arena *arena, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = arena_format_list(arena, format, arguments);
    va_end(arguments);
    return text;
}

ArenaMark arena_mark(const Arena *arena) {
    return (ArenaMark){.block = arena->last, .used = arena->last == NULL ? 0 : arena->last->used};
}

void arena_reset(Arena *arena, ArenaMark mark) {
    while (arena->last != NULL && arena->last != mark.block) {
        Block *block = arena->last;
        arena->last = block->previous;
        free(block);
    }
    if (arena->last == NULL) return;
#ifndef NDEBUG
    // Whoever still reads there shall fail at once, not when something else happens to be written over it.
    memset(arena->last->bytes + mark.used, 0xDD, arena->last->used - mark.used);
#endif
    arena->last->used = mark.used;
}
