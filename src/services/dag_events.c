#include "services/dag_events.h"

#include "base/text.h"
#include "base/utf8.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/json.h"
#include "model/event.h"
#include "model/table_changes.h"
#include "services/dag_debug.h"
#include "services/dag_failure.h"
#include "services/dag_findings.h"
#include "services/host_event.h"

enum { SUMMARY_BYTES = 60, CONTEXT_LINES = 1, LOG_TAIL_BYTES = 256 * 1024, LOG_TAIL_LINES = 12 };

static void read_frames(Arena *arena, const Project *project, const Value *frames, TestCase *test_case) {
    for (size_t i = 0; frames != NULL && i < frames->count; i++) {
        const Value *item = frames->members[i].value;
        const char *file = value_get_string(item, "file", "");
        Frame frame = {.file = path_relative(arena, file, project->root),
                       .line = (int)value_get_integer(item, "line", 0),
                       .function = value_get_string(item, "function", NULL),
                       .source = value_get_string(item, "source", NULL),
                       .is_user = project_has_file(project, file)};
        list_push(arena, &test_case->frames, frame);
        if (!frame.is_user) continue;
        test_case->file = frame.file;
        test_case->line = frame.line;
    }
}

static void read_source(Context *ctx, const Project *project, TestCase *test_case) {
    char *content;
    Error ignored = {.arena = ctx->arena};
    if (test_case->line == 0 || test_case->file == NULL) return;
    if (!file_read(ctx->arena, path_join(ctx->arena, project->root, test_case->file), &content, NULL, &ignored)) return;
    StringList lines = text_split_lines(ctx->arena, content);
    for (int number = test_case->line - CONTEXT_LINES; number <= test_case->line; number++) {
        if (number < 1 || (size_t)number > lines.count) continue;
        SourceLine line = {.number = number, .text = lines.items[number - 1], .is_culprit = number == test_case->line};
        list_push(ctx->arena, &test_case->source, line);
    }
}

void dag_events_describe_error(Context *ctx, const Project *project, const Value *error, TestCase *test_case) {
    const char *type = value_get_string(error, "type", NULL), *message = value_get_string(error, "message", "");
    if (error == NULL || error->kind != VALUE_OBJECT) return;
    // As the user knows the file: paths inside the checkout without its root.
    message = text_replace(ctx->arena, message, arena_format(ctx->arena, "%s/", project->root), "");
    test_case->message = type == NULL ? message : arena_format(ctx->arena, "%s: %s", type, message);
    test_case->hint = dag_failure_hint(ctx->arena, project, message);
    const char *text = value_get_string(error, "text", "");
    bool says_no_more = text_equals(text_trim(ctx->arena, text), test_case->message);
    test_case->detail = says_no_more ? NULL : text;
    read_frames(ctx->arena, project, value_get(error, "frames"), test_case);
    const char *task = value_get_string(error, "task", NULL);
    if (task != NULL && test_case->file != NULL)
        test_case->line = dag_findings_task_line(ctx, project, test_case->file, task, (int)value_get_integer(error, "line", 0));
    read_source(ctx, project, test_case);
}

static void read_found_dag(Context *ctx, const Project *project, const char *file, const Value *item, DagEvents *events) {
    FoundDag dag = {.dag_id = value_get_string(item, "dag_id", "?"),
                    .file = path_relative(ctx->arena, file, project->root),
                    .line = (int)value_get_integer(item, "line", 0),
                    .tags = value_strings(ctx->arena, value_get(item, "tags"))};
    list_push(ctx->arena, &events->dags, dag);
}

static const char *summarise_file(Arena *arena, const Value *dags) {
    int64_t tasks = 0;
    for (size_t i = 0; i < dags->count; i++) tasks += value_get_integer(dags->members[i].value, "tasks", 0);
    if (dags->count == 0) return "no DAG in it";
    const char *unit = tasks == 1 ? "task" : "tasks";
    if (dags->count > 1) return arena_format(arena, "%zu DAGs, %lld %s", dags->count, (long long)tasks, unit);
    return arena_format(arena, "%s, %lld %s", value_get_string(dags->members[0].value, "dag_id", "?"), (long long)tasks, unit);
}

static const char *explain_skip(const char *reason) {
    if (strcmp(reason, "safe_mode") == 0) return "Airflow skips it: the words dag and airflow are not both in it";
    if (strcmp(reason, "airflowignore") == 0) return "Airflow skips it: .airflowignore names it";
    return strcmp(reason, "missing") == 0 ? "the file is gone" : reason;
}

static void keep_facts(Context *ctx, const Value *message, const TestCase *test_case, DagEvents *events) {
    const Value *uses = value_get(message, "uses");
    CheckedFile file = {.path = value_get_string(message, "file", ""),
                        .name = test_case->name,
                        .is_red = test_case->state == TEST_FAIL,
                        .knows_uses = uses != NULL || test_case->state == TEST_SKIP,
                        .uses = value_strings(ctx->arena, uses)};
    list_push(ctx->arena, &events->files, file);
}

