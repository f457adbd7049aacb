// A small string → pointer map that keeps the order of insertion.
#pragma once
#include <stdbool.h>

#include "base/arena.h"

typedef struct MapEntry {
    const char *key;
    void *value;
} MapEntry;

typedef struct Map {
    MapEntry *entries;  // in order of insertion
    size_t count, capacity;
    size_t *slots;  // 1 + index into entries, 0 = free
    size_t slot_count;
} Map;

// Adds or replaces; the key is kept, not copied.
void map_set(Arena *arena, Map *map, const char *key, void *value);

// The value, NULL when the key is absent.
void *map_get(const Map *map, const char *key);

bool map_has(const Map *map, const char *key);
