// The commands that devbox runs itself: a step of start in a process of its own, and the supervisor.
#include "commands/commands.h"
#include "io/platform.h"
#include "model/event.h"
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
