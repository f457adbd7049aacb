#include "services/dag_ignore.h"

#include <fnmatch.h>
#include <regex.h>

#include "base/text.h"
#include "io/file_system.h"

// Airflow's own: everything from a # on, and the blanks before it, are a comment. Only in 2.x's form; in 3.x a # starts a line.
static const char *without_comment(Arena *arena, const char *line, DagIgnoreSyntax syntax) {
    size_t length = syntax == DAG_IGNORE_REGEXP || *line == '#' ? strcspn(line, "#") : strlen(line);
    return text_trim(arena, arena_copy_bytes(arena, line, length));
}

DagIgnoreRuleList dag_ignore_read(Arena *arena, const char *dags_dir, const char *folder, const DagIgnoreRuleList *inherited,
                                  DagIgnoreSyntax syntax) {
    char *text;
    Error err = {.arena = arena};
    DagIgnoreRuleList rules = {0};
    const char *path = path_join(arena, folder, ".airflowignore");
    list_each(const DagIgnoreRule, rule, inherited) list_push(arena, &rules, *rule);
    if (!file_exists(path) || !file_read(arena, path, &text, NULL, &err)) return rules;
    StringList lines = text_split_lines(arena, text);
    list_each(const char *, line, &lines) {
        const char *pattern = without_comment(arena, *line, syntax);
        DagIgnoreRule rule = {.pattern = pattern, .folder = syntax == DAG_IGNORE_REGEXP ? dags_dir : folder, .syntax = syntax};
        if (*pattern != '\0') list_push(arena, &rules, rule);
    }
    return rules;
}

// POSIX knows all that such files use but \d.
static const char *to_posix(Arena *arena, const char *pattern) {
    Text text = {.arena = arena};
    for (; *pattern != '\0'; pattern++) {
        bool is_digit = pattern[0] == '\\' && pattern[1] == 'd';
        bool is_escape = pattern[0] == '\\' && pattern[1] != '\0' && !is_digit;
        if (is_digit) {
            text_append(&text, "[0-9]");
            pattern++;
        } else {
            text_append_bytes(&text, pattern, is_escape ? 2 : 1);
            pattern += is_escape;
        }
    }
    return text_string(&text);
}

static bool matches_regexp(Arena *arena, const char *pattern, const char *path) {
    regex_t expression;
    if (regcomp(&expression, to_posix(arena, pattern), REG_EXTENDED | REG_NOSUB) != 0) return false;
    bool is_match = regexec(&expression, path, 0, NULL, 0) == 0;
    regfree(&expression);
    return is_match;
}

// As in .gitignore: without a slash inside it is a name at any depth, else a path below the file's folder.
static bool matches_glob(Arena *arena, const char *pattern, const char *path) {
    const char *trimmed = text_ends_with(pattern, "/") ? arena_copy_bytes(arena, pattern, strlen(pattern) - 1) : pattern;
    if (strchr(trimmed, '/') == NULL) return fnmatch(trimmed, path_name(path), 0) == 0;
    bool has_stars = strstr(trimmed, "**") != NULL;
    if (text_starts_with(trimmed, "**/") && fnmatch(trimmed + 3, path, 0) == 0) return true;
    return fnmatch(*trimmed == '/' ? trimmed + 1 : trimmed, path, has_stars ? 0 : FNM_PATHNAME) == 0;
}

bool dag_ignore_matches(Arena *arena, const DagIgnoreRuleList *rules, const char *path) {
    bool is_ignored = false;
    list_each(const DagIgnoreRule, rule, rules) {
        const char *relative = path_relative(arena, path, rule->folder);
        if (rule->syntax == DAG_IGNORE_REGEXP) {
            if (matches_regexp(arena, rule->pattern, relative)) return true;
            continue;
        }
        bool is_negated = *rule->pattern == '!';
        // A later rule of a gitignore list overrules the earlier ones.
        if (matches_glob(arena, rule->pattern + is_negated, relative)) is_ignored = !is_negated;
    }
    return is_ignored;
}

const char *dag_ignore_rule_for(Arena *arena, const char *relative, DagIgnoreSyntax syntax) {
    Text rule = {.arena = arena};
    bool is_regexp = syntax == DAG_IGNORE_REGEXP;
    const char *special = is_regexp ? ".^$*+?()[]{}|\\" : "*?[]\\!#";
    for (; *relative != '\0'; relative++) {
        bool is_comment = is_regexp && *relative == '#';
        if (strchr(special, *relative) != NULL) text_append_char(&rule, '\\');
        text_append_char(&rule, is_comment ? '.' : *relative);
    }
    return text_string(&rule);
}
