#include "base/text.h"
#include "commands/commands.h"
#include "io/clock.h"
#include "services/consent.h"
#include "services/sandbox_snapshots.h"

enum { KILOBYTE = 1000 };

static const char *describe_size(Arena *arena, long long bytes) {
    if (bytes < KILOBYTE * KILOBYTE) return arena_format(arena, "%lld KB", (bytes + KILOBYTE - 1) / KILOBYTE);
    return arena_format(arena, "%.1f MB", (double)bytes / KILOBYTE / KILOBYTE);
}

static Value *snapshot_to_value(Arena *arena, const Snapshot *snapshot) {
    if (snapshot->name == NULL) return value_null(arena);
    Value *object = value_object(arena);
    value_set_string(arena, object, "name", snapshot->name);
    value_set_string(arena, object, "path", snapshot->path);
    value_set_string(arena, object, "taken", clock_format(arena, snapshot->taken_ms));
    value_set_integer(arena, object, "bytes", snapshot->size_bytes);
    return object;
}

static const char *describe_kept(Arena *arena, const Snapshot *kept) {
    if (kept->name == NULL) return "there was none before";
    return arena_format(arena, "what it was is kept as %s", kept->name);
}

// --- snapshot -------------------------------------------------------------------------------------------------------------

static const Argument name_arguments[] = {
    {"NAME", "letters, digits, . _ -; left out: the date and time", ARGUMENT_OPTIONAL, COMPLETE_NOTHING}, {0}};

static bool run_snapshot(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    Snapshot taken;
    const StringList *names = &invocation->arguments;
    if (ctx->is_dry_run) {
        event_note(ctx, "would keep the sandbox database in .devbox/snapshots");
        return true;
    }
    if (!sandbox_snapshots_take(ctx, invocation->project, names->count > 0 ? names->items[0] : NULL, &taken, err)) return false;
    const char *text = arena_format(ctx->arena, "kept as %s (%s); to go back: devbox db restore %s", taken.name,
                                    describe_size(ctx->arena, taken.size_bytes), taken.name);
    event_result(ctx, &(Result){.data = snapshot_to_value(ctx->arena, &taken), .text = text});
    return true;
}

static const Example snapshot_examples[] = {
    {"devbox db snapshot", "named by date and time"},
    {"devbox db snapshot before-backfill", NULL},
    {0},
};

const Command command_db_snapshot = {
    .name = "snapshot",
    .summary = "Keep the sandbox database as it is now, to go back to",
    .description = "A consistent copy in .devbox/snapshots, also while DAGs write. It is a SQLite file like the sandbox itself.",
    .arguments = name_arguments,
    .examples = snapshot_examples,
    .needs = NEEDS_PROJECT,
    .run = run_snapshot,
};

// --- list -----------------------------------------------------------------------------------------------------------------

static bool run_list(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    SnapshotList snapshots;
    Table table = {0};
    Value *data = value_array(ctx->arena);
    if (!sandbox_snapshots_list(ctx, invocation->project, &snapshots, err)) return false;
    list_push(ctx->arena, &table.columns, (TableColumn){.title = "SNAPSHOT"});
    list_push(ctx->arena, &table.columns, (TableColumn){.title = "TAKEN"});
    list_push(ctx->arena, &table.columns, ((TableColumn){.title = "SIZE", .alignment = ALIGN_RIGHT}));
    list_each(const Snapshot, snapshot, &snapshots) {
        const char *const cells[] = {snapshot->name, clock_describe(ctx->arena, snapshot->taken_ms),
                                     describe_size(ctx->arena, snapshot->size_bytes)};
        table_add_row(ctx->arena, &table, cells);
        value_append(ctx->arena, data, snapshot_to_value(ctx->arena, snapshot));
    }
    if (snapshots.count == 0) {
        event_result(ctx, &(Result){.data = data, .text = "no snapshots; devbox db snapshot takes one"});
    } else {
        event_result(ctx, &(Result){.data = data, .table = &table});
    }
    return true;
}

static const Example list_examples[] = {{"devbox db list", NULL}, {0}};

const Command command_db_list = {
    .name = "list",
    .summary = "List the snapshots of the sandbox database, newest first",
    .examples = list_examples,
    .needs = NEEDS_PROJECT,
    .run = run_list,
};

// --- restore --------------------------------------------------------------------------------------------------------------

typedef struct RestoreOptions {
    bool is_last;
} RestoreOptions;

static const Option restore_options[] = {
    {.name = "last", .kind = OPTION_FLAG, .help = "the newest snapshot", .offset = offsetof(RestoreOptions, is_last)}, {0}};

