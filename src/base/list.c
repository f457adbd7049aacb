#include "base/list.h"

#include <stdbool.h>
#include <stdlib.h>

void *list_grow(Arena *arena, void *items, size_t *count, size_t *capacity, size_t item_size) {
    if (*count == *capacity) {
        size_t wider = *capacity == 0 ? 8 : *capacity * 2;
        void *moved = arena_allocate_array(arena, wider, item_size);
        if (*count > 0) memcpy(moved, items, *count * item_size);
        items = moved;
        *capacity = wider;
    }
    *count += 1;
    return items;
}

bool string_list_contains(const StringList *list, const char *string) {
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], string) == 0) return true;
    }
    return false;
}

static int compare_strings(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

void string_list_sort(StringList *list) {
    if (list->count > 1) qsort(list->items, list->count, sizeof *list->items, compare_strings);
}

const char **string_list_to_argv(Arena *arena, const StringList *list) {
    const char **argv = arena_allocate_array(arena, list->count + 1, sizeof *argv);
    if (list->count > 0) memcpy(argv, list->items, list->count * sizeof *argv);
    return argv;
}
