#include "base/text.h"
#include "cli/sink.h"
#include "io/json.h"

typedef struct JsonSink {
    Sink common;
    bool is_streaming;
    Value *data;      // the result, else the verdict; NULL while there is neither
    Value *findings;  // warnings, failed steps, red cases
    bool has_result;
} JsonSink;

static const char *const event_names[] = {
    [EVENT_HEADLINE] = "headline",
    [EVENT_STEP_STARTED] = "stepStarted",
    [EVENT_STEP_PROGRESS] = "stepProgress",
    [EVENT_STEP_DONE] = "stepDone",
    [EVENT_STEP_SKIPPED] = "stepSkipped",
    [EVENT_STEP_FAILED] = "stepFailed",
    [EVENT_NOTE] = "note",
    [EVENT_WARNING] = "warning",
    [EVENT_TEST_CASE] = "testCase",
    [EVENT_VERDICT] = "verdict",
    [EVENT_ROUND] = "round",
    [EVENT_STATUS] = "status",
    [EVENT_RESULT] = "result",
    [EVENT_LINE] = "line",
    [EVENT_TICK] = NULL,
};

// A copy in the sink's own arena: what an event points to need not outlive it.
static Value *copy_value(Arena *arena, const Value *value) {
    if (value == NULL) return value_null(arena);
    if (value->kind == VALUE_STRING) return value_string(arena, arena_copy_string(arena, value->string));
    if (value->kind != VALUE_ARRAY && value->kind != VALUE_OBJECT) {
        Value *copy = arena_allocate(arena, sizeof *copy);
        *copy = *value;
        return copy;
    }
    Value *copy = value->kind == VALUE_ARRAY ? value_array(arena) : value_object(arena);
    for (size_t i = 0; i < value->count; i++) {
        Value *item = copy_value(arena, value->members[i].value);
        if (value->kind == VALUE_ARRAY)
            value_append(arena, copy, item);
        else
            value_set(arena, copy, arena_copy_string(arena, value->members[i].key), item);
    }
    return copy;
}

static void set_optional(Arena *arena, Value *object, const char *key, const char *string) {
    if (string != NULL) value_set_string(arena, object, key, string);
}

// Where the command ends that a hint goes on with: "start it: devbox start, or …".
static size_t command_length(const char *command) {
    static const char *const ends[] = {", ", "; ", " · ", ")", "\n"};
    size_t length = strlen(command);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const char *end = strstr(command, ends[i]);
        if (end != NULL && (size_t)(end - command) < length) length = (size_t)(end - command);
    }
    return length;
}

// The commands that stand after a colon in a hint; words of a sentence that begins with devbox are none.
static Value *actions_of(Arena *arena, const char *hint) {
    static const char lead[] = ": devbox ";
    Value *actions = value_array(arena);
    for (const char *found = hint == NULL ? NULL : strstr(hint, lead); found != NULL; found = strstr(found + 1, lead)) {
        const char *command = found + strlen(": ");
        value_append(arena, actions, value_string(arena, arena_copy_bytes(arena, command, command_length(command))));
    }
    return actions;
}

static Value *error_to_value(Arena *arena, const Error *error) {
    if (error == NULL || error->code == ERROR_NONE) return value_null(arena);
    bool is_retryable = error->code == ERROR_TIMEOUT || error->code == ERROR_NETWORK || error->code == ERROR_BUSY;
    Value *object = value_object(arena);
    value_set_string(arena, object, "code", error_code_name(error->code));
    value_set_string(arena, object, "message", error->message);
    value_set_string(arena, object, "hint", error->hint);
    value_set_string(arena, object, "detail", error->detail);
    value_set_bool(arena, object, "retryable", is_retryable);
    value_set(arena, object, "actions", actions_of(arena, error->hint));
    return object;
}

static void set_place(Arena *arena, Value *object, const Finding *found) {
    value_set_string(arena, object, "code", arena_copy_string(arena, found->code));
    set_optional(arena, object, "file", arena_copy_string(arena, found->file));
    if (found->line > 0) value_set_integer(arena, object, "line", found->line);
}

static Value *event_to_value(Arena *arena, const Event *event) {
    Value *object = value_object(arena);
    value_set_string(arena, object, "event", event_names[event->kind]);
    set_optional(arena, object, "step", event->step);
    set_optional(arena, object, "text", event->text);
    set_optional(arena, object, "hint", event->hint);
    if (event->finding != NULL) set_place(arena, object, event->finding);
    bool has_duration = event->kind == EVENT_STEP_DONE || event->kind == EVENT_STEP_FAILED;
    if (has_duration) value_set_integer(arena, object, "durationMs", event->duration_ms);
    if (event->error != NULL) value_set(arena, object, "error", error_to_value(arena, event->error));
    if (event->test_case != NULL) value_set(arena, object, "testCase", test_case_to_value(arena, event->test_case));
    if (event->kind == EVENT_ROUND) value_set(arena, object, "verdict", verdict_to_value(arena, event->verdict));
    if (event->kind == EVENT_RESULT && event->result->data != NULL) {
        value_set(arena, object, "data", copy_value(arena, event->result->data));
    }
    return object;
}

static void print_event(JsonSink *sink, const Event *event) {
    Arena *scratch = sink->common.scratch;
    const char *line = json_print(scratch, event_to_value(scratch, event));
    sink_write_out(&sink->common, arena_format(scratch, "%s\n", line));
}

