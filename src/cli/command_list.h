// The tree of commands as a list, for whatever goes through all of them.
#pragma once
#include "cli/command.h"

typedef struct CommandEntry {
    const char *path;  // "test dag"; "" for the root
    StringList words;
    const Command *command;
} CommandEntry;

typedef LIST_OF(CommandEntry) CommandEntryList;

// The root and all visible commands below it, parents first.
CommandEntryList command_list(Arena *arena, const Command *root);

// What a shell should offer after an option: files, folders or nothing of its own (then `choices` may help).
CompletionKind option_completion(const Option *option);

// The spellings of all options that want a value after them, each once: "-C", "--directory", …
StringList command_list_value_options(Arena *arena, const CommandEntryList *commands);
