#include "base/text.h"
#include "cli/completion_scripts.h"
#include "cli/parse.h"

static const char *quote(Arena *arena, const char *string) {
    Text quoted = {.arena = arena};
    text_append_char(&quoted, '\'');
    for (; *string != '\0'; string++) {
        if (*string == '\'' || *string == '\\') text_append_char(&quoted, '\\');
        text_append_char(&quoted, *string);
    }
    text_append_char(&quoted, '\'');
    return text_string(&quoted);
}

static const char *completion_source(CompletionKind kind) {
    switch (kind) {
        case COMPLETE_NOTHING:
            return NULL;
        case COMPLETE_FILES:
            return "-F";
        case COMPLETE_FOLDERS:
            return "-a '(__fish_complete_directories)'";
        case COMPLETE_DAGS:
            return "-a '(devbox __complete dags 2>/dev/null)'";
        case COMPLETE_SERVICES:
            return "-a '(devbox __complete services 2>/dev/null)'";
        case COMPLETE_SNAPSHOTS:
            return "-a '(devbox __complete snapshots 2>/dev/null)'";
    }
    return NULL;
}

static void append_option_value(Text *text, const Option *option) {
    CompletionKind kind = option_completion(option);
    if (kind == COMPLETE_FILES) {
        text_append(text, " -r -F");
        return;
    }
    text_append(text, " -x");
    if (kind == COMPLETE_FOLDERS) text_append_format(text, " %s", completion_source(kind));
    if (option->kind != OPTION_CHOICE) return;
    text_append(text, " -a '");
    for (const char *const *choice = option->choices; *choice != NULL; choice++) {
        text_append_format(text, "%s%s", choice == option->choices ? "" : " ", *choice);
    }
    text_append_char(text, '\'');
}

// `condition` is " -n '…'", or "" for what holds everywhere.
static void append_options(Text *text, const Option *options, const char *condition) {
    for (const Option *option = options; option_is_present(option); option++) {
        if (option->is_hidden) continue;
        text_append_format(text, "complete -c devbox%s", condition);
        if (option->letter != 0) text_append_format(text, " -s %c", option->letter);
        text_append_format(text, " -l %s", option->name);
        if (option_takes_value(option)) append_option_value(text, option);
        text_append_format(text, " -d %s\n", quote(text->arena, option->help));
    }
}

static void append_command(Text *text, const CommandEntry *entry) {
    Arena *arena = text->arena;
    const Command *command = entry->command;
    const char *condition = arena_format(arena, " -n '__devbox_at \"%s\"'", entry->path);
    for (const Command *const *item = command->subcommands; item != NULL && *item != NULL; item++) {
        if ((*item)->is_hidden) continue;
        text_append_format(text, "complete -c devbox%s -a %s -d %s\n", condition, (*item)->name, quote(arena, (*item)->summary));
    }
    append_options(text, command->options, condition);
    if (!argument_is_present(command->arguments)) return;
    const char *source = completion_source(command->arguments[0].completion);
    if (source != NULL) text_append_format(text, "complete -c devbox%s %s\n", condition, source);
}

static const char head[] =
    "# fish completion for devbox. Made by: devbox completion fish\n"
    "function __devbox_path\n"
    "    set -l words (commandline -opc)\n"
    "    set -e words[1]\n"
    "    set -l found ''\n"
    "    set -l skip 0\n"
    "    for word in $words\n"
    "        if test $skip = 1\n"
    "            set skip 0\n"
    "            continue\n"
    "        end\n"
    "        switch $word\n";

static const char middle[] =
    "                set skip 1\n"
    "            case '-*'\n"
    "            case '*'\n"
    "                switch (string trim -- \"$found $word\")\n";

static const char rest[] =
    "                        set found (string trim -- \"$found $word\")\n"
    "                end\n"
    "        end\n"
    "    end\n"
    "    echo $found\n"
    "end\n"
    "\n"
    "function __devbox_at\n"
    "    set -l found (__devbox_path)\n"
    "    test \"$found\" = \"$argv[1]\"\n"
    "end\n"
    "\n"
    "complete -c devbox -f\n"
    "complete -c devbox -n '__devbox_at \"\"' -a help -d 'Show how a command is used'\n";

const char *completion_fish(Arena *arena, const CommandEntryList *commands) {
    StringList value_options = command_list_value_options(arena, commands);
    Text text = {.arena = arena};
    text_append(&text, head);
    text_append_format(&text, "            case %s\n%s                    case", text_join(arena, &value_options, " "), middle);
    list_each (CommandEntry, entry, commands) {
        if (*entry->path != '\0') text_append_format(&text, " '%s'", entry->path);
    }
    text_append_char(&text, '\n');
    text_append(&text, rest);
    append_options(&text, global_options, "");
    list_each (CommandEntry, entry, commands) append_command(&text, entry);
    return text_string(&text);
}
