#include "base/text.h"
#include "cli/completion_scripts.h"
#include "cli/help.h"

const char *completion_script(Arena *arena, const Command *root, const char *shell) {
    CommandEntryList commands = command_list(arena, root);
    if (text_equals(shell, "bash")) return completion_bash(arena, &commands);
    if (text_equals(shell, "zsh")) return completion_zsh(arena, &commands);
    if (text_equals(shell, "fish")) return completion_fish(arena, &commands);
    return NULL;
}
