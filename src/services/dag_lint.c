#include "services/dag_lint.h"

#include "base/map.h"
#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/json.h"
#include "model/event.h"
#include "services/child_environment.h"
#include "services/dag_findings.h"
#include "services/python_environment.h"
#include "services/state_store.h"

#define LAST_FAILURE "ruff-failed-on-day"

enum { LINT_TIMEOUT_MS = 2 * 60 * 1000, DAY_MS = 24 * 60 * 60 * 1000 };
enum { REPORT_LIMIT = 32 * 1024 * 1024, POLL_MS = 50 };

static const char *today(Context *ctx) { return arena_format(ctx->arena, "%lld", clock_wall_ms() / DAY_MS); }

// Offline each attempt would cost the seconds that the installer waits for the network.
static bool failed_today(Context *ctx, const Project *project) {
    return text_equals(state_store_get(ctx, project, LAST_FAILURE), today(ctx));
}

static bool find_ruff(Context *ctx, const Project *project, const char **ruff) {
    PythonEnvironment environment;
    Error err = {.arena = ctx->arena}, ignored = {.arena = ctx->arena};
    PythonRequest request = {.name = "ruff",
                             .lock_path = path_join(ctx->arena, ctx->share_dir, "compose/ruff/requirements.lock"),
                             .python_min = "3.10",
                             .python_max = "3.13",
                             .python_prefer = "3.11"};
    bool is_known = python_environment_observe(ctx, &request, &environment, &err);
    if (is_known && !environment.is_ready && failed_today(ctx, project)) return false;
    if (!is_known || (!environment.is_ready && !python_environment_install(ctx, &request, "dags", &environment, &err))) {
        if (err.code == ERROR_INTERRUPTED) return false;
        event_warning(ctx, err.hint, "what Airflow 3 removed or moved is not looked for until tomorrow: %s", err.message);
        if (!state_store_set(ctx, project, LAST_FAILURE, today(ctx), &ignored)) event_warning(ctx, NULL, "%s", ignored.message);
        return false;
    }
    *ruff = path_join(ctx->arena, environment.bin, "ruff");
    return true;
}

// In Airflow 2 what only moved cannot be written in the new way yet.
static const char *rules_for(const Project *project) {
    bool is_airflow_2 = text_starts_with(project->config.airflow.version, "2.");
    return is_airflow_2 ? "AIR301,AIR302,AIR303" : "AIR301,AIR302,AIR303,AIR311,AIR312";
}

void dag_lint_start(Context *ctx, const Project *project, const StringList *files, DagLint *lint) {
    const char *ruff;
    StringList argv = {0};
    Error err = {.arena = ctx->arena};
    *lint = (DagLint){0};
    if (files->count == 0 || !find_ruff(ctx, project, &ruff)) return;
    // Without the checkout's own settings of ruff: this is another question than its style. A pushed commit lies in an ignored
    // folder.
    const char *const words[] = {
        ruff,      "check",           "--isolated", "--no-cache", "--no-respect-gitignore", "--exit-zero",
        "--quiet", "--output-format", "json",       "--select",   rules_for(project),       "--"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) list_push(ctx->arena, &argv, words[i]);
    list_each(const char *const, file, files) list_push(ctx->arena, &argv, *file);
    list_push(ctx->arena, &argv, NULL);
    ChildEnvironment environment = child_environment_create(ctx, NULL);
    ProcessSpec spec = {.argv = argv.items,
                        .folder = project->root,
                        .environment = child_environment_vector(&environment),
                        .timeout_ms = LINT_TIMEOUT_MS,
                        .capture_limit = REPORT_LIMIT};
    if (!process_start(ctx, &spec, &lint->process, &err)) lint->process = NULL;
}

void dag_lint_stop(Context *ctx, DagLint *lint) {
    if (lint->process != NULL) process_stop(ctx, lint->process);
    lint->process = NULL;
}

void dag_lint_finish(Context *ctx, const Project *project, DagLint *lint, Verdict *verdict) {
    ProcessResult result;
    Error err = {.arena = ctx->arena};
    if (lint->process == NULL) return;
    while (!process_is_finished(lint->process, &result)) processes_poll(ctx, &lint->process, 1, POLL_MS);
    lint->process = NULL;
    if (result.outcome == PROCESS_INTERRUPTED) return;
    bool has_answer = result.outcome == PROCESS_EXITED && result.exit_code == 0 && !result.is_truncated;
    if (has_answer && dag_lint_read(ctx, project, result.output, verdict, &err)) return;
    const char *reason = has_answer ? err.message : text_last_lines(ctx->arena, result.errors, 1);
    if (result.outcome == PROCESS_TIMED_OUT) reason = "it did not end within two minutes";
    event_warning(ctx, NULL, "what Airflow 3 removed or moved was not looked for: ruff gave no answer (%s)", reason);
}

// ruff says "`x` is removed in Airflow 3.0; It still works in …", and apart from that what to write instead.
static const char *describe(Arena *arena, const Value *entry) {
    const char *message = value_get_string(entry, "message", "");
    const char *remedy = value_get_string(value_get(entry, "fix"), "message", NULL);
    message = text_trim(arena, arena_copy_bytes(arena, message, strcspn(message, ";")));
    return remedy == NULL ? message : arena_format(arena, "%s: %s", message, remedy);
}

static void read_entry(Context *ctx, const Project *project, const Value *entry, Map *seen, Verdict *verdict) {
    const char *code = value_get_string(entry, "code", NULL);
    if (code == NULL || !text_starts_with(code, "AIR")) return;  // a syntax error, which the import tells
    Finding finding = {.code = code,
                       .file = path_relative(ctx->arena, value_get_string(entry, "filename", ""), project->root),
                       .line = (int)value_get_integer(value_get(entry, "location"), "row", 0),
                       .message = describe(ctx->arena, entry),
                       .hint = value_get_string(entry, "url", NULL)};
    // One line can use a name several times.
    const char *key = arena_format(ctx->arena, "%s:%d %s", finding.file, finding.line, finding.message);
    if (map_has(seen, key)) return;
    map_set(ctx->arena, seen, key, verdict);
    dag_findings_add(ctx, &finding, verdict);
}

bool dag_lint_read(Context *ctx, const Project *project, const char *report, Verdict *verdict, Error *err) {
    Value *entries;
    Map seen = {0};
    if (!json_parse(ctx->arena, report, "ruff's report", &entries, err)) return false;
    if (entries->kind != VALUE_ARRAY) return error_set(err, ERROR_CHILD, "ruff's report is no list");
    for (size_t i = 0; i < entries->count; i++) read_entry(ctx, project, entries->members[i].value, &seen, verdict);
    return true;
}
