#include "cli/command_list.h"

#include "base/text.h"
#include "cli/parse.h"

static void add_below(Arena *arena, CommandEntryList *list, size_t parent_index) {
    CommandEntry parent = list->items[parent_index];
    if (parent.command->subcommands == NULL) return;
    for (const Command *const *item = parent.command->subcommands; *item != NULL; item++) {
        if ((*item)->is_hidden) continue;
        CommandEntry entry = {.command = *item};
        list_each (const char *, word, &parent.words) list_push(arena, &entry.words, *word);
        list_push(arena, &entry.words, (*item)->name);
        entry.path = text_join(arena, &entry.words, " ");
        list_push(arena, list, entry);
        add_below(arena, list, list->count - 1);
    }
}

CommandEntryList command_list(Arena *arena, const Command *root) {
    CommandEntryList list = {0};
    list_push(arena, &list, (CommandEntry){.path = "", .command = root});
    add_below(arena, &list, 0);
    return list;
}

CompletionKind option_completion(const Option *option) {
    if (option->value_name == NULL || option->kind == OPTION_CHOICE) return COMPLETE_NOTHING;
    if (text_equals(option->value_name, "DIR")) return COMPLETE_FOLDERS;
    return text_starts_with(option->value_name, "FILE") ? COMPLETE_FILES : COMPLETE_NOTHING;
}

static void add_once(Arena *arena, StringList *list, const char *spelling) {
    if (!string_list_contains(list, spelling)) list_push(arena, list, spelling);
}

static void add_value_options(Arena *arena, StringList *list, const Option *options) {
    for (const Option *option = options; option_is_present(option); option++) {
        if (!option_takes_value(option)) continue;
        if (option->letter != 0) add_once(arena, list, arena_format(arena, "-%c", option->letter));
        add_once(arena, list, arena_format(arena, "--%s", option->name));
    }
}

StringList command_list_value_options(Arena *arena, const CommandEntryList *commands) {
    StringList spellings = {0};
    add_value_options(arena, &spellings, global_options);
    list_each (CommandEntry, entry, commands) add_value_options(arena, &spellings, entry->command->options);
    return spellings;
}
