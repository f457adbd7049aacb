// Any lines in the place of what dbt_run.py says: the reader stays in bounds, and counts each case once.
#include <stdint.h>

#include "base/text.h"
#include "model/event.h"
#include "services/dbt_events.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void ignore(EventSink *sink, const Event *event) {
    (void)sink;
    if (event->kind == EVENT_TEST_CASE && event->test_case->name == NULL) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    EventSink sink = {.emit = ignore};
    Context ctx = {.arena = arena_create(), .sink = &sink, .verbosity = 1};
    const Project project = {.root = "/nonexistent", .state = "/nonexistent/.devbox", .dbt_dir = "/nonexistent/dbt"};
    DbtEvents events = {0};
    StringList lines = text_split(ctx.arena, arena_copy_bytes(ctx.arena, bytes, size), '\n');
    list_each(const char *const, line, &lines) dbt_events_read_line(&ctx, &project, *line, &events);
    const Verdict *verdict = &events.verdict;
    if (verdict->cases.count != verdict->passed + verdict->failed + verdict->errors + verdict->skipped) abort();
    verdict_to_value(ctx.arena, verdict);
    arena_destroy(ctx.arena);
    return 0;
}
