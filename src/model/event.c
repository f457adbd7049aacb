#include "model/event.h"

#include <stdarg.h>

#include "base/text.h"

void event_emit(const Context *ctx, const Event *event) {
    if (ctx->sink != NULL) ctx->sink->emit(ctx->sink, event);
}

// Emits the event with a formatted text.
static void emit_text(const Context *ctx, Event event, const char *format, va_list arguments) {
    event.text = arena_format_list(ctx->arena, format, arguments);
    event_emit(ctx, &event);
}

#define EMIT_FORMATTED(...)                                      \
    do {                                                         \
        va_list arguments;                                       \
        va_start(arguments, format);                             \
        emit_text(ctx, (Event){__VA_ARGS__}, format, arguments); \
        va_end(arguments);                                       \
    } while (0)

void event_headline(const Context *ctx, const char *format, ...) { EMIT_FORMATTED(.kind = EVENT_HEADLINE); }

void event_step_started(const Context *ctx, const char *step, const char *doing) {
    event_emit(ctx, &(Event){.kind = EVENT_STEP_STARTED, .step = step, .text = doing});
}

void event_step_progress(const Context *ctx, const char *step, const char *format, ...) {
    EMIT_FORMATTED(.kind = EVENT_STEP_PROGRESS, .step = step);
}

void event_step_done(const Context *ctx, const char *step, long long duration_ms, const char *format, ...) {
    EMIT_FORMATTED(.kind = EVENT_STEP_DONE, .step = step, .duration_ms = duration_ms);
}

void event_step_skipped(const Context *ctx, const char *step, const char *format, ...) {
    EMIT_FORMATTED(.kind = EVENT_STEP_SKIPPED, .step = step);
}

void event_step_failed(const Context *ctx, const char *step, long long duration_ms, const Error *error) {
    event_emit(ctx, &(Event){.kind = EVENT_STEP_FAILED, .step = step, .duration_ms = duration_ms, .error = error});
}

void event_note(const Context *ctx, const char *format, ...) { EMIT_FORMATTED(.kind = EVENT_NOTE); }

void event_warning(const Context *ctx, const char *hint, const char *format, ...) {
    EMIT_FORMATTED(.kind = EVENT_WARNING, .hint = hint);
}

void event_finding(const Context *ctx, const Finding *finding) {
    Text text = {.arena = ctx->arena};
    if (finding->file != NULL) text_append(&text, finding->file);
    if (finding->file != NULL && finding->line > 0) text_append_format(&text, ":%d", finding->line);
    text_append_format(&text, "%s%s", text.length > 0 ? " " : "", finding->message);
    event_emit(ctx, &(Event){.kind = EVENT_WARNING, .text = text_string(&text), .hint = finding->hint, .finding = finding});
}

void event_test_case(const Context *ctx, const TestCase *test_case) {
    event_emit(ctx, &(Event){.kind = EVENT_TEST_CASE, .test_case = test_case});
}

void event_verdict(const Context *ctx, const Verdict *verdict) {
    event_emit(ctx, &(Event){.kind = EVENT_VERDICT, .verdict = verdict});
}

void event_round(const Context *ctx, const Verdict *verdict) {
    event_emit(ctx, &(Event){.kind = EVENT_ROUND, .verdict = verdict});
}

void event_status(const Context *ctx, const char *format, ...) { EMIT_FORMATTED(.kind = EVENT_STATUS); }

void event_result(const Context *ctx, const Result *result) { event_emit(ctx, &(Event){.kind = EVENT_RESULT, .result = result}); }

void event_line(const Context *ctx, const char *text) { event_emit(ctx, &(Event){.kind = EVENT_LINE, .text = text}); }

void event_tick(const Context *ctx) { event_emit(ctx, &(Event){.kind = EVENT_TICK}); }

void table_add_row(Arena *arena, Table *table, const char *const *cells) {
    StringList row = {0};
    for (size_t i = 0; i < table->columns.count; i++) list_push(arena, &row, cells[i]);
    list_push(arena, &table->rows, row);
}
