// A small devbox for the tests of cli/: one of every kind of command, option and argument.
#pragma once
#include "cli/parse.h"

typedef struct DemoOptions {
    const char *task, *runtime, *changed;
    long long retries, since_ms;
    StringList only;
    bool is_following;
    int depth;
} DemoOptions;

static bool demo_run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)ctx, (void)invocation, (void)outcome, (void)err;
    return true;
}

static const char *const demo_runtimes[] = {"docker", "native", NULL};

static const Option demo_options[] = {
    {"task", 0, OPTION_STRING, "TASK", "Only this task and nothing around it", offsetof(DemoOptions, task)},
    {"runtime", 'r', OPTION_CHOICE, NULL, "Where services run", offsetof(DemoOptions, runtime), demo_runtimes},
    {"changed", 0, OPTION_STRING, "BASE", "Only what changed since BASE", offsetof(DemoOptions, changed), NULL, false, true},
    {"retries", 'n', OPTION_INTEGER, "N", "Try again so often", offsetof(DemoOptions, retries)},
    {"since", 0, OPTION_DURATION, "DURATION", "Not older than this", offsetof(DemoOptions, since_ms)},
    {"only", 0, OPTION_LIST, "PART,…", "Only these parts", offsetof(DemoOptions, only)},
    {"follow", 'f', OPTION_FLAG, NULL, "Wait for more", offsetof(DemoOptions, is_following)},
    {"deep", 'd', OPTION_COUNT, NULL, "Look deeper", offsetof(DemoOptions, depth)},
    {"secret", 0, OPTION_FLAG, NULL, "Not for everybody", offsetof(DemoOptions, is_following), NULL, true},
    {0},
};

static const Argument demo_one[] = {{"ID", "the DAG's id", ARGUMENT_REQUIRED, COMPLETE_DAGS}, {0}};
static const Argument demo_many[] = {{"PATH", "files or folders", ARGUMENT_REPEATED_OPTIONAL, COMPLETE_FILES}, {0}};
static const Argument demo_words[] = {{"ARGS", "whatever dbt takes", ARGUMENT_REPEATED_OPTIONAL, COMPLETE_NOTHING}, {0}};
static const Argument demo_optional[] = {{"SHELL", "bash, zsh or fish", ARGUMENT_OPTIONAL, COMPLETE_NOTHING}, {0}};
static const Example demo_examples[] = {{"devbox test dag daily_orders --task load", "run one task; it's quick"}, {0}};

static const Command demo_dag = {
    .name = "dag",
    .summary = "Run one DAG for real, in this process, on a private metadata database of its own",
    .description = "Every task runs in order of its dependencies: with the live connections, variables and pools.\n\nRetries are off.",
    .options = demo_options,
    .options_size = sizeof(DemoOptions),
    .arguments = demo_one,
    .examples = demo_examples,
    .run = demo_run,
};
static const Command demo_dags = {.name = "dags", .summary = "Import all DAG files", .arguments = demo_many, .run = demo_run};
static const Command *const demo_tests[] = {&demo_dag, &demo_dags, NULL};
static const Command demo_test = {
    .name = "test",
    .group = "Tests",
    .summary = "Run everything that a push would run",
    .options = demo_options,
    .options_size = sizeof(DemoOptions),
    .subcommands = demo_tests,
    .run = demo_run,
};

static const Command demo_install = {.name = "install", .summary = "Write the hook", .run = demo_run};
static const Command demo_uninstall = {.name = "uninstall", .summary = "Remove the hook", .run = demo_run};
static const Command *const demo_hooks[] = {&demo_install, &demo_uninstall, NULL};
static const Command demo_hook = {.name = "hook", .group = "Git", .summary = "The pre-push hook", .subcommands = demo_hooks};

static const Command demo_start = {.name = "start", .group = "Every day", .summary = "Bring everything up", .run = demo_run};
static const Command demo_status = {.name = "status", .group = "Every day", .summary = "What is up", .run = demo_run};
static const Command demo_completion = {.name = "completion", .group = "Setup", .summary = "Print a completion script",
                                        .arguments = demo_optional, .run = demo_run};
static const Command demo_dbt = {.name = "dbt", .group = "Data", .summary = "dbt on the sandbox", .arguments = demo_words,
                                 .needs = NEEDS_ALL_WORDS, .run = demo_run};
static const Command demo_hidden = {.name = "__complete", .summary = "For scripts", .arguments = demo_one, .is_hidden = true,
                                    .run = demo_run};

static const Command *const demo_commands[] = {&demo_start, &demo_status,     &demo_test,   &demo_dbt,
                                               &demo_hook,  &demo_completion, &demo_hidden, NULL};
static const Command demo_root = {.name = "devbox", .summary = "the data platform on a laptop", .subcommands = demo_commands};
