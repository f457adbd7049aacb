// The commands that devbox runs itself: a step of start in a process of its own, the supervisor, and a port that leads elsewhere.
#include <unistd.h>

#include "base/text.h"
#include "commands/commands.h"
#include "io/platform.h"
#include "model/event.h"
#include "services/port_forward.h"
#include "services/start_steps.h"
#include "services/supervisor.h"

static const Argument step_arguments[] = {{"NAME", "a part of start", ARGUMENT_REQUIRED, COMPLETE_NOTHING}, {0}};

static bool run_step(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    StepReport report = {0};
    const StartStep *step = start_step_find(invocation->arguments.items[0]);
    if (step == NULL) return error_set(err, ERROR_USAGE, "there is no step '%s'", invocation->arguments.items[0]);
    // The start that waits for this step may be killed, and the next one must not meet a second dbt or a second installation.
    if (!platform_end_with_parent()) return error_set(err, ERROR_INTERRUPTED, "the start that this step belongs to is gone");
    if (!step->run(ctx, invocation->project, &report, err)) return false;
    Value *data = value_object(ctx->arena);
    value_set_string(ctx->arena, data, "summary", report.summary);
    value_set_bool(ctx->arena, data, "isSkipped", report.is_skipped);
    value_set_bool(ctx->arena, data, "isRed", report.is_red);
    event_result(ctx, &(Result){.data = data, .text = report.summary});
    if (report.is_red) outcome->exit_code = 1;
    return true;
}

const Command command_step = {
    .name = "__step",
    .group = "Internal",
    .summary = "Run one step of start",
    .arguments = step_arguments,
    .needs = NEEDS_PROJECT,
    .is_hidden = true,
    .is_streaming = true,
    .run = run_step,
};

typedef struct SuperviseOptions {
    long long port;
} SuperviseOptions;

static const Option supervise_options[] = {
    {"port", 0, OPTION_INTEGER, "PORT", "where Airflow listens", offsetof(SuperviseOptions, port), NULL, false},
    {0},
};

static bool run_supervisor(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    const SuperviseOptions *given = invocation->options;
    return supervisor_run(ctx, invocation->project, (int)given->port, err);
}

const Command command_supervise = {
    .name = "__supervise",
    .group = "Internal",
    .summary = "Keep Airflow's components alive",
    .options = supervise_options,
    .options_size = sizeof(SuperviseOptions),
    .needs = NEEDS_PROJECT,
    .is_hidden = true,
    .run = run_supervisor,
};

static const Argument forward_arguments[] = {{"WORD", "port, --, program", ARGUMENT_REPEATED, COMPLETE_NOTHING}, {0}};

static void say_port(void *state, int port) {
    const Context *ctx = state;
    event_line(ctx, arena_format(ctx->arena, "%d", port));
}

static bool run_forward(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    const StringList *words = &invocation->arguments;
    long long port;
    (void)outcome;
    if (words->count < 3 || !text_equals(words->items[1], "--") || !text_parse_integer(words->items[0], &port)) {
        return error_set(err, ERROR_USAGE, "__forward needs a port, -- and a program");
    }
    if (!platform_end_with_parent()) return error_set(err, ERROR_INTERRUPTED, "the devbox that wants this port is gone");
    PortForward forward = {.preferred_port = (int)port,
                           .owner_fd = STDIN_FILENO,
                           .program = string_list_to_argv(ctx->arena, words) + 2,
                           .on_ready = say_port,
                           .state = ctx};
    return port_forward_run(ctx, &forward, err);
}

const Command command_forward = {
    .name = "__forward",
    .group = "Internal",
    .summary = "Give each connection to a local port a program",
    .arguments = forward_arguments,
    .needs = NEEDS_ALL_WORDS,
    .is_hidden = true,
    .is_streaming = true,
    .run = run_forward,
};
