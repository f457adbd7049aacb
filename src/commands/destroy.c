#include "services/destroy.h"
#include "base/cleanup.h"
#include "commands/commands.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/airbyte.h"
#include "services/airflow_runtime.h"
#include "services/consent.h"
#include "services/start_lock.h"

static Value *belongings_to_value(Arena *arena, const Belongings *found) {
    Value *data = value_object(arena);
    value_set(arena, data, "containers", value_from_strings(arena, &found->docker.containers));
    value_set(arena, data, "networks", value_from_strings(arena, &found->docker.networks));
    value_set(arena, data, "volumes", value_from_strings(arena, &found->docker.volumes));
    value_set_integer(arena, data, "bytes", found->size_bytes);
    return data;
}

static void say_what_goes(const Context *ctx, const char *beginning, const StringList *lines) {
    event_note(ctx, "%s", beginning);
    list_each(const char *const, line, lines) event_note(ctx, "  %s", *line);
}

static bool get_consent(Context *ctx, const StringList *lines, Error *err) {
    if (!ctx->is_confirmed) say_what_goes(ctx, "to be removed:", lines);
    return consent_get(ctx, "Your files stay, and a snapshot of the sandbox database is kept. Go on?",
                       "destroy removes what devbox made for this checkout, and was not confirmed", "devbox destroy --yes", err);
}

static void report(Context *ctx, const Belongings *found, const Snapshot *kept) {
    Value *data = belongings_to_value(ctx->arena, found);
    value_set_string(ctx->arena, data, "kept", kept->name);
    event_note(ctx, "to begin anew: devbox start");
    if (kept->name != NULL) event_note(ctx, "with the sandbox database as it was: devbox db restore %s", kept->name);
    event_result(ctx, &(Result){.data = data});
}

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    cleanup_fd int lock_fd = -1;
    Project project = *invocation->project;
    Belongings found;
    Snapshot kept;
    airflow_runtime_find(ctx, &project);
    if (!destroy_find(ctx, &project, &found, err)) return false;
    StringList lines = destroy_describe(ctx, &project, &found);
    if (lines.count == 0) {
        event_result(ctx, &(Result){.data = belongings_to_value(ctx->arena, &found), .text = "there is nothing of devbox here"});
        return true;
    }
    if (ctx->is_dry_run) {
        say_what_goes(ctx, "would be removed:", &lines);
        event_result(ctx, &(Result){.data = belongings_to_value(ctx->arena, &found)});
        return true;
    }
    if (!get_consent(ctx, &lines, err)) return false;
    if (!start_lock_take(ctx, &project, "destroy", START_LOCK_WAIT_MS, &lock_fd, err)) return false;
    long long started_ms = clock_now_ms();
    event_step_started(ctx, "destroy", NULL);
    if (!destroy_execute(ctx, &project, &kept, err)) {
        event_step_failed(ctx, "destroy", clock_now_ms() - started_ms, err);
        return false;
    }
    event_step_done(ctx, "destroy", clock_now_ms() - started_ms, "%s",
                    folder_exists(project.state) ? "removed; snapshots of the sandbox stay in .devbox/snapshots" : "removed");
    airbyte_say_still_running(ctx, &project);
    report(ctx, &found, &kept);
    return true;
}

static const Example examples[] = {
    {"devbox destroy --dry-run", "what would go"},
    {"devbox destroy", "asks first"},
    {0},
};

const Command command_destroy = {
    .name = "destroy",
    .group = "Setup",
    .summary = "Remove what devbox made for this checkout; your files stay",
    .description =
        "Ends what runs and removes this checkout's containers, volumes and .devbox. A snapshot of the sandbox database "
        "is kept first, with those that are there (.devbox/snapshots). The git hook, Airbyte, and environments and "
        "images that other checkouts share are left alone.",
    .examples = examples,
    .needs = NEEDS_PROJECT | ACCEPTS_FAULTS,
    .run = run,
};
