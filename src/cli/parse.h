// From argv to a command with filled options.
#pragma once
#include "cli/command.h"

// Options that every command takes: -C DIR, --json, -q, -v, --no-color, -y, --timeout, --dry-run, -h.
typedef struct GlobalOptions {
    const char *folder;
    bool is_json, is_quiet, has_no_color, is_confirmed, is_dry_run, wants_help, wants_version;
    int verbosity;
    long long timeout_ms;
} GlobalOptions;

typedef struct ParsedCommand {
    const Command *command;   // NULL: no word was given
    StringList path;          // "hook", "install"
    GlobalOptions globals;
    void *options;
    StringList arguments;
} ParsedCommand;

extern const Option global_options[];

// Global options may stand before or after the command's words. Unknown words and options give ERROR_USAGE with the nearest valid one.
bool parse_command_line(Arena *arena, const Command *root, int argc, const char *const *argv, ParsedCommand *parsed, Error *err) MUST_USE;
