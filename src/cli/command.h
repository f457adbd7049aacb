// A command as data: its table drives parsing, --help, completion and the man page. One command = one file in commands/.
#pragma once
#include <stddef.h>

#include "base/context.h"
#include "base/error.h"
#include "base/list.h"

struct Project;

typedef enum OptionKind {
    OPTION_FLAG,      // bool
    OPTION_COUNT,     // int, one more per occurrence
    OPTION_STRING,    // const char *
    OPTION_INTEGER,   // long long
    OPTION_DURATION,  // long long, milliseconds: 90s, 5m
    OPTION_LIST,      // StringList, comma separated and repeatable
    OPTION_CHOICE,    // const char *, one of `choices`
} OptionKind;

typedef struct Option {
    const char *name;  // "runtime", without dashes; never NULL but in the {0} at the end
    char letter;       // 'f', 0 for none
    OptionKind kind;
    const char *value_name;      // "DURATION", in help; NULL for flags
    const char *help;            // one line, no full stop
    size_t offset;               // where the value goes in the command's options struct
    const char *const *choices;  // NULL-terminated, for OPTION_CHOICE
    bool is_hidden;
    bool has_optional_value;  // --changed or --changed=BASE, never the next word; OPTION_STRING, "" without
} Option;

typedef enum ArgumentArity { ARGUMENT_REQUIRED, ARGUMENT_OPTIONAL, ARGUMENT_REPEATED, ARGUMENT_REPEATED_OPTIONAL } ArgumentArity;

typedef enum CompletionKind {
    COMPLETE_NOTHING,
    COMPLETE_FILES,
    COMPLETE_FOLDERS,
    COMPLETE_DAGS,
    COMPLETE_SERVICES,
    COMPLETE_SNAPSHOTS
} CompletionKind;

typedef struct Argument {
    const char *name;  // "ID", "PATH"
    const char *help;
    ArgumentArity arity;
    CompletionKind completion;
} Argument;

typedef struct Example {
    const char *command_line, *meaning;
} Example;

enum CommandNeeds {
    NEEDS_NOTHING = 0,
    NEEDS_PROJECT = 1,    // invocation->project is opened before run()
    ACCEPTS_FAULTS = 4,   // with NEEDS_PROJECT: a mistake in devbox.yaml or .env is only a warning (stop, status, logs)
    NEEDS_ALL_WORDS = 2,  // everything after the command is an argument, options included (devbox dbt …)
};

typedef struct Invocation {
    const void *options;  // the command's own struct, filled from its table
    StringList arguments;
    const char *folder;  // where the user stands, or -C DIR; absolute
    const struct Project *project;
    bool is_json, is_quiet;
} Invocation;

// What a command leaves for main besides events: the exit code when it is not 0 though nothing went wrong (a red test is 1).
typedef struct Outcome {
    int exit_code;
} Outcome;

typedef struct Command Command;

struct Command {
    const char *name;           // "test"
    const char *group;          // heading in `devbox --help`: "Every day", "Tests", …
    const char *summary;        // one line
    const char *description;    // a paragraph or more for --help; may be NULL
    const Option *options;      // ends with {0}; NULL for none
    size_t options_size;        // of the options struct, which starts zeroed
    const Argument *arguments;  // ends with {0}; NULL for none
    const Example *examples;    // ends with {0}
    unsigned needs;
    bool is_hidden;
    bool prints_to_stderr;              // a git hook: nothing may go to stdout
    bool is_streaming;                  // --json prints events as JSON Lines before the envelope
    bool (*streams_with)(const void *options);  // the same, when it depends on options; NULL: it does not
    const Command *const *subcommands;  // NULL-terminated; then `run` may be NULL, or is what the bare word does
    bool (*run)(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err);
};
