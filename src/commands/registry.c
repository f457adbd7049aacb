#include "commands/commands.h"

// In the order of `devbox --help`; commands of one group stand together: Every day, Tests, Data, Git, Setup.
static const Command *const commands[] = {
    // Every day
    // Tests
    // Data
    &command_db,
    // Git
    // Setup
    &command_explain,
    &command_completion,
    &command_version,
    // hidden
    &command_man,
    NULL,
};

const Command devbox_command = {
    .name = "devbox",
    .summary = "the data platform on a laptop",
    .subcommands = commands,
};
