#include "base/text.h"
#include "cli/completion_scripts.h"
#include "cli/parse.h"

// Inside single quotes, for _describe: quotes end the string and colons split it.
static const char *escape(Arena *arena, const char *string) {
    Text escaped = {.arena = arena};
    for (; *string != '\0'; string++) {
        if (*string == '\'')
            text_append(&escaped, "'\\''");
        else if (*string == ':')
            text_append(&escaped, "\\:");
        else
            text_append_char(&escaped, *string);
    }
    return text_string(&escaped);
}

static void append_options(Text *text, const Option *options) {
    for (const Option *option = options; option_is_present(option); option++) {
        if (option->is_hidden) continue;
        text_append_format(text, " '--%s:%s'", option->name, escape(text->arena, option->help));
    }
}

static const char *argument_action(const Command *command) {
    if (!argument_is_present(command->arguments)) return NULL;
    switch (command->arguments[0].completion) {
        case COMPLETE_NOTHING:
            return NULL;
        case COMPLETE_FILES:
            return "_files";
        case COMPLETE_FOLDERS:
            return "_files -/";
        case COMPLETE_DAGS:
            return "compadd -- ${(f)\"$($program __complete dags 2>/dev/null)\"}";
        case COMPLETE_SERVICES:
            return "compadd -- ${(f)\"$($program __complete services 2>/dev/null)\"}";
        case COMPLETE_SNAPSHOTS:
            return "compadd -- ${(f)\"$($program __complete snapshots 2>/dev/null)\"}";
    }
    return NULL;
}

static void append_command(Text *text, const CommandEntry *entry) {
    text_append_format(text, "        '%s')\n            commands=(", entry->path);
    for (const Command *const *item = entry->command->subcommands; item != NULL && *item != NULL; item++) {
        if ((*item)->is_hidden) continue;
        text_append_format(text, " '%s:%s'", (*item)->name, escape(text->arena, (*item)->summary));
    }
    if (*entry->path == '\0') text_append(text, " 'help:Show how a command is used'");
    text_append(text, " )\n            options=(");
    append_options(text, entry->command->options);
    text_append(text, " )\n");
    const char *action = argument_action(entry->command);
    if (action != NULL) text_append_format(text, "            [[ $words[CURRENT] == -* ]] || %s\n", action);
    text_append(text, "            ;;\n");
}

// `path` begins a shell pattern: "path, or *" for options of every command.
static void append_value(Text *text, const char *path, const Option *option) {
    if (!option_takes_value(option)) return;
    CompletionKind kind = option_completion(option);
    text_append_format(text, "        %s --%s\"", path, option->name);
    if (option->letter != 0) text_append_format(text, "|%s -%c\"", path, option->letter);
    text_append(text, ") ");
    if (kind == COMPLETE_FILES) text_append(text, "_files; ");
    if (kind == COMPLETE_FOLDERS) text_append(text, "_files -/; ");
    if (option->kind == OPTION_CHOICE) {
        text_append(text, "compadd --");
        for (const char *const *choice = option->choices; *choice != NULL; choice++) text_append_format(text, " %s", *choice);
        text_append(text, "; ");
    }
    text_append(text, "return ;;\n");
}

static const char head[] =
    "#compdef devbox\n"
    "# zsh completion for devbox. Made by: devbox completion zsh\n"
    "_devbox() {\n"
    "    local program=$words[1] command_path=\"\" word skip=\"\" index\n"
    "    local -a commands options global_options\n"
    "    for ((index = 2; index < CURRENT; index++)); do\n"
    "        word=$words[index]\n"
    "        if [[ -n $skip ]]; then skip=\"\"; continue; fi\n"
    "        case $word in\n";

static const char tail[] =
    "    esac\n"
    "    if [[ $words[CURRENT] == -* ]]; then\n"
    "        options+=($global_options)\n"
    "        _describe -o 'option' options\n"
    "    elif (( $#commands )); then\n"
    "        _describe 'command' commands\n"
    "    fi\n"
    "}\n"
    "if [[ $funcstack[1] == _devbox ]]; then _devbox \"$@\"; else compdef _devbox devbox; fi\n";

static const char *path_pattern(Arena *arena, const CommandEntryList *commands) {
    StringList quoted = {0};
    list_each (CommandEntry, entry, commands) {
        if (*entry->path != '\0') list_push(arena, &quoted, arena_format(arena, "'%s'", entry->path));
    }
    return text_join(arena, &quoted, "|");
}

const char *completion_zsh(Arena *arena, const CommandEntryList *commands) {
    StringList value_options = command_list_value_options(arena, commands);
    Text text = {.arena = arena};
    text_append(&text, head);
    text_append_format(&text, "            %s) skip=1 ;;\n", text_join(arena, &value_options, "|"));
    text_append(&text, "            -*) ;;\n            *)\n                case \"${command_path:+$command_path }$word\" in\n");
    text_append_format(&text, "                    %s) command_path=\"${command_path:+$command_path }$word\" ;;\n",
                       path_pattern(arena, commands));
    text_append(&text, "                esac\n                ;;\n        esac\n    done\n    global_options=(");
    append_options(&text, global_options);
    text_append(&text, " )\n    case \"$command_path $words[CURRENT-1]\" in\n");
    list_each (CommandEntry, entry, commands) {
        for (const Option *option = entry->command->options; option_is_present(option); option++) {
            append_value(&text, arena_format(arena, "\"%s", entry->path), option);
        }
    }
    for (const Option *option = global_options; option_is_present(option); option++) append_value(&text, "*\"", option);
    text_append(&text, "    esac\n    case $command_path in\n");
    list_each (CommandEntry, entry, commands) append_command(&text, entry);
    text_append(&text, tail);
    return text_string(&text);
}
