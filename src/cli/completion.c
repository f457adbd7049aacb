#include "base/text.h"
#include "cli/help.h"

const char *completion_script(Arena *arena, const Command *root, const char *shell) {
    (void)arena;
    (void)root;
    (void)shell;
    return NULL;
}

const char *man_page(Arena *arena, const Command *root) {
    (void)arena;
    return root->summary;
}
