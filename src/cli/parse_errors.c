#include "cli/parse_errors.h"

#include "base/text.h"
#include "cli/help.h"

// What people type who come from other tools, and what does it here.
static const struct {
    const char *word, *instead;
} synonyms[] = {
    {"up", "start"},        {"dev", "start"},
    {"down", "stop"},       {"kill", "stop"},
    {"ps", "status"},       {"ls", "status"},
    {"list", "status"},     {"run", "test dag"},
    {"pytest", "test"},     {"parse", "test dags"},
    {"lint", "test dags"},  {"validate", "test dags"},
    {"build", "dbt build"}, {"seed", "db seed"},
    {"query", "db query"},  {"sql", "db query"},
    {"shell", "db shell"},  {"reset", "db reset"},
    {"log", "logs"},        {"health", "doctor"},
    {"new", "init"},        {"install", "hook install"},
    {"rm", "destroy"},      {"delete", "destroy"},
};

// "test dag": messages come after "devbox:", so they do not name it again.
static const char *spoken_path(const ParsedCommand *parsed, Arena *arena) { return text_join(arena, &parsed->path, " "); }

// "devbox test dag".
static const char *full_path(const ParsedCommand *parsed, Arena *arena) {
    const char *words = spoken_path(parsed, arena);
    return *words == '\0' ? "devbox" : arena_format(arena, "devbox %s", words);
}

static StringList visible_names(const Command *command, Arena *arena) {
    StringList names = {0};
    for (const Command *const *candidate = command->subcommands; *candidate != NULL; candidate++) {
        if (!(*candidate)->is_hidden) list_push(arena, &names, (*candidate)->name);
    }
    return names;
}

static const char *find_synonym(const Command *root, const char *word, Arena *arena) {
    for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++) {
        if (!text_equals(synonyms[i].word, word)) continue;
        StringList words = text_split(arena, synonyms[i].instead, ' ');
        if (command_find(root, &words) != NULL) return synonyms[i].instead;
    }
    return NULL;
}

bool parse_fail_unknown_word(const Command *root, const ParsedCommand *parsed, const char *word, Error *err) {
    const char *path = full_path(parsed, err->arena);
    bool is_first = parsed->command == root;
    if (is_first)
        error_set(err, ERROR_USAGE, "there is no command '%s'", word);
    else
        error_set(err, ERROR_USAGE, "%s has no command '%s'", spoken_path(parsed, err->arena), word);
    const char *synonym = is_first ? find_synonym(root, word, err->arena) : NULL;
    if (synonym != NULL) return error_hint(err, "did you mean: devbox %s", synonym);
    StringList names = visible_names(parsed->command, err->arena);
    const char *nearest = text_nearest(word, names.items, names.count);
    if (nearest != NULL) return error_hint(err, "did you mean: %s %s", path, nearest);
    return error_hint(err, "see what there is: %s --help", path);
}

bool parse_fail_unknown_option(const Command *root, const ParsedCommand *parsed, const char *dashed, Error *err) {
    bool is_first = parsed->command == root;
    if (is_first)
        error_set(err, ERROR_USAGE, "there is no option %s", dashed);
    else
        error_set(err, ERROR_USAGE, "%s has no option %s", spoken_path(parsed, err->arena), dashed);
    StringList names = {0};
    const Option *tables[] = {parsed->command->options, global_options};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        for (const Option *option = tables[i]; option_is_present(option); option++) {
            if (!option->is_hidden) list_push(err->arena, &names, option->name);
        }
    }
    const char *nearest = dashed[1] == '-' ? text_nearest(dashed + 2, names.items, names.count) : NULL;
    if (nearest != NULL) return error_hint(err, "did you mean: --%s", nearest);
    if (is_first) return error_hint(err, "a command's own options go after its name, see: devbox COMMAND --help");
    return error_hint(err, "see its options: %s --help", full_path(parsed, err->arena));
}

bool parse_fail_missing_word(const ParsedCommand *parsed, Error *err) {
    StringList names = visible_names(parsed->command, err->arena);
    error_set(err, ERROR_USAGE, "%s needs to know what to do: %s", spoken_path(parsed, err->arena),
              text_join(err->arena, &names, ", "));
    return error_hint(err, "see what each does: %s --help", full_path(parsed, err->arena));
}

static bool hint_usage(const ParsedCommand *parsed, Error *err) {
    return error_hint(err, "usage: %s", help_usage(err->arena, &parsed->path, parsed->command));
}

bool parse_fail_missing_argument(const ParsedCommand *parsed, const Argument *argument, Error *err) {
    error_set(err, ERROR_USAGE, "%s needs %s", spoken_path(parsed, err->arena), argument->name);
    return hint_usage(parsed, err);
}

bool parse_fail_surplus_argument(const ParsedCommand *parsed, const char *surplus, Error *err) {
    const char *path = spoken_path(parsed, err->arena);
    bool takes_some = argument_is_present(parsed->command->arguments);
    if (takes_some)
        error_set(err, ERROR_USAGE, "%s does not know what to do with '%s'", path, surplus);
    else
        error_set(err, ERROR_USAGE, "%s takes no arguments, but got '%s'", path, surplus);
    return hint_usage(parsed, err);
}
