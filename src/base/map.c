#include "base/map.h"

#include <stdint.h>
#include <string.h>

static size_t hash_string(const char *key) {
    uint64_t hash = 14695981039346656037ULL;
    for (; *key != '\0'; key++) hash = (hash ^ (unsigned char)*key) * 1099511628211ULL;
    return (size_t)hash;
}

static size_t *find_slot(const Map *map, const char *key) {
    for (size_t i = hash_string(key) % map->slot_count;; i = (i + 1) % map->slot_count) {
        size_t *slot = &map->slots[i];
        if (*slot == 0 || strcmp(map->entries[*slot - 1].key, key) == 0) return slot;
    }
}

static void grow(Arena *arena, Map *map) {
    size_t capacity = map->capacity == 0 ? 8 : map->capacity * 2;
    MapEntry *entries = arena_allocate_array(arena, capacity, sizeof *entries);
    if (map->count > 0) memcpy(entries, map->entries, map->count * sizeof *entries);
    map->entries = entries;
    map->capacity = capacity;
    map->slot_count = capacity * 2;
    map->slots = arena_allocate_array(arena, map->slot_count, sizeof *map->slots);
    for (size_t i = 0; i < map->count; i++) *find_slot(map, entries[i].key) = i + 1;
}

void map_set(Arena *arena, Map *map, const char *key, void *value) {
    if (map->count == map->capacity) grow(arena, map);
    size_t *slot = find_slot(map, key);
    if (*slot == 0) {
        map->entries[map->count++] = (MapEntry){.key = key};
        *slot = map->count;
    }
    map->entries[*slot - 1].value = value;
}

void *map_get(const Map *map, const char *key) {
    if (map->count == 0) return NULL;
    size_t slot = *find_slot(map, key);
    return slot == 0 ? NULL : map->entries[slot - 1].value;
}

bool map_has(const Map *map, const char *key) { return map->count > 0 && *find_slot(map, key) != 0; }
