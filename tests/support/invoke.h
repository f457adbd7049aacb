// Running a command's run() in a test and looking at what it emitted.
#pragma once
#include "cli/command.h"
#include "model/event.h"
#include "support/checkout.h"

typedef struct Recorder {
    EventSink sink;
    Arena *arena;
    const Value *data;  // of the last result
    const char *text;   // of the last result, NULL for a table
    size_t row_count;   // of the last result's table
    const char *note;   // last note
} Recorder;

static inline void recorder_emit(EventSink *sink, const Event *event) {
    Recorder *recorder = (Recorder *)sink;
    if (event->kind == EVENT_NOTE) recorder->note = arena_copy_string(recorder->arena, event->text);
    if (event->kind != EVENT_RESULT) return;
    recorder->data = event->result->data;
    recorder->text = arena_copy_string(recorder->arena, event->result->text);
    recorder->row_count = event->result->table == NULL ? 0 : event->result->table->rows.count;
}

// Runs the command in the checkout; `project` is opened when the command asks for one.
static inline bool invoke(Checkout *checkout, const Command *command, const void *options, const char *argument,
                          Recorder *recorder) {
    Outcome outcome = {0};
    Project project;
    Invocation invocation = {.options = options, .folder = checkout->root};
    *recorder = (Recorder){.sink = {.emit = recorder_emit}, .arena = checkout->arena};
    checkout->ctx.sink = &recorder->sink;
    error_clear(&checkout->err);
    if (argument != NULL) list_push(checkout->arena, &invocation.arguments, argument);
    if ((command->needs & NEEDS_PROJECT) != 0) {
        if (!project_open(&checkout->ctx, checkout->root, &project, &checkout->err)) return false;
        invocation.project = &project;
    }
    return command->run(&checkout->ctx, &invocation, &outcome, &checkout->err);
}
