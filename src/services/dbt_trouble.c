#include "services/dbt_trouble.h"

#include "base/text.h"
#include "io/file_system.h"
#include "io/json.h"

enum { TAIL_LINES = 15 };

static bool holds_any(const char *text, const char *const *signs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strstr(text, signs[i]) != NULL) return true;
    }
    return false;
}

#define HOLDS_ANY(text, signs) holds_any(text, signs, sizeof(signs) / sizeof *(signs))

// "Compilation Error" alone tells nothing: the line after it does.
static const char *find_telling_line(Arena *arena, const char *message) {
    StringList lines = text_split_lines(arena, message);
    if (lines.count == 0) return "dbt could not run";
    bool is_headline = lines.count > 1 && text_ends_with(lines.items[0], "Error");
    return is_headline ? arena_format(arena, "%s: %s", lines.items[0], text_trim(arena, lines.items[1])) : lines.items[0];
}

// The variable that env_var() did not find; NULL when that is not the trouble.
static const char *find_missing_variable(Arena *arena, const char *message) {
    static const char sign[] = "Env var required but not provided: '";
    const char *found = strstr(message, sign);
    const char *name = found == NULL ? NULL : found + strlen(sign);
    const char *end = name == NULL ? NULL : strchr(name, '\'');
    return end == NULL ? NULL : arena_copy_bytes(arena, name, (size_t)(end - name));
}

const char *dbt_trouble_summarise(Arena *arena, const char *message) {
    const char *line = find_telling_line(arena, message), *variable = find_missing_variable(arena, message);
    if (variable == NULL) return line;
    if (strstr(line, variable) == NULL) line = arena_format(arena, "%s: env_var('%s') is not set", line, variable);
    return arena_format(arena, "%s; put %s=... into .env", line, variable);
}

static const char *choose_evidence(Arena *arena, const char *message, const char *output) {
    if (strstr(output, "Traceback (most recent call last):") != NULL) {
        return text_last_lines(arena, text_trim(arena, output), 1);
    }
    return message != NULL ? message : text_last_lines(arena, output, TAIL_LINES);
}

static const char *find_packages_file(Arena *arena, const Project *project) {
    bool is_newer_kind = !file_exists(path_join(arena, project->dbt_dir, "packages.yml")) &&
                         file_exists(path_join(arena, project->dbt_dir, "dependencies.yml"));
    return is_newer_kind ? "dependencies.yml" : "packages.yml";
}

bool dbt_trouble_with_packages(const Project *project, const char *message, const char *output, Error *err) {
    static const char *const network_signs[] = {
        "ConnectionError",   "connection exception", "onnection refused", "Could not connect",
        "Failed to connect", "Could not resolve",    "unable to access",  "timed out"};
    // dbt looks into an entry before it has checked it: its KeyError passes package_config_from_data.
    static const char *const file_signs[] = {
        "is malformed",  "Syntax error near",         "No dbt_project.yml found", "package index",
        "Version error", "Could not find a matching", "package_config_from_data"};
    const char *said = arena_format(err->arena, "%s\n%s", message == NULL ? "" : message, output);
    const char *file = find_packages_file(err->arena, project), *name = path_name(project->dbt_dir);
    const char *variable = find_missing_variable(err->arena, said);
    if (variable != NULL) {
        error_set(err, ERROR_CONFIG, "the dbt project %s reads the variable %s, which is not set", name, variable);
        error_hint(err, "put %s=... into .env", variable);
    } else if (HOLDS_ANY(said, network_signs)) {
        error_set(err, ERROR_NETWORK, "dbt deps could not fetch the packages of %s", name);
        error_hint(err, "check the network and the proxy, then: devbox dbt deps");
    } else if (HOLDS_ANY(said, file_signs)) {
        const char *shown = path_relative(err->arena, path_join(err->arena, project->dbt_dir, file), project->root);
        error_set(err, ERROR_CONFIG, "dbt deps cannot work with %s", shown);
        error_hint(err, "correct %s, then: devbox dbt deps", shown);
    } else {
        error_set(err, ERROR_NETWORK, "dbt deps could not install the packages of %s", name);
        error_hint(err, "check %s and the network, then: devbox dbt deps", file);
    }
    return error_detail(err, choose_evidence(err->arena, message, output));
}

static StringList read_node_names(Arena *arena, const char *manifest) {
    StringList names = {0};
    Value *root;
    Error ignored = {.arena = arena};
    if (!file_exists(manifest) || !json_read_file(arena, manifest, &root, &ignored)) return names;
    const Value *nodes = value_get(root, "nodes");
    for (size_t i = 0; nodes != NULL && nodes->kind == VALUE_OBJECT && i < nodes->count; i++) {
        const Value *node = nodes->members[i].value;
        // Seeds come from the sandbox: dbt builds none of them here.
        if (text_equals(value_get_string(node, "resource_type", NULL), "seed")) continue;
        const char *name = value_get_string(node, "name", NULL);
        if (name != NULL) list_push(arena, &names, name);
    }
    return names;
}

// Behind what dbt's selection syntax allows before a name: "+", "2+", "@".
static const char *skip_operator(const char *selector) {
    const char *digits_end = selector + strspn(selector, "0123456789");
    if (*digits_end == '+') return digits_end + 1;
    return *selector == '@' ? selector + 1 : selector;
}

// "2+ordrs+" → "2+orders+"; unchanged when no name is near. A selector with a method ("tag:x") or a path names no node.
static const char *correct_selector(Arena *arena, const char *selector, const StringList *names) {
    const char *start = skip_operator(selector), *end = start + strcspn(start, "+");
    const char *word = arena_copy_bytes(arena, start, (size_t)(end - start));
    if (strpbrk(word, ":/,*.") != NULL || string_list_contains(names, word)) return selector;
    const char *nearest = text_nearest(word, names->items, names->count);
    if (nearest == NULL) return selector;
    return arena_format(arena, "%.*s%s%s", (int)(start - selector), selector, nearest, end);
}

bool dbt_trouble_with_selection(const StringList *selectors, const char *manifest, Error *err) {
    Arena *arena = err->arena;
    StringList names = read_node_names(arena, manifest), corrected = {0};
    list_each(const char *const, selector, selectors) list_push(arena, &corrected, correct_selector(arena, *selector, &names));
    const char *given = text_join(arena, selectors, " "), *meant = text_join(arena, &corrected, " ");
    error_set(err, ERROR_USAGE, "no model or test is selected by %s", given);
    if (!text_equals(given, meant)) return error_hint(err, "did you mean: devbox test dbt %s", meant);
    return error_hint(err, "what can be selected: devbox dbt ls");
}
