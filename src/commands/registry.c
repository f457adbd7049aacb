#include "commands/commands.h"

// A new command: its file here, its line in commands.h and below, then `cmake --build BUILD --target completions`.
// In the order of `devbox --help`; commands of one group stand together: Every day, Tests, Data, Git, Setup.
static const Command *const commands[] = {
    // Every day
    &command_start,
    &command_status,
    &command_logs,
    &command_open,
    &command_restart,
    &command_stop,
    &command_doctor,
    // Tests
    &command_test,
    &command_watch,
    &command_check,
    // Data
    &command_db,
    &command_dbt,
    &command_airflow,
    &command_airbyte,
    // Git
    &command_hook,
    // Setup
    &command_init,
    &command_config,
    &command_env,
    &command_explain,
    &command_completion,
    &command_destroy,
    &command_version,
    // hidden
    &command_step,
    &command_exec,
    &command_relay,
    &command_forward,
    &command_supervise,
    &command_complete,
    &command_man,
    NULL,
};

const Command devbox_command = {
    .name = "devbox",
    .summary = "the data platform on a laptop",
    .subcommands = commands,
};
