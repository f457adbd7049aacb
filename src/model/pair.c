#include "model/pair.h"

#include "base/text.h"

const Pair *pair_list_find(const PairList *pairs, const char *key) {
    list_each(const Pair, pair, pairs) {
        if (text_equals(pair->key, key)) return pair;
    }
    return NULL;
}

const char *pair_list_value(const PairList *pairs, const char *key) {
    const Pair *pair = pair_list_find(pairs, key);
    return pair == NULL ? NULL : pair->value;
}

void pair_list_add(Arena *arena, PairList *pairs, const char *key, const char *value) {
    Pair pair = {.key = key, .value = value};
    list_push(arena, pairs, pair);
}