static Value *finding(Arena *arena, const char *severity, const char *message, const char *hint) {
    Value *object = value_object(arena);
    value_set_string(arena, object, "severity", severity);
    value_set_string(arena, object, "message", arena_copy_string(arena, message));
    if (hint != NULL) value_set_string(arena, object, "hint", arena_copy_string(arena, hint));
    return object;
}

static void add_warning(JsonSink *sink, const Event *event) {
    Arena *arena = sink->common.options.arena;
    const char *message = event->finding == NULL ? event->text : event->finding->message;
    Value *object = finding(arena, "warning", message, event->hint);
    set_optional(arena, object, "step", arena_copy_string(arena, event->step));
    if (event->finding != NULL) set_place(arena, object, event->finding);
    value_append(arena, sink->findings, object);
}

static void add_failed_step(JsonSink *sink, const Event *event) {
    Arena *arena = sink->common.options.arena;
    const Error *error = event->error;
    const char *message = error != NULL ? error->message : event->text;
    Value *object = finding(arena, "error", message, error == NULL ? NULL : error->hint);
    value_set_string(arena, object, "step", arena_copy_string(arena, event->step));
    if (error != NULL) value_set_string(arena, object, "code", error_code_name(error->code));
    if (error != NULL && error->detail != NULL)
        value_set_string(arena, object, "detail", arena_copy_string(arena, error->detail));
    value_append(arena, sink->findings, object);
}

static void add_red_cases(JsonSink *sink, const Verdict *verdict) {
    Arena *arena = sink->common.options.arena;
    for (size_t i = 0; i < verdict->cases.count; i++) {
        const TestCase *test_case = &verdict->cases.items[i];
        if (test_case->state != TEST_FAIL && test_case->state != TEST_ERROR) continue;
        const char *why = test_case->message != NULL ? test_case->message : test_case->summary;
        Value *object = finding(arena, "error", why == NULL ? test_state_name(test_case->state) : why, NULL);
        set_optional(arena, object, "suite", arena_copy_string(arena, test_case->suite));
        set_optional(arena, object, "name", arena_copy_string(arena, test_case->name));
        set_optional(arena, object, "file", arena_copy_string(arena, test_case->file));
        if (test_case->line > 0) value_set_integer(arena, object, "line", test_case->line);
        value_append(arena, sink->findings, object);
    }
    if (verdict->trouble != NULL) value_append(arena, sink->findings, finding(arena, "warning", verdict->trouble, NULL));
}

// An explicit result is the answer; a verdict is one where there is nothing else.
static void keep_result(JsonSink *sink, const Result *result) {
    Arena *arena = sink->common.options.arena;
    sink->data =
        result->data != NULL ? copy_value(arena, result->data) : value_string(arena, arena_copy_string(arena, result->text));
    sink->has_result = true;
}

static void keep(JsonSink *sink, const Event *event) {
    Arena *arena = sink->common.options.arena;
    switch (event->kind) {
        case EVENT_WARNING:
            add_warning(sink, event);
            break;
        case EVENT_STEP_FAILED:
            add_failed_step(sink, event);
            break;
        case EVENT_RESULT:
            keep_result(sink, event->result);
            break;
        case EVENT_VERDICT:
            add_red_cases(sink, event->verdict);
            if (!sink->has_result) sink->data = copy_value(arena, verdict_to_value(sink->common.scratch, event->verdict));
            break;
        default:
            break;
    }
}

static void emit(EventSink *base, const Event *event) {
    JsonSink *sink = (JsonSink *)base;
    if (event->kind == EVENT_TICK) return;
    ArenaMark mark = arena_mark(sink->common.scratch);
    bool is_in_envelope = event->kind == EVENT_RESULT || event->kind == EVENT_VERDICT;
    if (sink->is_streaming && !is_in_envelope) print_event(sink, event);
    keep(sink, event);
    arena_reset(sink->common.scratch, mark);
}

static bool finish(Sink *base, const Error *error, int exit_code, long long duration_ms) {
    JsonSink *sink = (JsonSink *)base;
    Arena *scratch = base->scratch;
    Value *envelope = value_object(scratch);
    value_set_integer(scratch, envelope, "schemaVersion", 1);
    value_set_string(scratch, envelope, "command", base->options.command);
    value_set_string(scratch, envelope, "status", exit_code == 0 ? "ok" : "failed");
    value_set(scratch, envelope, "data", sink->data == NULL ? value_null(scratch) : sink->data);
    value_set(scratch, envelope, "findings", sink->findings);
    value_set(scratch, envelope, "error", error_to_value(scratch, error));
    value_set_integer(scratch, envelope, "durationMs", duration_ms);
    sink_write_out(base, arena_format(scratch, "%s\n", json_print(scratch, envelope)));
    return !base->is_out_broken;
}

EventSink *sink_json_create(const SinkOptions *options, bool is_streaming) {
    JsonSink *sink = arena_allocate(options->arena, sizeof *sink);
    sink_prepare(&sink->common, options);
    sink->common.base.emit = emit;
    sink->common.finish = finish;
    sink->is_streaming = is_streaming;
    sink->findings = value_array(options->arena);
    return &sink->common.base;
}
