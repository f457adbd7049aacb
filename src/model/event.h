// What happens while a command runs. Services emit events, a sink of cli/ shows them; nobody else prints.
#pragma once
#include "base/context.h"
#include "base/error.h"
#include "model/value.h"
#include "model/verdict.h"

typedef enum EventKind {
    EVENT_HEADLINE,       // text: what this run is about, first line of a long command
    EVENT_STEP_STARTED,   // step; it runs until DONE, SKIPPED, FAILED, a TEST_CASE of the same name, or a VERDICT
    EVENT_STEP_PROGRESS,  // step, text: what it is doing or waiting for
    EVENT_STEP_DONE,      // step, text: the outcome, duration_ms
    EVENT_STEP_SKIPPED,   // step, text: why
    EVENT_STEP_FAILED,    // step, error, duration_ms
    EVENT_NOTE,           // text: something worth saying that is no problem
    EVENT_WARNING,        // text, hint; finding when it is about one place in a file
    EVENT_TEST_CASE,      // test_case, as soon as its verdict is there
    EVENT_VERDICT,        // verdict, at the end of a test
    EVENT_ROUND,          // verdict of one test of a command that goes on
    EVENT_STATUS,         // text: what a command that goes on waits for; stays the last line of a terminal until the next one
    EVENT_RESULT,         // result: what the command was asked for; goes to stdout
    EVENT_LINE,           // text: one line of a stream (logs); goes to stdout
    EVENT_TICK,           // nothing new; time for a spinner to move
} EventKind;

typedef enum Alignment { ALIGN_LEFT, ALIGN_RIGHT } Alignment;

typedef struct TableColumn {
    const char *title;
    Alignment alignment;
} TableColumn;

typedef LIST_OF(TableColumn) TableColumnList;
typedef LIST_OF(StringList) TableRowList;

typedef struct Table {
    TableColumnList columns;
    TableRowList rows;
} Table;

// What a command answers: `data` for --json; for people `text` as it is, else `table`.
typedef struct Result {
    const Value *data;
    const char *text;
    const Table *table;
} Result;

typedef struct Event {
    EventKind kind;
    const char *step;  // short name, the same from started to done: "airflow"
    const char *text, *hint;
    long long duration_ms;
    const Error *error;
    const TestCase *test_case;
    const Verdict *verdict;
    const Finding *finding;
    const Result *result;
} Event;

typedef struct EventSink {
    void (*emit)(struct EventSink *sink, const Event *event);
} EventSink;

// Hands any event to the sink; without a sink nothing happens.
void event_emit(const Context *ctx, const Event *event);

void event_headline(const Context *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));
void event_step_started(const Context *ctx, const char *step, const char *doing);
void event_step_progress(const Context *ctx, const char *step, const char *format, ...) __attribute__((format(printf, 3, 4)));
void event_step_done(const Context *ctx, const char *step, long long duration_ms, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void event_step_skipped(const Context *ctx, const char *step, const char *format, ...) __attribute__((format(printf, 3, 4)));
void event_step_failed(const Context *ctx, const char *step, long long duration_ms, const Error *error);
void event_note(const Context *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));
void event_warning(const Context *ctx, const char *hint, const char *format, ...) __attribute__((format(printf, 3, 4)));
// A warning whose text is the finding's place and message.
void event_finding(const Context *ctx, const Finding *finding);
void event_test_case(const Context *ctx, const TestCase *test_case);
void event_verdict(const Context *ctx, const Verdict *verdict);
void event_round(const Context *ctx, const Verdict *verdict);
void event_status(const Context *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));
void event_result(const Context *ctx, const Result *result);
void event_line(const Context *ctx, const char *text);
void event_tick(const Context *ctx);

// Adds a row of exactly as many cells as the table has columns.
void table_add_row(Arena *arena, Table *table, const char *const *cells);
