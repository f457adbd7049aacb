// Memory that lives as long as a command: allocate freely, release all at once. There is no free in devbox's own code.
#pragma once
#include <stdarg.h>
#include <stddef.h>

typedef struct Arena Arena;

// A position to come back to, for loops that run for hours.
typedef struct ArenaMark {
    void *block;
    size_t used;
} ArenaMark;

// Creates an empty arena. Aborts when the system has no memory, like every function here.
Arena *arena_create(void);

// Releases the arena and everything allocated from it. NULL is allowed.
void arena_destroy(Arena *arena);

// Returns `size` zeroed bytes, aligned for any type.
void *arena_allocate(Arena *arena, size_t size);

// Returns zeroed room for `count` items of `size` bytes; an overflowing product aborts.
void *arena_allocate_array(Arena *arena, size_t count, size_t size);

// Copies a string; NULL gives NULL.
char *arena_copy_string(Arena *arena, const char *string);

// Copies `length` bytes and adds a NUL.
char *arena_copy_bytes(Arena *arena, const void *bytes, size_t length);

// Formats into the arena.
char *arena_format(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_format_list(Arena *arena, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

// Remembers the position, and drops everything allocated since.
ArenaMark arena_mark(const Arena *arena);
void arena_reset(Arena *arena, ArenaMark mark);
