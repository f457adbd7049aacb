// The hook's stdin: whatever parses must print back to the text that it came from.
#include <stdint.h>

#include "base/text.h"
#include "model/pre_push.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool comes_back(Arena *arena, const PushRefList *refs, const char *text, size_t length) {
    StringList lines = text_split_lines(arena, arena_copy_bytes(arena, text, length));
    if (lines.count != refs->count) return false;
    for (size_t i = 0; i < refs->count; i++) {
        const PushRef *ref = &refs->items[i];
        const char *again = arena_format(arena, "%s %s %s %s", ref->local_ref, ref->local_id, ref->remote_ref, ref->remote_id);
        if (!text_equals(again, lines.items[i])) return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    Arena *arena = arena_create();
    Error err = {.arena = arena};
    PushRefList refs = {0};
    const char *text = size == 0 ? "" : (const char *)bytes;
    bool is_parsed = pre_push_parse(arena, text, size, &refs, &err);
    if (is_parsed ? !comes_back(arena, &refs, text, size) : err.message == NULL || err.hint == NULL) abort();
    arena_destroy(arena);
    return 0;
}
