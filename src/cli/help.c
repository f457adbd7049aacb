#include "cli/help.h"

#include "base/text.h"
#include "cli/wrap.h"
#include "io/terminal.h"

enum { HELP_WIDTH = 80, OPTION_COLUMN = 28 };

// "--runtime docker|native", "-f, --follow".
static const char *option_spelling(Arena *arena, const Option *option) {
    Text text = {.arena = arena};
    if (option->letter != 0)
        text_append_format(&text, "-%c, ", option->letter);
    else
        text_append(&text, "    ");
    text_append_format(&text, "--%s", option->name);
    const char *value = option->value_name;
    if (option->kind == OPTION_CHOICE && value == NULL) {
        StringList choices = {0};
        for (const char *const *choice = option->choices; *choice != NULL; choice++) list_push(arena, &choices, *choice);
        value = text_join(arena, &choices, "|");
    }
    if (option->has_optional_value)
        text_append_format(&text, "[=%s]", value == NULL ? "VALUE" : value);
    else if (option_takes_value(option))
        text_append_format(&text, " %s", value == NULL ? "VALUE" : value);
    return text_string(&text);
}

// "  term          meaning", the meaning wrapped below itself; a long term gets a line of its own.
static void append_entry(Text *text, const char *term, const char *meaning, int column) {
    int width = text_display_width(term) + 2;
    text_append_format(text, "  %s", term);
    if (width + 2 > column) {
        text_append_char(text, '\n');
        width = 0;
    }
    text_append_format(text, "%*s", column - width, "");
    wrap_append(text, meaning, column, HELP_WIDTH);
    text_append_char(text, '\n');
}

static void append_options(Text *text, const char *title, const Option *options) {
    size_t before = text->length;
    text_append_format(text, "\n%s:\n", title);
    size_t empty = text->length;
    for (const Option *option = options; option_is_present(option); option++) {
        if (!option->is_hidden) append_entry(text, option_spelling(text->arena, option), option->help, OPTION_COLUMN);
    }
    if (text->length > empty) return;
    text->length = before;
    text->content[before] = '\0';
}

static const char *argument_spelling(Arena *arena, const Argument *argument) {
    switch (argument->arity) {
        case ARGUMENT_REQUIRED:
            return argument->name;
        case ARGUMENT_OPTIONAL:
            return arena_format(arena, "[%s]", argument->name);
        case ARGUMENT_REPEATED:
            return arena_format(arena, "%s...", argument->name);
        case ARGUMENT_REPEATED_OPTIONAL:
            return arena_format(arena, "[%s...]", argument->name);
    }
    return argument->name;
}

static bool has_visible_options(const Command *command) {
    for (const Option *option = command->options; option_is_present(option); option++) {
        if (!option->is_hidden) return true;
    }
    return false;
}

const char *help_usage(Arena *arena, const StringList *path, const Command *command) {
    Text text = {.arena = arena};
    text_append(&text, "devbox");
    list_each (const char *, word, path) text_append_format(&text, " %s", *word);
    if (command->subcommands != NULL) text_append(&text, command->run == NULL ? " COMMAND" : " [COMMAND]");
    for (const Argument *argument = command->arguments; argument_is_present(argument); argument++) {
        text_append_format(&text, " %s", argument_spelling(arena, argument));
    }
    if (has_visible_options(command)) text_append(&text, " [options]");
    return text_string(&text);
}

static int name_column(const Command *command) {
    size_t longest = 0;
    for (const Command *const *item = command->subcommands; *item != NULL; item++) {
        if (!(*item)->is_hidden && strlen((*item)->name) > longest) longest = strlen((*item)->name);
    }
    return (int)longest + 5;
}

// Commands below their group headings, groups in the order of the table; no heading where a command has no group.
static void append_commands(Text *text, const Command *command) {
    int column = name_column(command);
    const char *group = NULL;
    bool is_first = true;
    for (const Command *const *item = command->subcommands; *item != NULL; item++) {
        if ((*item)->is_hidden) continue;
        if (is_first || ((*item)->group != NULL && !text_equals(group, (*item)->group))) {
            group = (*item)->group;
            text_append_format(text, "\n%s:\n", group == NULL ? "Commands" : group);
        }
        is_first = false;
        append_entry(text, (*item)->name, (*item)->summary, column);
    }
}

static void append_arguments(Text *text, const Command *command) {
    if (!argument_is_present(command->arguments)) return;
    text_append(text, "\nArguments:\n");
    for (const Argument *argument = command->arguments; argument_is_present(argument); argument++) {
        append_entry(text, argument->name, argument->help == NULL ? "" : argument->help, OPTION_COLUMN);
    }
}

static void append_examples(Text *text, const Command *command) {
    if (command->examples == NULL || command->examples->command_line == NULL) return;
    text_append(text, "\nExamples:\n");
    for (const Example *example = command->examples; example->command_line != NULL; example++) {
        text_append_format(text, "  %s\n", example->command_line);
        if (example->meaning == NULL) continue;
        text_append(text, "      ");
        wrap_append(text, example->meaning, 6, HELP_WIDTH);
        text_append_char(text, '\n');
    }
}

static const char *root_help(Arena *arena, const Command *root) {
    Text text = {.arena = arena};
    text_append_format(&text, "devbox: %s\n\nUsage: devbox COMMAND [options]\n", root->summary);
    append_commands(&text, root);
    append_options(&text, "Options that every command takes", global_options);
    append_examples(&text, root);
    text_append(&text, "\nMore about a command: devbox help COMMAND\n");
    return text_string(&text);
}

const char *help_text(Arena *arena, const Command *root, const StringList *path, const Command *command) {
    if (command == root) return root_help(arena, root);
    Text text = {.arena = arena};
    wrap_append(&text, command->summary, 0, HELP_WIDTH);
    text_append(&text, "\n\nUsage: ");
    wrap_append(&text, help_usage(arena, path, command), 7, HELP_WIDTH);
    text_append_char(&text, '\n');
    if (command->description != NULL) {
        StringList paragraphs = text_split_lines(arena, command->description);
        text_append_char(&text, '\n');
        list_each (const char *, paragraph, &paragraphs) {
            wrap_append(&text, *paragraph, 0, HELP_WIDTH);
            text_append_char(&text, '\n');
        }
    }
    if (command->subcommands != NULL) append_commands(&text, command);
    append_arguments(&text, command);
    append_options(&text, "Options", command->options);
    append_examples(&text, command);
    text_append(&text, "\nEvery command also takes -C DIR, --json, -q, -v, -y, --timeout, --dry-run:\nsee devbox --help\n");
    return text_string(&text);
}

const char *help_first_steps(Arena *arena) {
    return arena_copy_string(arena,
                             "devbox: the data platform on a laptop\n\n"
                             "  devbox init      look at this folder and write a devbox.yaml\n"
                             "  devbox start     bring up Airflow, the sandbox database and dbt\n"
                             "  devbox test      run everything that a push would run\n\n"
                             "All commands: devbox --help\n");
}
