#include "services/airflow_runtime.h"

#include "commands/commands.h"

enum { DEFAULT_LINES = 100 };

typedef struct LogsOptions {
    bool is_following;
    long long lines, since_ms;
} LogsOptions;

static const Option options[] = {
    {"follow", 'f', OPTION_FLAG, NULL, "go on showing new lines until Ctrl-C", offsetof(LogsOptions, is_following), NULL, false},
    {"lines", 'n', OPTION_INTEGER, "N", "how many of the last lines, default 100", offsetof(LogsOptions, lines), NULL, false},
    {"since", 0, OPTION_DURATION, "DURATION", "only lines younger than this, e.g. 10m", offsetof(LogsOptions, since_ms), NULL,
     false},
    {0},
};

static const Argument arguments[] = {
    {"SERVICE", "scheduler, triggerer, …; default all", ARGUMENT_REPEATED_OPTIONAL, COMPLETE_SERVICES}, {0}};

static const Example examples[] = {{"devbox logs scheduler -f", "follow one service"}, {"devbox logs --since 10m", NULL}, {0}};

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    const LogsOptions *given = invocation->options;
    // Who gives an age wants all that is younger.
    long long lines = given->since_ms > 0 ? 0 : DEFAULT_LINES;
    LogOptions logs = {.services = invocation->arguments,
                       .lines = given->lines > 0 ? given->lines : lines,
                       .since_ms = given->since_ms,
                       .is_following = given->is_following};
    return airflow_runtime_of(invocation->project)->show_logs(ctx, invocation->project, &logs, err);
}

const Command command_logs = {
    .name = "logs",
    .group = "Every day",
    .summary = "Show the services' logs, merged in order of time",
    .options = options,
    .options_size = sizeof(LogsOptions),
    .arguments = arguments,
    .examples = examples,
    .needs = NEEDS_PROJECT | ACCEPTS_FAULTS,
    .is_streaming = true,
    .run = run,
};
