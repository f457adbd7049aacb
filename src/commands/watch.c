#include "services/watch.h"

#include "commands/commands.h"

static const Example examples[] = {
    {"devbox watch", "in a terminal beside the editor"},
    {"devbox watch --json", "a line of JSON for each event, for editors"},
    {0},
};

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    return watch_run(ctx, invocation->project, err);
}

const Command command_watch = {
    .name = "watch",
    .group = "Tests",
    .summary = "Test what each saved file affects, as soon as it is saved",
    .description =
        "All DAG files are imported once. From then on a saved DAG file is imported again, and a saved helper module, plugin or "
        "data "
        "file has the DAG files checked that import or read it. Files that are red are tried again with every save. A saved dbt "
        "model, or its properties, is built with its tests on a private copy of the sandbox. "
        "Ctrl-C ends it with exit code 0, whatever the last verdict was.",
    .examples = examples,
    .needs = NEEDS_PROJECT,
    .is_streaming = true,
    .run = run,
};
