// An event sink that writes down what it is told, a line per event, for tests of services.
#pragma once
#include "base/text.h"
#include "model/event.h"
#include "support/test.h"

typedef struct EventLog {
    EventSink sink;
    Text text;
    void (*on_event)(void *state, const Event *event);  // what a test does in the middle of the work; NULL: nothing
    void *state;
} EventLog;

static inline void event_log_add_case(Text *text, const TestCase *test_case) {
    text_append_format(text, "%s %s", test_state_name(test_case->state), test_case->name);
    if (test_case->summary != NULL) text_append_format(text, " · %s", test_case->summary);
    if (test_case->message != NULL) text_append_format(text, " · %s", test_case->message);
}

static inline void event_log_emit(EventSink *sink, const Event *event) {
    static const char *const names[] = {"headline", "started", "progress", "done",   "skipped", "failed", "note", "warning",
                                        "case",     "verdict", "round",    "status", "result",  "line",   "tick"};
    EventLog *log = (EventLog *)sink;
    if (log->on_event != NULL) log->on_event(log->state, event);
    if (event->kind == EVENT_TICK) return;
    text_append(&log->text, names[event->kind]);
    if (event->step != NULL) text_append_format(&log->text, " %s", event->step);
    text_append(&log->text, ": ");
    if (event->text != NULL) text_append(&log->text, event->text);
    if (event->error != NULL) text_append(&log->text, event->error->message);
    if (event->test_case != NULL) event_log_add_case(&log->text, event->test_case);
    if (event->hint != NULL) text_append_format(&log->text, " → %s", event->hint);
    text_append_char(&log->text, '\n');
}

// Makes the log the sink of `ctx`.
static inline void event_log_start(EventLog *log, Context *ctx) {
    *log = (EventLog){.sink = {.emit = event_log_emit}, .text = {.arena = ctx->arena}};
    ctx->sink = &log->sink;
}

// What was emitted since the start or the last call.
static inline const char *event_log_take(EventLog *log) {
    const char *taken = arena_copy_string(log->text.arena, text_string(&log->text));
    log->text = (Text){.arena = log->text.arena};
    return taken;
}

// All of an error in one text: "CODE message → hint" and the detail below.
static inline const char *error_as_text(const Error *err) {
    Text text = {.arena = err->arena};
    text_append_format(&text, "%s %s", error_code_name(err->code), err->message == NULL ? "" : err->message);
    if (err->hint != NULL) text_append_format(&text, " → %s", err->hint);
    if (err->detail != NULL) text_append_format(&text, "\n%s", err->detail);
    return text_string(&text);
}
