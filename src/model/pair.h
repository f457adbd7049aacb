// A name with its value, and where it was said.
#pragma once
#include "base/list.h"

typedef struct Pair {
    const char *key, *value;
    const char *origin;  // "devbox.yaml:12", ".env:3"
} Pair;

typedef LIST_OF(Pair) PairList;

// The first pair of that key; NULL when there is none.
const Pair *pair_list_find(const PairList *pairs, const char *key);

// Its value; NULL when there is none.
const char *pair_list_value(const PairList *pairs, const char *key);

void pair_list_add(Arena *arena, PairList *pairs, const char *key, const char *value);
