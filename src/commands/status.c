#include "services/status.h"

#include "commands/commands.h"
#include "io/json.h"
#include "services/airflow_runtime.h"
#include "services/status_watch.h"

typedef struct StatusOptions {
    bool is_short, is_watching;
    const char *format;
} StatusOptions;

static const char *const formats[] = {"table", "json", "env", NULL};

static const Option options[] = {
    {"short", 0, OPTION_FLAG, NULL, "one line", offsetof(StatusOptions, is_short), NULL, false},
    {"output", 'o', OPTION_CHOICE, "FORMAT", "table, json or env (lines for a shell's eval)", offsetof(StatusOptions, format),
     formats, false},
    {"watch", 'w', OPTION_FLAG, NULL, "then a line for each change, until Ctrl-C (exit code 0)",
     offsetof(StatusOptions, is_watching), NULL, false},
    {0},
};

static const Example examples[] = {
    {"devbox status", "services with their state, pid and restarts"},
    {"devbox status --watch", "in a terminal beside the editor: what restarts, and why"},
    {"eval \"$(devbox status -o env)\"", "addresses and paths as variables"},
    {0},
};

static bool is_watching(const void *given) { return ((const StatusOptions *)given)->is_watching; }

static bool watch(Context *ctx, const Project *project, const StatusOptions *given, Error *err) {
    Result last;
    if (given->is_short || given->format != NULL) {
        error_set(err, ERROR_USAGE, "--watch shows lines of its own, so --short and --output do not go with it");
        return error_hint(err, "devbox status --watch, or with --json for programs");
    }
    if (!status_watch_run(ctx, project, &last, err)) return false;
    event_result(ctx, &last);
    return true;
}

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    const StatusOptions *given = invocation->options;
    Result result;
    if (given->is_watching) return watch(ctx, invocation->project, given, err);
    bool wants_env = given->format != NULL && strcmp(given->format, "env") == 0;
    bool wants_json = given->format != NULL && strcmp(given->format, "json") == 0;
    Project project = *invocation->project;
    airflow_runtime_find(ctx, &project);
    bool is_done = wants_env ? status_describe_environment(ctx, &project, &result, err)
                             : status_describe(ctx, &project, given->is_short, &result, err);
    if (!is_done) return false;
    if (wants_json) result = (Result){.data = result.data, .text = json_print_indented(ctx->arena, result.data)};
    event_result(ctx, &result);
    return true;
}

const Command command_status = {
    .name = "status",
    .group = "Every day",
    .summary = "Show what is up, from the supervisor's own file, in milliseconds",
    .options = options,
    .options_size = sizeof(StatusOptions),
    .examples = examples,
    .needs = NEEDS_PROJECT | ACCEPTS_FAULTS,
    .streams_with = is_watching,
    .run = run,
};
