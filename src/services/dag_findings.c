#include "services/dag_findings.h"

#include <ctype.h>

#include "base/text.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/dag_failure.h"

#define PYTHON_WARNING "python-warning"

static const char *const advice[][2] = {
    {"slow-import", "import it inside the task that needs it: Airflow imports the file again and again, and each task does"},
    {"slow-file", "move what takes long into a task: Airflow imports the file again and again"},
    {"network-at-import", "move it into a task: Airflow imports the file again and again, and fails to when the network does"},
    {"variable-at-import", "read it in the task, or as a template: {{ var.value.NAME }}"},
    {"connection-at-import", "read it in the task, or as a template: {{ conn.NAME.host }}"},
    {"unknown-pool", "add it under airflow.pools in devbox.yaml: a task waits for ever for a pool that is not there"},
    {"lost-dag", "assign it (dag = DAG(...)), write with DAG(...), or put each DAG of a loop into globals()"},
    {"uncalled-dag", "call it at the end of the file: what @dag decorates makes a DAG only then"},
    {"skipped-by-safe-mode", "write the word airflow into it, in a comment for instance"},
    {"skipped-by-airflowignore", "remove the line that names it from .airflowignore, if it is to run"},
};

static const char *advice_for(const char *code) {
    for (size_t i = 0; i < sizeof advice / sizeof *advice; i++) {
        if (text_equals(advice[i][0], code)) return advice[i][1];
    }
    return NULL;
}

void dag_findings_add(Context *ctx, const Finding *finding, Verdict *verdict) {
    list_push(ctx->arena, &verdict->findings, *finding);
    event_finding(ctx, finding);
}

// A pool that start will make is not missing.
static bool is_configured_pool(const Project *project, const char *name) {
    list_each(const PoolConfig, pool, &project->config.airflow.pools) {
        if (text_equals(pool->name, name)) return true;
    }
    return false;
}

static void read_warning(Context *ctx, const Project *project, const Value *warning, Verdict *verdict) {
    const char *file = value_get_string(warning, "file", ""), *pool = value_get_string(warning, "pool", NULL);
    const char *task = value_get_string(warning, "task", NULL);
    // Airflow's own packages warn too, under the name of the file that was being imported.
    if (!project_has_file(project, file) || (pool != NULL && is_configured_pool(project, pool))) return;
    Finding finding = {.code = value_get_string(warning, "code", PYTHON_WARNING),
                       .file = path_relative(ctx->arena, file, project->root),
                       .line = (int)value_get_integer(warning, "line", 0),
                       .message = value_get_string(warning, "message", "")};
    if (task != NULL) finding.line = dag_findings_task_line(ctx, project, finding.file, task, finding.line);
    finding.hint = advice_for(finding.code);
    dag_findings_add(ctx, &finding, verdict);
}

void dag_findings_read(Context *ctx, const Project *project, const Value *warnings, Verdict *verdict) {
    for (size_t i = 0; warnings != NULL && i < warnings->count; i++) {
        read_warning(ctx, project, warnings->members[i].value, verdict);
    }
}

static bool is_decorator(const char *line) {
    return text_starts_with(line, "@dag") && !isalnum((unsigned char)line[4]) && line[4] != '_';
}

// The first line that makes a DAG: `DAG(…)`, `models.DAG(…)`, `@dag`; 0 when none does. Text is all there is: the file was not
// imported.
static int find_dag(Arena *arena, const char *source) {
    StringList lines = text_split_lines(arena, source);
    for (size_t i = 0; i < lines.count; i++) {
        const char *line = text_trim(arena, lines.items[i]);
        if (is_decorator(line)) return (int)i + 1;
        const char *call = *line == '#' ? NULL : strstr(line, "DAG(");
        bool is_name = call != NULL && (call == line || strchr(" .=(,", call[-1]) != NULL);
        if (is_name) return (int)i + 1;
    }
    return 0;
}

static int find_dag_in_file(Context *ctx, const char *path) {
    char *source;
    Error ignored = {.arena = ctx->arena};
    return file_read(ctx->arena, path, &source, NULL, &ignored) ? find_dag(ctx->arena, source) : 0;
}

static void report_skipped(Context *ctx, const Project *project, const char *path, const char *code, Verdict *verdict) {
    int line = find_dag_in_file(ctx, path);
    if (line == 0) return;
    bool is_safe_mode = text_equals(code, "skipped-by-safe-mode");
    Finding finding = {
        .code = code,
        .file = path_relative(ctx->arena, path, project->root),
        .line = line,
        .message = is_safe_mode ? "makes a DAG that Airflow does not see: it skips files without the word airflow (safe mode)"
                                : "makes a DAG that Airflow does not see: .airflowignore names the file",
        .hint = advice_for(code)};
    dag_findings_add(ctx, &finding, verdict);
}

void dag_findings_look_at_empty(Context *ctx, const Project *project, const char *path, Verdict *verdict) {
    char *source;
    Error ignored = {.arena = ctx->arena};
    if (!file_read(ctx->arena, path, &source, NULL, &ignored)) return;
    StringList lines = text_split_lines(ctx->arena, source);
    for (size_t i = 0; i < lines.count; i++) {
        if (!is_decorator(lines.items[i])) continue;
        Finding finding = {.code = "uncalled-dag",
                           .file = path_relative(ctx->arena, path, project->root),
                           .line = (int)i + 1,
                           .message = "decorates a function with @dag, but the file holds no DAG: nobody calls it",
                           .hint = advice_for("uncalled-dag")};
        dag_findings_add(ctx, &finding, verdict);
        return;
    }
}

void dag_findings_look_at_skipped(Context *ctx, const Project *project, const char *path, Verdict *verdict) {
    report_skipped(ctx, project, path, "skipped-by-safe-mode", verdict);
}

void dag_findings_look_at_ignored(Context *ctx, const Project *project, const StringList *paths, Verdict *verdict) {
    list_each(const char *const, path, paths) report_skipped(ctx, project, *path, "skipped-by-airflowignore", verdict);
}

int dag_findings_task_line(Context *ctx, const Project *project, const char *file, const char *task_id, int first_line) {
    char *source;
    Error ignored = {.arena = ctx->arena};
    if (!file_read(ctx->arena, path_join(ctx->arena, project->root, file), &source, NULL, &ignored)) return first_line;
    int line = dag_failure_find_task(ctx->arena, source, task_id, first_line);
    return line == 0 ? first_line : line;
}
