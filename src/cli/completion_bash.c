#include "base/text.h"
#include "cli/completion_scripts.h"
#include "cli/parse.h"

// "start"|"test"|"test dag": what a word must make the path into to belong to it.
static const char *path_pattern(Arena *arena, const CommandEntryList *commands) {
    StringList quoted = {0};
    list_each (CommandEntry, entry, commands) {
        if (*entry->path != '\0') list_push(arena, &quoted, arena_format(arena, "\"%s\"", entry->path));
    }
    return text_join(arena, &quoted, "|");
}

static void append_option_names(Text *text, const Option *options) {
    const char *separator = "";
    for (const Option *option = options; option_is_present(option); option++) {
        if (option->is_hidden) continue;
        text_append_format(text, "%s--%s", separator, option->name);
        separator = " ";
    }
}

static const char *argument_action(const Command *command) {
    if (!argument_is_present(command->arguments)) return NULL;
    switch (command->arguments[0].completion) {
        case COMPLETE_NOTHING:
            return NULL;
        case COMPLETE_FILES:
            return "files=-f";
        case COMPLETE_FOLDERS:
            return "files=-d";
        case COMPLETE_DAGS:
            return "words+=\" $(\"$program\" __complete dags 2>/dev/null)\"";
        case COMPLETE_SERVICES:
            return "words+=\" $(\"$program\" __complete services 2>/dev/null)\"";
        case COMPLETE_SNAPSHOTS:
            return "words+=\" $(\"$program\" __complete snapshots 2>/dev/null)\"";
    }
    return NULL;
}

static void append_command(Text *text, const CommandEntry *entry) {
    const Command *command = entry->command;
    text_append_format(text, "        \"%s\")\n            words=\"", entry->path);
    const char *separator = "";
    for (const Command *const *item = command->subcommands; item != NULL && *item != NULL; item++) {
        if ((*item)->is_hidden) continue;
        text_append_format(text, "%s%s", separator, (*item)->name);
        separator = " ";
    }
    text_append(text, *entry->path == '\0' ? " help\"\n" : "\"\n");
    text_append(text, "            options=\"");
    append_option_names(text, command->options);
    text_append(text, "\"\n");
    const char *action = argument_action(command);
    if (action != NULL) text_append_format(text, "            %s\n", action);
    text_append(text, "            ;;\n");
}

// `path` begins a shell pattern: "path, or *" for options of every command.
static void append_value(Text *text, const char *path, const Option *option) {
    CompletionKind kind = option_completion(option);
    bool has_choices = option->kind == OPTION_CHOICE;
    if (!option_takes_value(option)) return;
    text_append_format(text, "        %s --%s\"", path, option->name);
    if (option->letter != 0) text_append_format(text, "|%s -%c\"", path, option->letter);
    text_append(text, ") is_value=1");
    if (kind == COMPLETE_FILES) text_append(text, " files=-f");
    if (kind == COMPLETE_FOLDERS) text_append(text, " files=-d");
    if (has_choices) {
        text_append(text, " values=\"");
        for (const char *const *choice = option->choices; *choice != NULL; choice++) {
            text_append_format(text, "%s%s", choice == option->choices ? "" : " ", *choice);
        }
        text_append_char(text, '"');
    }
    text_append(text, " ;;\n");
}

static void append_values(Text *text, const CommandEntryList *commands) {
    list_each (CommandEntry, entry, commands) {
        for (const Option *option = entry->command->options; option_is_present(option); option++) {
            append_value(text, arena_format(text->arena, "\"%s", entry->path), option);
        }
    }
    for (const Option *option = global_options; option_is_present(option); option++) append_value(text, "*\"", option);
}

static const char head[] =
    "# bash completion for devbox. Made by: devbox completion bash\n"
    "_devbox() {\n"
    "    local program=\"${COMP_WORDS[0]}\" current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
    "    local path=\"\" words=\"\" options=\"\" values=\"\" files=\"\" is_value=\"\" skip=\"\" word index\n"
    "    local IFS=$' \\t\\n'\n"
    "    # bash splits --option=value into three words\n"
    "    if [[ $current == \"=\" ]]; then current=\"\"\n"
    "    elif [[ $previous == \"=\" ]]; then previous=\"${COMP_WORDS[COMP_CWORD-2]}\"; fi\n"
    "    for ((index = 1; index < COMP_CWORD; index++)); do\n"
    "        word=\"${COMP_WORDS[index]}\"\n"
    "        if [[ $word == \"=\" ]]; then skip=1; continue; fi\n"
    "        if [[ -n $skip ]]; then skip=\"\"; continue; fi\n"
    "        case \"$word\" in\n";

static const char tail[] =
    "    esac\n"
    "    if [[ -n $is_value ]]; then words=\"$values\"\n"
    "    elif [[ $current == -* ]]; then words=\"$options $global_options\" files=\"\"; fi\n"
    "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
    "    if [[ -n $files ]]; then\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        IFS=$'\\n'\n"
    "        COMPREPLY+=($(compgen $files -- \"$current\"))\n"
    "    fi\n"
    "}\n"
    "complete -F _devbox devbox\n";

const char *completion_bash(Arena *arena, const CommandEntryList *commands) {
    StringList value_options = command_list_value_options(arena, commands);
    Text text = {.arena = arena};
    text_append(&text, head);
    text_append_format(&text, "            %s) skip=1 ;;\n", text_join(arena, &value_options, "|"));
    text_append(&text, "            -*) ;;\n            *)\n                case \"${path:+$path }$word\" in\n");
    text_append_format(&text, "                    %s) path=\"${path:+$path }$word\" ;;\n", path_pattern(arena, commands));
    text_append(&text, "                esac\n                ;;\n        esac\n    done\n    local global_options=\"");
    append_option_names(&text, global_options);
    text_append(&text, "\"\n    case \"$path\" in\n");
    list_each (CommandEntry, entry, commands) append_command(&text, entry);
    text_append(&text, "    esac\n    case \"$path $previous\" in\n");
    append_values(&text, commands);
    text_append(&text, tail);
    return text_string(&text);
}
