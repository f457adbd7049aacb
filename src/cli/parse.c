#include "cli/parse.h"

#include "base/text.h"
#include "cli/parse_errors.h"
#include "cli/parse_values.h"

const Option global_options[] = {
    {"directory", 'C', OPTION_STRING, "DIR", "Work in DIR instead of the current folder", offsetof(GlobalOptions, folder)},
    {"json", 0, OPTION_FLAG, NULL, "Print the result as JSON", offsetof(GlobalOptions, is_json)},
    {"quiet", 'q', OPTION_FLAG, NULL, "Only results, warnings and failures", offsetof(GlobalOptions, is_quiet)},
    {"verbose", 'v', OPTION_COUNT, NULL, "More detail; -vv for debugging", offsetof(GlobalOptions, verbosity)},
    {"no-color", 0, OPTION_FLAG, NULL, "No colours (so does NO_COLOR=1)", offsetof(GlobalOptions, has_no_color)},
    {"yes", 'y', OPTION_FLAG, NULL, "Confirm what would delete or install something", offsetof(GlobalOptions, is_confirmed)},
    {"timeout", 0, OPTION_DURATION, "DURATION", "Give up after this long: 90s, 5m", offsetof(GlobalOptions, timeout_ms)},
    {"dry-run", 0, OPTION_FLAG, NULL, "Say what would be done, change nothing", offsetof(GlobalOptions, is_dry_run)},
    {"help", 'h', OPTION_FLAG, NULL, "Show this help", offsetof(GlobalOptions, wants_help)},
    {"version", 'V', OPTION_FLAG, NULL, "Show the version", offsetof(GlobalOptions, wants_version)},
    {0},
};

typedef struct Parser {
    Arena *arena;
    const Command *root;
    int argc;
    const char *const *argv;
    int index;          // of the token under way
    size_t words_left;  // words of the path that are still to be skipped
    ParsedCommand *parsed;
    Error *err;
} Parser;

bool option_is_present(const Option *option) { return option != NULL && option->name != NULL; }

bool argument_is_present(const Argument *argument) { return argument != NULL && argument->name != NULL; }

bool option_takes_value(const Option *option) {
    return option->kind != OPTION_FLAG && option->kind != OPTION_COUNT && !option->has_optional_value;
}

static const Command *find_subcommand(const Command *command, const char *word) {
    if (command->subcommands == NULL) return NULL;
    for (const Command *const *candidate = command->subcommands; *candidate != NULL; candidate++) {
        if (text_equals((*candidate)->name, word)) return *candidate;
    }
    return NULL;
}

const Command *command_find(const Command *root, const StringList *words) {
    const Command *command = root;
    for (size_t i = 0; i < words->count && command != NULL; i++) command = find_subcommand(command, words->items[i]);
    return command;
}

static const Option *find_long_in(const Option *options, const char *name, size_t length) {
    for (const Option *option = options; option_is_present(option); option++) {
        if (strlen(option->name) == length && strncmp(option->name, name, length) == 0) return option;
    }
    return NULL;
}

static const Option *find_letter_in(const Option *options, char letter) {
    for (const Option *option = options; option_is_present(option); option++) {
        if (option->letter == letter) return option;
    }
    return NULL;
}

// `token` without dashes, up to "=".
static const Option *find_long(const Command *command, const char *name, size_t length) {
    const Option *own = find_long_in(command->options, name, length);
    return own != NULL ? own : find_long_in(global_options, name, length);
}

static const Option *find_letter(const Command *command, char letter) {
    const Option *own = find_letter_in(command->options, letter);
    return own != NULL ? own : find_letter_in(global_options, letter);
}

static bool is_option(const char *token) { return token[0] == '-' && token[1] != '\0'; }

// True when the value of an option token stands in the next token.
static bool eats_next_token(const Command *command, const char *token) {
    if (token[1] == '-') {
        size_t length = strcspn(token + 2, "=");
        const Option *option = find_long(command, token + 2, length);
        return option != NULL && option_takes_value(option) && token[2 + length] == '\0';
    }
    for (const char *letter = token + 1; *letter != '\0'; letter++) {
        const Option *option = find_letter(command, *letter);
        if (option != NULL && option_takes_value(option)) return letter[1] == '\0';
    }
    return false;
}

