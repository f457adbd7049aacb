#include "base/cleanup.h"
#include "commands/commands.h"
#include "io/clock.h"
#include "model/event.h"
#include "services/airbyte.h"
#include "services/airflow_runtime.h"
#include "services/start_lock.h"

static const Example examples[] = {{"devbox stop", "end all services of this checkout; nothing is deleted"}, {0}};

static bool say_what_would_end(Context *ctx, const Project *project, Error *err) {
    const char *what;
    if (!airflow_runtime_of(project)->describe_running(ctx, project, &what, err)) return false;
    const char *would = arena_format(ctx->arena, "would end %s; databases and logs stay", what);
    Value *data = value_object(ctx->arena);
    value_set_string(ctx->arena, data, "running", what);
    event_result(ctx, &(Result){.data = data, .text = what == NULL ? "nothing runs, so nothing would end" : would});
    return true;
}

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    cleanup_fd int lock_fd = -1;
    Project found = *invocation->project;
    const Project *project = &found;
    bool was_running;
    long long start_ms = clock_now_ms();
    airflow_runtime_find(ctx, &found);
    if (ctx->is_dry_run) return say_what_would_end(ctx, project, err);
    if (!start_lock_take(ctx, project, "stop", START_LOCK_WAIT_MS, &lock_fd, err)) return false;
    event_step_started(ctx, "airflow", "stopping");
    if (!airflow_runtime_of(project)->stop(ctx, project, &was_running, err)) {
        event_step_failed(ctx, "airflow", clock_now_ms() - start_ms, err);
        return false;
    }
    event_step_done(ctx, "airflow", clock_now_ms() - start_ms, was_running ? "stopped" : "was not running");
    airbyte_say_still_running(ctx, project);
    Value *data = value_object(ctx->arena);
    value_set_bool(ctx->arena, data, "wasRunning", was_running);
    event_result(ctx, &(Result){.data = data});
    return true;
}

const Command command_stop = {
    .name = "stop",
    .group = "Every day",
    .summary = "End all services of this checkout; databases and logs stay",
    .examples = examples,
    .needs = NEEDS_PROJECT | ACCEPTS_FAULTS,
    .run = run,
};
