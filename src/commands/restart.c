#include "base/cleanup.h"
#include "base/text.h"
#include "commands/commands.h"
#include "io/clock.h"
#include "model/event.h"
#include "services/airflow_runtime.h"
#include "services/start.h"
#include "services/start_lock.h"

static const Argument arguments[] = {
    {"SERVICE", "scheduler, triggerer, …; default all of Airflow", ARGUMENT_REPEATED_OPTIONAL, COMPLETE_SERVICES}, {0}};

static const Example examples[] = {
    {"devbox restart", "end Airflow and start it again, on the same port"},
    {"devbox restart scheduler", "one service; the others stay up"},
    {0},
};

// "scheduler, triggerer", "all services".
static const char *describe(Context *ctx, const StringList *services) {
    return services->count == 0 ? "all services" : text_join(ctx->arena, services, ", ");
}

static void say_what_would_end(Context *ctx, const StringList *services) {
    Value *data = value_object(ctx->arena);
    const char *would = arena_format(ctx->arena, "would restart %s", describe(ctx, services));
    value_set_string(ctx->arena, data, "wouldRestart", describe(ctx, services));
    event_result(ctx, &(Result){.data = data, .text = would});
}

static bool restart(Context *ctx, const Project *project, const StringList *services, Error *err) {
    long long start_ms = clock_now_ms();
    event_step_started(ctx, "airflow", "restarting");
    if (!airflow_runtime_of(project)->restart(ctx, project, services, err)) {
        event_step_failed(ctx, "airflow", clock_now_ms() - start_ms, err);
        return false;
    }
    event_step_done(ctx, "airflow", clock_now_ms() - start_ms, "%s restarted, all is healthy", describe(ctx, services));
    Result result = start_result(ctx, project, &(StartReport){.airflow = STEP_DONE});
    event_result(ctx, &result);
    return true;
}

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    cleanup_fd int lock_fd = -1;
    const Project *project = invocation->project;
    if (ctx->is_dry_run) {
        if (!airflow_runtime_of(project)->restart(ctx, project, &invocation->arguments, err)) return false;
        say_what_would_end(ctx, &invocation->arguments);
        return true;
    }
    if (!start_lock_take(ctx, project, "restart", START_LOCK_WAIT_MS, &lock_fd, err)) return false;
    return restart(ctx, project, &invocation->arguments, err);
}

const Command command_restart = {
    .name = "restart",
    .group = "Every day",
    .summary = "End services and start them again; databases and logs stay",
    .description =
        "Without names all of Airflow, on the same port and with the settings of now; seeds and dbt are left alone. With names "
        "only "
        "those services, with the settings that Airflow was started with. A scheduler takes the tasks that it runs with it. "
        "Returns "
        "once all is healthy again.",
    .arguments = arguments,
    .examples = examples,
    .needs = NEEDS_PROJECT,
    .run = run,
};
