// Help, completion scripts and the man page, all printed from the command tables.
#pragma once
#include "cli/parse.h"

// `devbox --help`, `devbox test --help`, …: at most 80 columns wide.
const char *help_text(Arena *arena, const Command *root, const StringList *path, const Command *command);

// What bare `devbox` says: the three things to do first.
const char *help_first_steps(Arena *arena);

// "devbox test dag ID [options]".
const char *help_usage(Arena *arena, const StringList *path, const Command *command);

// A completion script for "bash", "zsh" or "fish"; NULL for any other shell.
const char *completion_script(Arena *arena, const Command *root, const char *shell);

// The man page devbox(1) in roff.
const char *man_page(Arena *arena, const Command *root);
