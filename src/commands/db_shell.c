#include "commands/commands.h"
#include "services/sandbox_shell.h"

static const Example examples[] = {
    {"devbox db shell", ".tables lists the tables, .quit ends it"},
    {"devbox db shell < checks.sql", "the statements of a file"},
    {0},
};

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    return sandbox_shell_run(ctx, invocation->project, &outcome->exit_code, err);
}

const Command command_db_shell = {
    .name = "shell",
    .summary = "SQLite's own shell (sqlite3 on PATH) on the sandbox database",
    .examples = examples,
    .needs = NEEDS_PROJECT,
    .run = run,
};