static const Argument restore_arguments[] = {{"NAME", "a snapshot of devbox db list", ARGUMENT_OPTIONAL, COMPLETE_SNAPSHOTS}, {0}};

static bool choose(const Invocation *invocation, const char **name, Error *err) {
    const RestoreOptions *options = invocation->options;
    const StringList *names = &invocation->arguments;
    *name = names->count > 0 ? names->items[0] : NULL;
    if ((*name != NULL) != options->is_last) return true;
    error_set(err, ERROR_USAGE,
              *name == NULL ? "db restore needs the name of a snapshot" : "a name and --last exclude each other");
    return error_hint(err, "devbox db list shows them; the newest: devbox db restore --last");
}

static bool run_restore(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    const char *name;
    Snapshot wanted, kept;
    long long started_ms = clock_now_ms();
    if (!choose(invocation, &name, err) || !sandbox_snapshots_find(ctx, invocation->project, name, &wanted, err)) return false;
    if (ctx->is_dry_run) {
        event_note(ctx, "would make the sandbox database what it was in %s, and keep what it is", wanted.name);
        return true;
    }
    event_step_started(ctx, "sandbox", "restoring");
    if (!sandbox_snapshots_restore(ctx, invocation->project, &wanted, &kept, err)) {
        event_step_failed(ctx, "sandbox", clock_now_ms() - started_ms, err);
        return false;
    }
    event_step_done(ctx, "sandbox", clock_now_ms() - started_ms, "as in %s; %s", wanted.name, describe_kept(ctx->arena, &kept));
    Value *data = value_object(ctx->arena);
    value_set(ctx->arena, data, "restored", snapshot_to_value(ctx->arena, &wanted));
    value_set(ctx->arena, data, "kept", snapshot_to_value(ctx->arena, &kept));
    event_result(ctx, &(Result){.data = data});
    return true;
}

static const Example restore_examples[] = {
    {"devbox db restore before-backfill", NULL},
    {"devbox db restore --last", "the newest; once more, and the last restore is undone"},
    {0},
};

const Command command_db_restore = {
    .name = "restore",
    .summary = "Make the sandbox database what it was in a snapshot",
    .description =
        "In one transaction, also while Airflow runs. What it is until then is kept as a snapshot first; of those that "
        "devbox takes itself (before-…) the newest three stay. dbt's own database is left as it is: devbox dbt build.",
    .options = restore_options,
    .options_size = sizeof(RestoreOptions),
    .arguments = restore_arguments,
    .examples = restore_examples,
    .needs = NEEDS_PROJECT,
    .run = run_restore,
};

// --- reset ----------------------------------------------------------------------------------------------------------------

static bool run_reset(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    Snapshot kept;
    SeedReport report = {0};
    long long started_ms = clock_now_ms();
    if (ctx->is_dry_run) {
        event_note(ctx, "would keep the sandbox database as a snapshot, empty it and load the seeds");
        return true;
    }
    if (!consent_get(ctx, "All tables of the sandbox database go (a snapshot is kept), and the seeds are loaded. Go on?",
                     "db reset removes what DAGs and dbt wrote to the sandbox database, and was not confirmed",
                     "devbox db reset --yes", err)) {
        return false;
    }
    event_step_started(ctx, "sandbox", "emptying it");
    if (!sandbox_snapshots_reset(ctx, invocation->project, &kept, &report, err)) {
        event_step_failed(ctx, "sandbox", clock_now_ms() - started_ms, err);
        return false;
    }
    event_step_done(ctx, "sandbox", clock_now_ms() - started_ms, "%zu table%s, %s rows from seeds; %s", report.tables,
                    report.tables == 1 ? "" : "s", text_number(ctx->arena, report.rows), describe_kept(ctx->arena, &kept));
    if (invocation->project->dbt_dir != NULL) event_note(ctx, "dbt's tables again: devbox dbt build");
    Value *data = value_object(ctx->arena);
    value_set_integer(ctx->arena, data, "tables", (int64_t)report.tables);
    value_set_integer(ctx->arena, data, "rows", report.rows);
    value_set(ctx->arena, data, "kept", snapshot_to_value(ctx->arena, &kept));
    event_result(ctx, &(Result){.data = data});
    return true;
}

static const Example reset_examples[] = {
    {"devbox db reset", "asks first"},
    {"devbox db reset --yes && devbox dbt build", "as after the first start"},
    {0},
};

const Command command_db_reset = {
    .name = "reset",
    .summary = "Empty the sandbox database and load the seeds again",
    .description =
        "Also while Airflow runs: nothing else of the platform changes. What the database is until then is kept as a "
        "snapshot first (devbox db restore --last).",
    .examples = reset_examples,
    .needs = NEEDS_PROJECT,
    .run = run_reset,
};