static bool is_known(const Command *command, const char *token) {
    if (token[1] == '-') return find_long(command, token + 2, strcspn(token + 2, "=")) != NULL;
    return find_letter(command, token[1]) != NULL;
}

// First pass: which command is meant. Options before the last word of the path are stepped over.
static bool find_command(Parser *parser) {
    ParsedCommand *parsed = parser->parsed;
    bool is_first = true;
    for (int i = 1; i < parser->argc; i++) {
        const char *token = parser->argv[i];
        if (text_equals(token, "--")) return true;
        if (is_option(token)) {
            if (parsed->command == parser->root && !is_known(parser->root, token)) {
                return parse_fail_unknown_option(parser->root, parsed, token, parser->err);
            }
            i += eats_next_token(parsed->command, token);
            continue;
        }
        if (is_first && text_equals(token, "help") && !parsed->globals.wants_help) {
            parsed->globals.wants_help = true;
            parser->words_left++;
            continue;
        }
        is_first = false;
        if (parsed->command->subcommands == NULL) return true;
        const Command *next = find_subcommand(parsed->command, token);
        bool takes_arguments = parsed->command->run != NULL && argument_is_present(parsed->command->arguments);
        if (next == NULL && takes_arguments) return true;
        if (next == NULL) return parse_fail_unknown_word(parser->root, parsed, token, parser->err);
        parsed->command = next;
        parser->words_left++;
        list_push(parser->arena, &parsed->path, next->name);
        if (next->needs & NEEDS_ALL_WORDS) return true;
    }
    return true;
}

static bool store_option(Parser *parser, const Option *option, const char *value) {
    bool is_global = find_long_in(global_options, option->name, strlen(option->name)) == option;
    char *base = is_global ? (char *)&parser->parsed->globals : parser->parsed->options;
    return option_store(option, value, base + option->offset, parser->err);
}

// The token after an option as its value. A dash there is more likely a forgotten value, unless it is a negative number.
static bool take_next_value(Parser *parser, const Option *option, const char **value) {
    long long number;
    if (parser->index + 1 < parser->argc) {
        const char *next = parser->argv[parser->index + 1];
        if (!is_option(next) || text_parse_integer(next, &number)) {
            *value = next;
            parser->index++;
            return true;
        }
    }
    error_set(parser->err, ERROR_USAGE, "--%s needs a value", option->name);
    return error_hint(parser->err, "give it: --%s=%s", option->name, option->value_name == NULL ? "VALUE" : option->value_name);
}

static bool parse_long(Parser *parser, const char *token) {
    const char *name = token + 2;
    size_t length = strcspn(name, "=");
    const Option *option = find_long(parser->parsed->command, name, length);
    if (option == NULL) {
        return parse_fail_unknown_option(parser->root, parser->parsed, arena_copy_bytes(parser->arena, token, length + 2),
                                         parser->err);
    }
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    if (option->has_optional_value) return store_option(parser, option, value == NULL ? "" : value);
    if (!option_takes_value(option) && value != NULL) {
        error_set(parser->err, ERROR_USAGE, "--%s takes no value", option->name);
        return error_hint(parser->err, "just: --%s", option->name);
    }
    if (option_takes_value(option) && value == NULL && !take_next_value(parser, option, &value)) return false;
    return store_option(parser, option, value);
}

// "-qy", "-n5", "-n 5".
static bool parse_letters(Parser *parser, const char *token) {
    for (const char *letter = token + 1; *letter != '\0'; letter++) {
        const Option *option = find_letter(parser->parsed->command, *letter);
        if (option == NULL)
            return parse_fail_unknown_option(parser->root, parser->parsed, arena_format(parser->arena, "-%c", *letter),
                                             parser->err);
        const char *value = letter[1] == '\0' ? NULL : letter + 1;
        if (!option_takes_value(option)) {
            if (!store_option(parser, option, "")) return false;
            continue;
        }
        if (value == NULL && !take_next_value(parser, option, &value)) return false;
        return store_option(parser, option, value);
    }
    return true;
}

