// Every command of devbox, one line each; the table that orders them is registry.c.
#pragma once
#include "cli/command.h"

extern const Command devbox_command;  // the root: all others are its subcommands
extern const Command command_airbyte;
extern const Command command_check;
extern const Command command_complete;
extern const Command command_completion;
extern const Command command_db;
extern const Command command_db_diff, command_db_list, command_db_reset, command_db_restore, command_db_shell, command_db_snapshot;
extern const Command command_explain;
extern const Command command_hook;
extern const Command command_man;
extern const Command command_version;
extern const Command command_airflow;
extern const Command command_dbt;
extern const Command command_destroy;
extern const Command command_doctor;
extern const Command command_logs;
extern const Command command_open;
extern const Command command_restart;
extern const Command command_start;
extern const Command command_status;
extern const Command command_step;
extern const Command command_exec;
extern const Command command_forward;
extern const Command command_relay;
extern const Command command_stop;
extern const Command command_supervise;
extern const Command command_test;
extern const Command command_watch;
extern const Command command_config;
extern const Command command_env;
extern const Command command_init;
