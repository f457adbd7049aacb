#include "services/status.h"

#include "commands/commands.h"
#include "io/json.h"
#include "services/airflow_runtime.h"

typedef struct StatusOptions {
    bool is_short;
    const char *format;
} StatusOptions;

static const char *const formats[] = {"table", "json", "env", NULL};

static const Option options[] = {
    {"short", 0, OPTION_FLAG, NULL, "one line", offsetof(StatusOptions, is_short), NULL, false},
    {"output", 'o', OPTION_CHOICE, "FORMAT", "table, json or env (lines for a shell's eval)", offsetof(StatusOptions, format),
     formats, false},
    {0},
};

static const Example examples[] = {
    {"devbox status", "services with their state, pid and restarts"},
    {"eval \"$(devbox status -o env)\"", "addresses and paths as variables"},
    {0},
};

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    const StatusOptions *given = invocation->options;
    Result result;
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
    .run = run,
};
