// Any bytes as .env: the parser ends, stays in bounds, and every pair it gives has a name, a value and a line.
#include <stdint.h>

#include "model/env_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    Arena *arena = arena_create();
    Error err = {.arena = arena};
    PairList pairs = {0};
    bool is_parsed = env_file_parse(arena, (const char *)bytes, size, ".env", &pairs, &err);
    if (!is_parsed && (err.code != ERROR_CONFIG || err.hint == NULL || pairs.count != 0)) abort();
    for (size_t i = 0; i < pairs.count; i++) {
        const Pair *pair = &pairs.items[i];
        if (*pair->key == '\0' || strchr(pair->key, '=') != NULL || pair->value == NULL) abort();
        for (size_t j = 0; j < i; j++) {
            if (strcmp(pairs.items[j].key, pair->key) == 0) abort();
        }
    }
    arena_destroy(arena);
    return 0;
}
