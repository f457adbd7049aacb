// Any text as JSON: the parser ends and stays in bounds, and what it reads prints as JSON that reads and prints the same.
#include <stdint.h>

#include "base/text.h"
#include "io/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    Arena *arena = arena_create();
    Error err = {.arena = arena};
    Value *value = NULL, *again = NULL;
    bool is_parsed = json_parse(arena, arena_copy_bytes(arena, bytes, size), "x.json", &value, &err);
    if (!is_parsed && (value != NULL || !text_starts_with(err.message, "x.json:"))) abort();
    if (is_parsed) {
        const char *printed = json_print(arena, value);
        if (!json_parse(arena, printed, "printed", &again, &err)) abort();
        if (!text_equals(json_print(arena, again), printed)) abort();
        if (!json_parse(arena, json_print_indented(arena, value), "indented", &again, &err)) abort();
        if (!text_equals(json_print(arena, again), printed)) abort();
    }
    arena_destroy(arena);
    return 0;
}
