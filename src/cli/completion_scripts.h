// One completion script per shell. All work alike: find the command's path among the words typed so far, then offer what fits
// there.
#pragma once
#include "cli/command_list.h"

const char *completion_bash(Arena *arena, const CommandEntryList *commands);
const char *completion_zsh(Arena *arena, const CommandEntryList *commands);
const char *completion_fish(Arena *arena, const CommandEntryList *commands);
