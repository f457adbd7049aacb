#include "base/text.h"
#include "cli/command_list.h"
#include "cli/help.h"
#include "library_names.h"

static const char ellipsis[] = "…";

// Backslashes and dashes have a meaning in roff, and so has a line that begins with a dot or a quote; what is no ASCII needs
// luck.
static void append_escaped(Text *text, const char *string) {
    bool is_line_start = text->length == 0 || text->content[text->length - 1] == '\n';
    if (is_line_start && (*string == '.' || *string == '\'')) text_append(text, "\\&");
    for (; *string != '\0'; string++) {
        if (*string == '\\') {
            text_append(text, "\\e");
        } else if (*string == '-') {
            text_append(text, "\\-");
        } else if (text_starts_with(string, ellipsis)) {
            text_append(text, "...");
            string += strlen(ellipsis) - 1;
        } else {
            text_append_char(text, *string);
        }
    }
}

static void append_bold(Text *text, const char *string) {
    text_append(text, "\\fB");
    append_escaped(text, string);
    text_append(text, "\\fR");
}

static void append_option(Text *text, const Option *option) {
    text_append(text, ".TP\n");
    if (option->letter != 0) {
        append_bold(text, arena_format(text->arena, "-%c", option->letter));
        text_append(text, ", ");
    }
    append_bold(text, arena_format(text->arena, "--%s", option->name));
    const char *value = option->value_name == NULL ? "VALUE" : option->value_name;
    bool is_named = option->has_optional_value || (option_takes_value(option) && option->kind != OPTION_CHOICE);
    if (is_named) {
        text_append(text, option->has_optional_value ? "[=\\fI" : " \\fI");
        append_escaped(text, value);
        text_append(text, option->has_optional_value ? "\\fR]" : "\\fR");
    }
    for (const char *const *choice = option->kind == OPTION_CHOICE ? option->choices : NULL; choice != NULL && *choice != NULL;
         choice++) {
        text_append_format(text, "%s\\fI%s\\fR", choice == option->choices ? " " : "|", *choice);
    }
    text_append_char(text, '\n');
    append_escaped(text, option->help);
    text_append(text, ".\n");
}

static void append_options(Text *text, const Option *options) {
    for (const Option *option = options; option_is_present(option); option++) {
        if (!option->is_hidden) append_option(text, option);
    }
}

static void append_paragraphs(Text *text, const char *paragraphs) {
    StringList lines = text_split_lines(text->arena, paragraphs);
    list_each (const char *, line, &lines) {
        if (text_is_empty(*line)) {
            text_append(text, ".PP\n");
            continue;
        }
        append_escaped(text, *line);
        text_append_char(text, '\n');
    }
}

static void append_examples(Text *text, const Example *examples) {
    for (const Example *example = examples; example != NULL && example->command_line != NULL; example++) {
        text_append(text, ".PP\n.RS 4\n.nf\n");
        append_escaped(text, example->command_line);
        text_append(text, "\n.fi\n");
        if (example->meaning != NULL) {
            append_escaped(text, example->meaning);
            text_append(text, ".\n");
        }
        text_append(text, ".RE\n");
    }
}

static void append_command(Text *text, const CommandEntry *entry) {
    const Command *command = entry->command;
    text_append(text, ".SS ");
    append_escaped(text, help_usage(text->arena, &entry->words, command));
    text_append_char(text, '\n');
    append_escaped(text, command->summary);
    text_append(text, ".\n");
    if (command->description != NULL) {
        text_append(text, ".PP\n");
        append_paragraphs(text, command->description);
    }
    for (const Argument *argument = command->arguments; argument_is_present(argument); argument++) {
        text_append_format(text, ".TP\n\\fI%s\\fR\n", argument->name);
        append_escaped(text, argument->help == NULL ? "" : argument->help);
        text_append(text, "\n");
    }
    append_options(text, command->options);
    append_examples(text, command->examples);
}

static void append_exit_codes(Text *text) {
    text_append(text, ".SH EXIT STATUS\n.TP\n0\nDone.\n.TP\n1\nA test or check failed.\n");
    for (int code = 1; code < ERROR_CODE_COUNT; code++) {
        text_append_format(text, ".TP\n%d\n%s: ", error_code_exit((ErrorCode)code), error_code_name((ErrorCode)code));
        append_escaped(text, error_code_title((ErrorCode)code));
        text_append(text, ".\n");
    }
}

static const char environment[] =
    ".SH ENVIRONMENT\n"
    ".TP\nNO_COLOR\nNo colours when it is set to anything.\n"
    ".TP\nDEVBOX_SKIP\nWith the value 1 the pre\\-push hook lets everything pass, and says so.\n"
    ".TP\nXDG_CACHE_HOME\nWhere Python environments are kept; ~/.cache when it is not set.\n"
    ".SH FILES\n"
    ".TP\ndevbox.yaml\nWhat differs from the defaults; every key is optional.\n"
    ".TP\n\\&.env\nConnections, variables and passwords for DAGs and dbt; not for git.\n"
    ".TP\n\\&.devbox/\nThe checkout's own state: sandbox database, Airflow's home, logs.\n";

const char *man_page(Arena *arena, const Command *root) {
    CommandEntryList commands = command_list(arena, root);
    Text text = {.arena = arena};
    text_append(&text, ".TH DEVBOX 1 \"\" \"devbox " DEVBOX_VERSION "\"\n.SH NAME\ndevbox \\- ");
    append_escaped(&text, root->summary);
    text_append(&text, "\n.SH SYNOPSIS\n\\fBdevbox\\fR \\fICOMMAND\\fR [\\fIoptions\\fR]\n");
    if (root->description != NULL) {
        text_append(&text, ".SH DESCRIPTION\n");
        append_paragraphs(&text, root->description);
    }
    text_append(&text, ".SH OPTIONS OF EVERY COMMAND\n");
    append_options(&text, global_options);
    text_append(&text, ".SH COMMANDS\n");
    list_each (CommandEntry, entry, &commands) {
        if (entry->command != root) append_command(&text, entry);
    }
    append_exit_codes(&text);
    text_append(&text, environment);
    return text_string(&text);
}
