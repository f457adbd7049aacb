// What the fuzzers of event readers share: lines out of the bytes, and a verdict that adds up.
#pragma once
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"
#include "model/event.h"

static inline void fuzz_ignore_event(EventSink *sink, const Event *event) {
    (void)sink;
    if (event->kind == EVENT_TEST_CASE && event->test_case->name == NULL) abort();
}

static inline StringList fuzz_lines(Arena *arena, const uint8_t *bytes, size_t size) {
    return text_split(arena, arena_copy_bytes(arena, bytes, size), '\n');
}

static inline void fuzz_check_verdict(Arena *arena, const Verdict *verdict) {
    if (verdict->cases.count != verdict->passed + verdict->failed + verdict->errors + verdict->skipped) abort();
    verdict_to_value(arena, verdict);
}
