// A growable array of any type, in an arena: LIST_OF(char *) names; list_push(arena, &names, name).
#pragma once
#include <string.h>

#include "base/arena.h"

#define LIST_OF(Type)           \
    struct {                    \
        Type *items;            \
        size_t count, capacity; \
    }

typedef LIST_OF(const char *) StringList;

// Makes room for one more item and counts it; returns the (possibly moved) items. Use list_push.
void *list_grow(Arena *arena, void *items, size_t *count, size_t *capacity, size_t item_size);

// Appends one item; the list may move, so keep no pointers to items while it grows.
#define list_push(arena, list, ...)                                                                               \
    ((list)->items = list_grow((arena), (list)->items, &(list)->count, &(list)->capacity, sizeof *(list)->items), \
     (list)->items[(list)->count - 1] = (__VA_ARGS__))

// Visits each item by pointer: list_each(const char *, name, &names) puts(*name);
// The count is looked at first: adding 0 to the NULL of an empty list is undefined.
#define list_each(Type, variable, list) \
    for (Type *variable = (list)->items; (list)->count > 0 && variable < (list)->items + (list)->count; variable++)

// True when the list holds a string equal to `string`.
_Bool string_list_contains(const StringList *list, const char *string);

// Sorts by byte order.
void string_list_sort(StringList *list);

// The strings as an argv: NULL terminated, in the arena.
const char **string_list_to_argv(Arena *arena, const StringList *list);
