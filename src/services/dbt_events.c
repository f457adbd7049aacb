#include "services/dbt_events.h"

#include "base/text.h"
#include "io/file_system.h"
#include "io/json.h"
#include "model/event.h"
#include "services/host_event.h"

static TestState read_state(const char *status) {
    if (strcmp(status, "pass") == 0 || strcmp(status, "warn") == 0) return TEST_PASS;
    if (strcmp(status, "fail") == 0) return TEST_FAIL;
    return strcmp(status, "skip") == 0 || strcmp(status, "cut_off") == 0 ? TEST_SKIP : TEST_ERROR;
}

static const char *describe_rows(Arena *arena, const char *kind, int64_t rows) {
    return arena_format(arena, "%s%s row%s", kind, text_number(arena, rows), rows == 1 ? "" : "s");
}

static const char *summarise(Arena *arena, const Value *message, TestState state) {
    int64_t rows = value_get_integer(message, "rows", -1), failures = value_get_integer(message, "failures", 0);
    const char *status = value_get_string(message, "status", "");
    if (state == TEST_FAIL && failures > 0)
        return arena_format(arena, "%s failing row%s", text_number(arena, failures), failures == 1 ? "" : "s");
    if (strcmp(status, "warn") == 0) return describe_rows(arena, "warning: ", failures);
    if (strcmp(status, "cut_off") == 0) return "not run to its end: dbt was stopped";
    if (state == TEST_SKIP) return "not run: something it needs is not green";
    return rows >= 0 ? describe_rows(arena, "", rows) : NULL;
}

static TestCase read_node(Context *ctx, const Project *project, const Value *message) {
    Arena *arena = ctx->arena;
    TestState state = read_state(value_get_string(message, "status", "error"));
    const char *file = value_get_string(message, "file", NULL);
    bool is_red = state == TEST_FAIL || state == TEST_ERROR,
         is_warning = text_equals(value_get_string(message, "status", NULL), "warn");
    if (file != NULL && project->dbt_dir != NULL) {
        file = path_relative(arena, path_join(arena, project->dbt_dir, file), project->root);
    }
    return (TestCase){.suite = "dbt",
                      .name = value_get_string(message, "name", "?"),
                      .state = state,
                      .state_word = is_warning ? "warn" : value_get_string(message, "kind", NULL),
                      .duration_ms = state == TEST_SKIP ? -1 : value_get_integer(message, "duration_ms", 0),
                      .file = file,
                      .summary = summarise(arena, message, state),
                      .message = is_red ? value_get_string(message, "message", NULL) : NULL,
                      .query_path = is_red ? value_get_string(message, "compiled", NULL) : NULL,
                      .outputs = is_red ? value_get(message, "sample") : NULL};
}

void dbt_events_read_line(Context *ctx, const Project *project, const char *line, DbtEvents *events) {
    Value *message;
    Error ignored = {.arena = ctx->arena};
    if (!json_parse(ctx->arena, line, "dbt", &message, &ignored)) return;
    const char *kind = value_get_string(message, "event", "");
    if (strcmp(kind, "done") == 0) {
        events->has_ended = true;
        events->message = value_get_string(message, "message", NULL);
    }
    if (strcmp(kind, "host") == 0) host_event_read(ctx, message, "dbt", &events->verdict);
    if (strcmp(kind, "node") != 0) return;
    TestCase node = read_node(ctx, project, message);
    verdict_add(ctx->arena, &events->verdict, &node);
    event_test_case(ctx, &node);
}
