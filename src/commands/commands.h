// Every command of devbox, one line each; the table that orders them is registry.c.
#pragma once
#include "cli/command.h"

extern const Command devbox_command;  // the root: all others are its subcommands
extern const Command command_completion;
extern const Command command_db;
extern const Command command_explain;
extern const Command command_man;
extern const Command command_version;
