#include "services/config_file.h"

#include "base/text.h"
#include "io/file_system.h"
#include "services/config_values.h"

static const char *join_path(Arena *arena, const char *section, const char *name) {
    return *section == '\0' ? name : arena_format(arena, "%s.%s", section, name);
}

// The path of a row elsewhere whose last word is `name`: somebody who writes `port:` at the top means airflow.port.
static const char *find_elsewhere(const char *name) {
    for (size_t i = 0; i < config_schema_count; i++) {
        const char *last = strrchr(config_schema[i].path, '.');
        if (last != NULL && text_equals(last + 1, name)) return config_schema[i].path;
    }
    return NULL;
}

static void report_unknown_key(ConfigReading *reading, const char *section, const char *path, const YamlEntry *entry) {
    Arena *arena = reading->arena;
    StringList names = config_schema_names(arena, section);
    const char *message = arena_format(arena, "%s is no key that devbox knows", path);
    const char *nearest = text_nearest(entry->key, names.items, names.count);
    const char *elsewhere = find_elsewhere(entry->key);
    const char *hint = arena_format(arena, "valid %s%s: %s", *section == '\0' ? "at the top" : "below ", section,
                                    text_join(arena, &names, ", "));
    if (elsewhere != NULL) hint = arena_format(arena, "did you mean %s?", elsewhere);
    if (nearest != NULL) hint = arena_format(arena, "did you mean %s?", join_path(arena, section, nearest));
    config_problem_add(reading, entry->key_line, entry->key_column, message, hint);
}

static void report_no_map(ConfigReading *reading, const ConfigPlace *place) {
    Arena *arena = reading->arena;
    const YamlNode *node = place->entry->node;
    StringList names = config_schema_names(arena, place->row->path);
    const char *message = arena_format(arena, "%s must hold keys of its own, not %s", place->path, config_node_word(arena, node));
    const char *hint = "write NAME: value on the lines below it, indented";
    if (names.count > 0)
        hint = arena_format(arena, "write its keys on the lines below it, indented: %s", text_join(arena, &names, ", "));
    config_problem_add(reading, node->line, node->column, message, hint);
}

// Depth is bounded by the schema: only sections are gone into.
static void read_section(ConfigReading *reading, const YamlNode *map, const char *schema_path, const char *path) {
    list_each (const YamlEntry, entry, &map->entries) {
        ConfigPlace place = {.path = join_path(reading->arena, path, entry->key), .entry = entry};
        place.row = config_schema_find(schema_path, entry->key);
        if (place.row == NULL) {
            report_unknown_key(reading, schema_path, place.path, entry);
        } else if (entry->node->kind == YAML_NULL) {
            continue;  // a key whose lines are all commented out
        } else if (place.row->kind != CONFIG_SECTION) {
            config_value_read(reading, &place);
        } else if (entry->node->kind != YAML_MAP) {
            report_no_map(reading, &place);
        } else {
            read_section(reading, entry->node, place.row->path, place.path);
        }
    }
}

static const char *describe_problem(Arena *arena, const ConfigProblem *problem) {
    return arena_format(arena, "%s:%d:%d: %s", CONFIG_FILE_NAME, problem->line, problem->column, problem->message);
}

static bool report_problems(ConfigReading *reading, Error *err) {
    const ConfigProblem *first = &reading->problems.items[0];
    Text others = {.arena = reading->arena};
    for (size_t i = 1; i < reading->problems.count; i++) {
        const ConfigProblem *problem = &reading->problems.items[i];
        if (i > 1) text_append_char(&others, '\n');
        text_append(&others, describe_problem(reading->arena, problem));
        if (problem->hint != NULL) text_append_format(&others, " (%s)", problem->hint);
    }
    error_set(err, ERROR_CONFIG, "%s", describe_problem(reading->arena, first));
    if (first->hint != NULL) error_hint(err, "%s", first->hint);
    return error_detail(err, text_string(&others));
}

bool config_file_read(Context *ctx, const char *path, Config *config, Error *err) {
    char *text;
    size_t length;
    YamlNode *root;
    Config read = *config;
    ConfigReading reading = {.ctx = ctx, .arena = ctx->arena, .folder = path_folder(ctx->arena, path), .config = &read};
    if (!file_read(ctx->arena, path, &text, &length, err)) return false;
    if (!yaml_parse(ctx->arena, text, length, CONFIG_FILE_NAME, &root, err)) return false;
    if (root->kind == YAML_MAP) {
        read_section(&reading, root, "", "");
    } else if (root->kind != YAML_NULL) {
        const char *message = arena_format(ctx->arena, "the file must hold keys, not %s", config_node_word(ctx->arena, root));
        config_problem_add(&reading, root->line, root->column, message,
                           "write lines like `runtime: auto`; devbox config show prints what holds now");
    }
    if (reading.problems.count > 0) return report_problems(&reading, err);
    read.path = arena_copy_string(ctx->arena, path);
    *config = read;
    return true;
}