static void read_file(Context *ctx, const Project *project, const Value *message, DagEvents *events) {
    const char *file = value_get_string(message, "file", ""), *skipped = value_get_string(message, "skipped", NULL);
    const Value *dags = value_get(message, "dags"), *error = value_get(message, "error");
    bool is_red = error != NULL && error->kind == VALUE_OBJECT;
    TestCase test_case = {.suite = "dags",
                          .name = path_relative(ctx->arena, file, project->root),
                          .file = path_relative(ctx->arena, file, project->root),
                          .state = is_red            ? TEST_FAIL
                                   : skipped != NULL ? TEST_SKIP
                                                     : TEST_PASS,
                          .duration_ms = skipped != NULL ? -1 : value_get_integer(message, "duration_ms", 0)};
    for (size_t i = 0; dags != NULL && i < dags->count; i++) read_found_dag(ctx, project, file, dags->members[i].value, events);
    if (skipped != NULL) {
        test_case.summary = explain_skip(skipped);
    } else if (dags != NULL && !is_red) {
        test_case.summary = summarise_file(ctx->arena, dags);
    }
    dag_events_describe_error(ctx, project, error, &test_case);
    verdict_add(ctx->arena, &events->verdict, &test_case);
    event_test_case(ctx, &test_case);
    keep_facts(ctx, message, &test_case, events);
    dag_findings_read(ctx, project, value_get(message, "warnings"), &events->verdict);
    bool is_empty = dags != NULL && dags->count == 0 && !is_red && skipped == NULL;
    if (is_empty) dag_findings_look_at_empty(ctx, project, file, &events->verdict);
    if (text_equals(skipped, "safe_mode")) dag_findings_look_at_skipped(ctx, project, file, &events->verdict);
}

static TestState read_task_state(const char *state) {
    static const char *const never_ran[] = {"skipped", "upstream_failed", "removed"};
    if (state == NULL) return TEST_SKIP;
    if (strcmp(state, "success") == 0) return TEST_PASS;
    for (size_t i = 0; i < sizeof never_ran / sizeof *never_ran; i++) {
        if (strcmp(state, never_ran[i]) == 0) return TEST_SKIP;
    }
    return TEST_FAIL;
}

static const char *find_failed_task(const DagEvents *events) {
    list_each(const TestCase, earlier, &events->verdict.cases) {
        if (earlier->state == TEST_FAIL) return earlier->name;
    }
    return NULL;
}

// Rows in the sandbox say most, then the return value; a list says how many.
static const char *summarise_task(Context *ctx, const Value *message, TestState state, const char *word,
                                  const DagEvents *events) {
    const Value *xcom = value_get(message, "xcom");
    const char *wrote = table_changes_summarise(ctx->arena, value_get(message, "data"));
    const char *failed = find_failed_task(events);
    const char *reason = value_get_string(message, "reason", NULL);
    if (state == TEST_SKIP && word != NULL && strcmp(word, "skipped") == 0)
        return reason == NULL ? "skipped" : arena_format(ctx->arena, "skipped: %s", reason);
    if (state == TEST_SKIP) return failed == NULL ? "not run" : arena_format(ctx->arena, "not run: %s failed", failed);
    if (wrote != NULL) return wrote;
    for (size_t i = 0; xcom != NULL && i < xcom->count; i++) {
        const Value *item = xcom->members[i].value, *value = value_get(item, "value");
        bool is_result = strcmp(value_get_string(item, "key", ""), "return_value") == 0;
        if (!is_result || value == NULL || value->kind == VALUE_NULL) continue;
        if (value->kind == VALUE_ARRAY) return arena_format(ctx->arena, "%zu items", value->count);
        const char *text = json_print(ctx->arena, value);
        if (strlen(text) <= SUMMARY_BYTES) return text;
        return arena_format(ctx->arena, "%.*s…", (int)utf8_valid_length(text, SUMMARY_BYTES - 3), text);
    }
    return NULL;
}

static const char *task_name(Arena *arena, const Value *message) {
    const char *task_id = value_get_string(message, "task_id", "?");
    int64_t map_index = value_get_integer(message, "map_index", -1);
    return map_index < 0 ? task_id : arena_format(arena, "%s[%lld]", task_id, (long long)map_index);
}

// The exception rose in Airflow's code: what the user wrote is the operator.
static void read_operator(Context *ctx, const Project *project, const DagEvents *events, TestCase *task) {
    char *content;
    Error ignored = {.arena = ctx->arena};
    if (events->file == NULL) return;
    const char *task_id = arena_copy_bytes(ctx->arena, task->name, strcspn(task->name, "["));
    task->file = events->file;
    task->line = events->line;
    if (!file_read(ctx->arena, path_join(ctx->arena, project->root, events->file), &content, NULL, &ignored)) return;
    int line = dag_failure_find_task(ctx->arena, content, task_id, events->line);
    if (line == 0) return;
    task->line = line;
    read_source(ctx, project, task);
}

