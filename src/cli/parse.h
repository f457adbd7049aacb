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
    const Command *command;   // never NULL: `root` itself when no word was given or understood
    StringList path;          // "hook", "install"
    GlobalOptions globals;
    void *options;  // all zero where help is wanted; NULL only while no command is known
    StringList arguments;
} ParsedCommand;

extern const Option global_options[];  // ends with {0}

// False at the {0} that ends a table; NULL is an empty table.
bool option_is_present(const Option *option);
bool argument_is_present(const Argument *argument);

// True when the option wants a value after it.
bool option_takes_value(const Option *option);

// The command that these words lead to, NULL when there is none.
const Command *command_find(const Command *root, const StringList *words);

// On failure `parsed` still holds the command reached and --json, for the error's form. `devbox help test dag` is `devbox test dag --help`.
// Global options may stand before or after the command's words. Unknown words and options give ERROR_USAGE with the nearest valid one.
bool parse_command_line(Arena *arena, const Command *root, int argc, const char *const *argv, ParsedCommand *parsed, Error *err) MUST_USE;