static void take_rest(Parser *parser) {
    for (; parser->index < parser->argc; parser->index++) {
        list_push(parser->arena, &parser->parsed->arguments, parser->argv[parser->index]);
    }
}

// Second pass: options and arguments, now that the tables are known.
static bool fill_command(Parser *parser) {
    ParsedCommand *parsed = parser->parsed;
    for (parser->index = 1; parser->index < parser->argc; parser->index++) {
        const char *token = parser->argv[parser->index];
        bool was_last_word = parser->words_left == 0;
        if (was_last_word && (parsed->command->needs & NEEDS_ALL_WORDS)) {
            take_rest(parser);
            return true;
        }
        if (text_equals(token, "--")) {
            parser->index++;
            take_rest(parser);
            return true;
        }
        if (is_option(token)) {
            bool stored = token[1] == '-' ? parse_long(parser, token) : parse_letters(parser, token);
            if (!stored) return false;
        } else if (parser->words_left > 0) {
            parser->words_left--;
        } else {
            list_push(parser->arena, &parsed->arguments, token);
        }
    }
    return true;
}

static bool check_arguments(Parser *parser) {
    const ParsedCommand *parsed = parser->parsed;
    const Command *command = parsed->command;
    if (command == parser->root || (command->needs & NEEDS_ALL_WORDS)) return true;
    if (command->run == NULL) return parse_fail_missing_word(parsed, parser->err);
    size_t least = 0, most = 0;
    bool is_endless = false;
    for (const Argument *argument = command->arguments; argument_is_present(argument); argument++) {
        bool is_needed = argument->arity == ARGUMENT_REQUIRED || argument->arity == ARGUMENT_REPEATED;
        if (is_needed && parsed->arguments.count <= least) return parse_fail_missing_argument(parsed, argument, parser->err);
        is_endless |= argument->arity == ARGUMENT_REPEATED || argument->arity == ARGUMENT_REPEATED_OPTIONAL;
        least += is_needed;
        most++;
    }
    if (is_endless || parsed->arguments.count <= most) return true;
    return parse_fail_surplus_argument(parsed, parsed->arguments.items[most], parser->err);
}

// --help wins over whatever else is wrong with the line, once the command is known.
static bool has_token(const Parser *parser, const char *long_form, const char *short_form) {
    const Command *command = parser->parsed->command;
    // "devbox help dbt --json" asks devbox, "devbox dbt --json" asks dbt.
    bool is_handed_on = (command->needs & NEEDS_ALL_WORDS) && !parser->parsed->globals.wants_help;
    size_t words_left = parser->words_left;
    for (int i = 1; i < parser->argc && !text_equals(parser->argv[i], "--"); i++) {
        const char *token = parser->argv[i];
        if (words_left == 0 && is_handed_on) return false;
        if (text_equals(token, long_form) || text_equals(token, short_form)) return true;
        if (!is_option(token))
            words_left -= words_left > 0;
        else
            i += eats_next_token(command, token);
    }
    return false;
}

static bool parse_all(Parser *parser) {
    ParsedCommand *parsed = parser->parsed;
    if (!find_command(parser)) return false;
    parsed->options = arena_allocate(parser->arena, parsed->command->options_size);
    bool is_h_taken = find_letter_in(parsed->command->options, 'h') != NULL;
    if (has_token(parser, "--help", is_h_taken ? NULL : "-h")) parsed->globals.wants_help = true;
    if (parsed->globals.wants_help) return true;
    return fill_command(parser) && (parsed->globals.wants_version || check_arguments(parser));
}

bool parse_command_line(Arena *arena, const Command *root, int argc, const char *const *argv, ParsedCommand *parsed, Error *err) {
    *parsed = (ParsedCommand){.command = root};
    Parser parser = {.arena = arena, .root = root, .argc = argc, .argv = argv, .parsed = parsed, .err = err};
    bool is_understood = parse_all(&parser);
    if (has_token(&parser, "--json", NULL)) parsed->globals.is_json = true;
    return is_understood;
}