static void read_log(Arena *arena, const char *log, TestCase *task) {
    const char *tail = file_read_tail(arena, log, LOG_TAIL_BYTES), *own = dag_failure_clean_log(arena, tail);
    bool has_other_evidence = !text_is_empty(own) || task->frames.count > 0;
    task->log_tail = text_last_lines(arena, has_other_evidence ? own : tail, LOG_TAIL_LINES);
}

// A task's event comes when it ends: what was before its duration is the time until its start.
static long long find_start(const DagEvents *events, long long duration_ms) {
    if (events->began_ms == 0) return -1;
    long long started_ms = clock_now_ms() - events->began_ms - duration_ms;
    return started_ms > 0 ? started_ms : 0;
}

static void warn_of_cut_log(const Context *ctx, const Value *message, const TestCase *task) {
    enum { MIB_SHIFT = 20 };
    long long cut = (long long)value_get_integer(message, "log_cut_bytes", 0);
    if (cut == 0) return;
    event_warning(ctx, "a test keeps the beginning and the end of a task's log",
                  "%s wrote too much for its log: %lld MB were cut out of the middle of %s", task->name, cut >> MIB_SHIFT,
                  task->log_path);
}

static void read_task(Context *ctx, const Project *project, const Value *message, DagEvents *events) {
    Arena *arena = ctx->arena;
    const char *word = value_get_string(message, "state", NULL);
    TestState state = read_task_state(word);
    const char *log = value_get_string(message, "log", NULL);
    TestCase task = {.suite = "dag",
                     .name = task_name(arena, message),
                     .state = state,
                     .state_word = word,
                     .duration_ms = state == TEST_SKIP ? -1 : value_get_integer(message, "duration_ms", 0),
                     .summary = summarise_task(ctx, message, state, word, events),
                     .outputs = value_get(message, "xcom"),
                     .data = value_get(message, "data"),
                     .log_path = log == NULL ? NULL : path_relative(arena, log, project->root)};
    task.started_ms = state == TEST_SKIP ? -1 : find_start(events, task.duration_ms);
    dag_events_describe_error(ctx, project, value_get(message, "error"), &task);
    if (state == TEST_FAIL && task.message == NULL) task.message = arena_format(arena, "ended as %s", word);
    bool is_explained = state != TEST_FAIL || task.line > 0;
    if (!is_explained && log != NULL) read_log(arena, log, &task);
    if (!is_explained && task.frames.count > 0) read_operator(ctx, project, events, &task);
    verdict_add(arena, &events->verdict, &task);
    event_test_case(ctx, &task);
    warn_of_cut_log(ctx, message, &task);
}

static void read_dag(Context *ctx, const Project *project, const Value *message, DagEvents *events) {
    const char *file = path_relative(ctx->arena, value_get_string(message, "file", ""), project->root);
    events->tasks = value_strings(ctx->arena, value_get(message, "tasks"));
    events->file = file;
    events->began_ms = clock_now_ms();
    events->line = (int)value_get_integer(message, "line", 1);
    events->verdict.title =
        arena_format(ctx->arena, "%s · %s:%lld · %zu %s", value_get_string(message, "dag_id", "?"), file, (long long)events->line,
                     events->tasks.count, events->tasks.count == 1 ? "task" : "tasks");
    event_headline(ctx, "%s", events->verdict.title);
    if (events->step != NULL) event_step_progress(ctx, events->step, "running");
    dag_findings_read(ctx, project, value_get(message, "warnings"), &events->verdict);
}

void dag_events_read_line(Context *ctx, const Project *project, const char *line, DagEvents *events) {
    Value *message;
    Error ignored = {.arena = ctx->arena};
    if (!json_parse(ctx->arena, line, "airflow host", &message, &ignored)) return;
    const char *kind = value_get_string(message, "event", "");
    if (strcmp(kind, "host") == 0) host_event_read(ctx, message, "Airflow", &events->verdict);
    if (strcmp(kind, "file") == 0) read_file(ctx, project, message, events);
    if (strcmp(kind, "dag") == 0) read_dag(ctx, project, message, events);
    if (strcmp(kind, "debugger") == 0) {
        int port = (int)value_get_integer(message, "port", 0);
        dag_debug_announce(ctx, events->debugger_port != 0 ? events->debugger_port : port);
    }
    if (strcmp(kind, "attached") == 0) event_step_done(ctx, "debugger", -1, "attached");
    if (strcmp(kind, "running") == 0 && !events->leaves_terminal)
        event_step_started(ctx, task_name(ctx->arena, message), "running");
    if (strcmp(kind, "task") == 0) read_task(ctx, project, message, events);
    if (strcmp(kind, "done") != 0) return;
    events->state = value_get_string(message, "state", "failed");
    events->last = message;
}
