// Any lines in the place of what dbt_run.py says: the reader stays in bounds, and counts each case once.
#include "event_lines.h"
#include "services/dbt_events.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    EventSink sink = {.emit = fuzz_ignore_event};
    Context ctx = {.arena = arena_create(), .sink = &sink, .verbosity = 1};
    const Project project = {.root = "/nonexistent", .state = "/nonexistent/.devbox", .dbt_dir = "/nonexistent/dbt"};
    DbtEvents events = {0};
    StringList lines = fuzz_lines(ctx.arena, bytes, size);
    list_each(const char *const, line, &lines) dbt_events_read_line(&ctx, &project, *line, &events);
    fuzz_check_verdict(ctx.arena, &events.verdict);
    arena_destroy(ctx.arena);
    return 0;
}
