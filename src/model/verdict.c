#include "model/verdict.h"

static const char *const state_names[] = {
    [TEST_PASS] = "pass",
    [TEST_FAIL] = "fail",
    [TEST_ERROR] = "error",
    [TEST_SKIP] = "skip",
};

const char *test_state_name(TestState state) { return state_names[state]; }

void verdict_add(Arena *arena, Verdict *verdict, const TestCase *test_case) {
    size_t *const counts[] = {
        [TEST_PASS] = &verdict->passed,
        [TEST_FAIL] = &verdict->failed,
        [TEST_ERROR] = &verdict->errors,
        [TEST_SKIP] = &verdict->skipped,
    };
    list_push(arena, &verdict->cases, *test_case);
    *counts[test_case->state] += 1;
}

void verdict_merge(Arena *arena, Verdict *verdict, const Verdict *part) {
    list_each(const TestCase, test_case, &part->cases) verdict_add(arena, verdict, test_case);
    list_each(const Finding, finding, &part->findings) list_push(arena, &verdict->findings, *finding);
    verdict->duration_ms += part->duration_ms;
    verdict->is_inconclusive = verdict->is_inconclusive || part->is_inconclusive;
    if (verdict->next == NULL) verdict->next = part->next;
    if (part->trouble == NULL) return;
    verdict->trouble = verdict->trouble == NULL ? part->trouble : arena_format(arena, "%s; %s", verdict->trouble, part->trouble);
}

bool verdict_is_green(const Verdict *verdict) {
    return verdict->failed == 0 && verdict->errors == 0 && !verdict->is_inconclusive;
}

// What is not known is left out, so that a green case stays a short line.
static void set_known_string(Arena *arena, Value *object, const char *key, const char *string) {
    if (string != NULL) value_set_string(arena, object, key, string);
}

// A value takes no const member, though nobody changes it.
static void set_known_value(Arena *arena, Value *object, const char *key, const Value *member) {
    if (member == NULL) return;
    Value *copy = arena_allocate(arena, sizeof *copy);
    *copy = *member;
    value_set(arena, object, key, copy);
}

static Value *frames_to_value(Arena *arena, const FrameList *frames) {
    Value *array = value_array(arena);
    list_each(const Frame, frame, frames) {
        Value *object = value_object(arena);
        value_set_string(arena, object, "file", frame->file);
        value_set_integer(arena, object, "line", frame->line);
        set_known_string(arena, object, "function", frame->function);
        set_known_string(arena, object, "source", frame->source);
        value_set_bool(arena, object, "user", frame->is_user);
        value_append(arena, array, object);
    }
    return array;
}

static Value *source_to_value(Arena *arena, const SourceLineList *lines) {
    Value *array = value_array(arena);
    list_each(const SourceLine, line, lines) {
        Value *object = value_object(arena);
        value_set_integer(arena, object, "line", line->number);
        value_set_string(arena, object, "text", line->text);
        value_set_bool(arena, object, "culprit", line->is_culprit);
        value_append(arena, array, object);
    }
    return array;
}

Value *test_case_to_value(Arena *arena, const TestCase *test_case) {
    Value *object = value_object(arena);
    value_set_string(arena, object, "suite", test_case->suite);
    value_set_string(arena, object, "name", test_case->name);
    value_set_string(arena, object, "state", test_state_name(test_case->state));
    set_known_string(arena, object, "stateWord", test_case->state_word);
    if (test_case->started_ms > 0) value_set_integer(arena, object, "startedMs", test_case->started_ms);
    if (test_case->duration_ms >= 0) value_set_integer(arena, object, "durationMs", test_case->duration_ms);
    value_set_bool(arena, object, "cached", test_case->is_cached);
    set_known_string(arena, object, "file", test_case->file);
    if (test_case->line > 0) value_set_integer(arena, object, "line", test_case->line);
    set_known_string(arena, object, "summary", test_case->summary);
    set_known_string(arena, object, "message", test_case->message);
    set_known_string(arena, object, "hint", test_case->hint);
    if (test_case->frames.count > 0) value_set(arena, object, "frames", frames_to_value(arena, &test_case->frames));
    if (test_case->source.count > 0) value_set(arena, object, "source", source_to_value(arena, &test_case->source));
    set_known_string(arena, object, "detail", test_case->detail);
    set_known_string(arena, object, "logPath", test_case->log_path);
    set_known_string(arena, object, "logTail", test_case->log_tail);
    set_known_string(arena, object, "queryPath", test_case->query_path);
    set_known_value(arena, object, "outputs", test_case->outputs);
    set_known_value(arena, object, "data", test_case->data);
    return object;
}

Value *verdict_to_value(Arena *arena, const Verdict *verdict) {
    Value *object = value_object(arena);
    set_known_string(arena, object, "title", verdict->title);
    value_set_bool(arena, object, "green", verdict_is_green(verdict));
    value_set_integer(arena, object, "passed", (int64_t)verdict->passed);
    value_set_integer(arena, object, "failed", (int64_t)verdict->failed);
    value_set_integer(arena, object, "errors", (int64_t)verdict->errors);
    value_set_integer(arena, object, "skipped", (int64_t)verdict->skipped);
    value_set_integer(arena, object, "durationMs", verdict->duration_ms);
    value_set_bool(arena, object, "inconclusive", verdict->is_inconclusive);
    set_known_string(arena, object, "trouble", verdict->trouble);
    set_known_string(arena, object, "next", verdict->next);
    set_known_string(arena, object, "process", verdict->process);
    Value *cases = value_array(arena);
    list_each(const TestCase, test_case, &verdict->cases) value_append(arena, cases, test_case_to_value(arena, test_case));
    value_set(arena, object, "cases", cases);
    return object;
}
