#include "services/config_values.h"

#include <ctype.h>

#include "base/text.h"
#include "io/file_system.h"
#include "services/airflow_profile.h"
#include "services/config_structured.h"

void config_problem_add(ConfigReading *reading, int line, int column, const char *message, const char *hint) {
    ConfigProblem problem = {.line = line, .column = column, .message = message, .hint = hint};
    list_push(reading->arena, &reading->problems, problem);
}

const char *config_node_word(Arena *arena, const YamlNode *node) {
    switch (node->kind) {
        case YAML_LIST:
            return "a list";
        case YAML_MAP:
            return "a map";
        case YAML_NULL:
            return "nothing";
        default:
            break;
    }
    return node->is_quoted ? arena_format(arena, "the text \"%s\"", node->scalar) : node->scalar;
}

static void *target_of(const ConfigReading *reading, const ConfigKey *row) { return (char *)reading->config + row->offset; }

static bool is_stored(const ConfigKey *row) { return row->offset != CONFIG_NOWHERE; }

// "airflow.port must be a number from 1 to 65535, not abc"
static void report_wrong(ConfigReading *reading, const ConfigPlace *place, const char *wanted, const char *hint) {
    const YamlNode *node = place->entry->node;
    const char *word = config_node_word(reading->arena, node);
    const char *message = arena_format(reading->arena, "%s must be %s, not %s", place->path, wanted, word);
    config_problem_add(reading, node->line, node->column, message, hint);
}

static const char *example(ConfigReading *reading, const ConfigPlace *place, const char *value) {
    return arena_format(reading->arena, "write %s: %s", place->entry->key, value);
}

static bool read_scalar(ConfigReading *reading, const ConfigPlace *place, const char *wanted, const char **scalar) {
    const YamlNode *node = place->entry->node;
    *scalar = node->scalar;
    if (node->kind == YAML_SCALAR) return true;
    report_wrong(reading, place, wanted, NULL);
    return false;
}

static void read_text(ConfigReading *reading, const ConfigPlace *place) {
    const char *scalar;
    if (!read_scalar(reading, place, "text", &scalar) || !is_stored(place->row)) return;
    *(const char **)target_of(reading, place->row) = scalar;
}

// A slip of the keyboard, else one of the same major version: that is what the team's DAGs are written for.
static const char *nearest_version(const StringList *known, const char *wanted) {
    const char *nearest = text_nearest(wanted, known->items, known->count);
    if (nearest != NULL) return nearest;
    list_each(const char *const, version, known) {
        if (strcspn(*version, ".") == strcspn(wanted, ".") && strncmp(*version, wanted, strcspn(wanted, ".")) == 0) return *version;
    }
    return config_defaults().airflow.version;
}

static void read_version(ConfigReading *reading, const ConfigPlace *place) {
    const char *scalar;
    if (!read_scalar(reading, place, "a version", &scalar)) return;
    StringList known = airflow_profile_versions(reading->ctx);
    if (known.count > 0 && !string_list_contains(&known, scalar)) {
        const char *hint = arena_format(reading->arena, "write %s: \"%s\" (devbox knows %s)", place->entry->key,
                                        nearest_version(&known, scalar), text_join(reading->arena, &known, ", "));
        report_wrong(reading, place, "an Airflow version that devbox knows", hint);
        return;
    }
    *(const char **)target_of(reading, place->row) = scalar;
}

static bool read_path(ConfigReading *reading, const ConfigPlace *place, const char *what, const char **path) {
    Arena *arena = reading->arena;
    const char *wanted = arena_format(arena, "a %s inside the checkout", what);
    if (!read_scalar(reading, place, wanted, path)) return false;
    const char *absolute = path_absolute(arena, path_join(arena, reading->folder, *path));
    if (!text_is_empty(*path) && **path != '~' && path_is_inside(absolute, reading->folder)) return true;
    report_wrong(reading, place, wanted, "write it as seen from devbox.yaml, without .. or a / in front");
    return false;
}

static void read_folder(ConfigReading *reading, const ConfigPlace *place) {
    const char *path;
    if (!read_path(reading, place, "folder", &path) || !is_stored(place->row)) return;
    *(const char **)target_of(reading, place->row) = path;
}

static void read_file(ConfigReading *reading, const ConfigPlace *place) {
    const char *path;
    Arena *arena = reading->arena;
    if (!read_path(reading, place, "file", &path)) return;
    if (!file_exists(path_join(arena, reading->folder, path))) {
        const YamlNode *node = place->entry->node;
        const char *message = arena_format(arena, "%s: there is no file %s in the checkout", place->path, path);
        config_problem_add(reading, node->line, node->column, message, "create it, or remove the key");
        return;
    }
    *(const char **)target_of(reading, place->row) = path;
}

static void read_port(ConfigReading *reading, const ConfigPlace *place) {
    long long port;
    if (!yaml_as_integer(place->entry->node, &port) || port < 1 || port > 65535) {
        report_wrong(reading, place, "a number from 1 to 65535",
                     place->entry->node->is_quoted ? "write it without quotes" : example(reading, place, "8080"));
        return;
    }
    if (!is_stored(place->row)) return;
    *(int *)target_of(reading, place->row) = (int)port;
    Config *config = reading->config;
    if (target_of(reading, place->row) == &config->airflow.port) config->airflow.is_port_explicit = true;
    if (target_of(reading, place->row) == &config->airbyte.port) config->airbyte.is_port_explicit = true;
}

static void read_duration(ConfigReading *reading, const ConfigPlace *place) {
    const char *scalar;
    long long duration_ms;
    if (!read_scalar(reading, place, "a duration", &scalar)) return;
    if (!text_parse_duration(scalar, &duration_ms) || duration_ms == 0) {
        report_wrong(reading, place, "a duration such as 90s, 5m or 1h", example(reading, place, "240s"));
        return;
    }
    if (is_stored(place->row)) *(long long *)target_of(reading, place->row) = duration_ms;
}

static void read_memory(ConfigReading *reading, const ConfigPlace *place) {
    const char *scalar;
    if (!read_scalar(reading, place, "a size", &scalar)) return;
    size_t digits = strspn(scalar, "0123456789");
    bool has_unit = digits > 0 && scalar[digits] != '\0' && scalar[digits + 1] == '\0' && strchr("mgMG", scalar[digits]) != NULL;
    if (!has_unit || strspn(scalar, "0") == digits) {
        report_wrong(reading, place, "a size such as 512m or 2g", example(reading, place, "2g"));
    } else if (is_stored(place->row)) {
        *(const char **)target_of(reading, place->row) = scalar;
    }
}

// "auto|docker|native" → "auto, docker or native"
static const char *join_words(Arena *arena, const StringList *words) {
    Text joined = {.arena = arena};
    for (size_t i = 0; i < words->count; i++) {
        if (i > 0) text_append(&joined, i + 1 == words->count ? " or " : ", ");
        text_append(&joined, words->items[i]);
    }
    return text_string(&joined);
}

// The index of the node's word among the allowed ones, -1 after reporting that it is none of them.
static int find_choice(ConfigReading *reading, const ConfigPlace *place) {
    const YamlNode *node = place->entry->node;
    StringList words = text_split(reading->arena, place->row->allowed, '|');
    const char *nearest = words.items[0];
    if (node->kind == YAML_SCALAR) {
        for (size_t i = 0; i < words.count; i++) {
            if (text_equals(words.items[i], node->scalar)) return (int)i;
        }
        const char *near = text_nearest(node->scalar, words.items, words.count);
        if (near != NULL) nearest = near;
    }
    report_wrong(reading, place, join_words(reading->arena, &words), example(reading, place, nearest));
    return -1;
}

static void read_choice(ConfigReading *reading, const ConfigPlace *place) {
    int choice = find_choice(reading, place);
    if (choice >= 0 && is_stored(place->row)) *(int *)target_of(reading, place->row) = choice;
}

static void read_on_error(ConfigReading *reading, const ConfigPlace *place) {
    int choice = find_choice(reading, place);
    if (choice >= 0) *(bool *)target_of(reading, place->row) = choice == 0;
}

static void read_column(ConfigReading *reading, const ConfigPlace *place) {
    int choice = find_choice(reading, place);
    if (choice < 0) return;
    // seeds.columns.TABLE.COLUMN: both names may have dots of their own.
    const char *table = place->path + strlen("seeds.columns.");
    size_t length = strlen(table) - strlen(place->entry->key) - 1;
    SeedColumn column = {.column = place->entry->key, .type = place->entry->node->scalar};
    column.table = arena_copy_bytes(reading->arena, table, length);
    list_push(reading->arena, (SeedColumnList *)target_of(reading, place->row), column);
}

// The texts of a list; false after reporting what is none.
static bool read_strings(ConfigReading *reading, const ConfigPlace *place, StringList *strings) {
    const YamlNode *node = place->entry->node;
    Arena *arena = reading->arena;
    if (node->kind != YAML_LIST) {
        const char *hint =
            node->kind == YAML_SCALAR ? arena_format(arena, "write %s: [%s]", place->entry->key, node->scalar) : NULL;
        report_wrong(reading, place, "a list", hint);
        return false;
    }
    size_t problems = reading->problems.count;
    for (size_t i = 0; i < node->items.count; i++) {
        const YamlNode *item = node->items.items[i];
        if (item->kind == YAML_SCALAR && *item->scalar != '\0') {
            list_push(arena, strings, item->scalar);
            continue;
        }
        const char *message = arena_format(arena, "%s[%zu] must be text, not %s", place->path, i, config_node_word(arena, item));
        config_problem_add(reading, item->line, item->column, message, NULL);
    }
    return reading->problems.count == problems;
}

static void read_text_list(ConfigReading *reading, const ConfigPlace *place) {
    StringList strings = {0};
    if (read_strings(reading, place, &strings) && is_stored(place->row)) *(StringList *)target_of(reading, place->row) = strings;
}

static bool is_variable_name(const char *name) {
    if (*name == '\0' || isdigit((unsigned char)*name)) return false;
    for (; *name != '\0'; name++) {
        if (!isalnum((unsigned char)*name) && *name != '_') return false;
    }
    return true;
}

static void read_name_list(ConfigReading *reading, const ConfigPlace *place) {
    StringList names = {0};
    if (!read_strings(reading, place, &names)) return;
    for (size_t i = 0; i < names.count; i++) {
        if (is_variable_name(names.items[i])) continue;
        const YamlNode *item = place->entry->node->items.items[i];
        const char *message =
            arena_format(reading->arena, "%s[%zu]: %s is no name of an environment variable", place->path, i, item->scalar);
        config_problem_add(reading, item->line, item->column, message, "write each name in full, without $, = or *");
        return;
    }
    *(StringList *)target_of(reading, place->row) = names;
}

static void read_gate_parts(ConfigReading *reading, const ConfigPlace *place) {
    StringList parts = {0};
    if (!read_strings(reading, place, &parts)) return;
    StringList words = text_split(reading->arena, place->row->allowed, '|');
    for (size_t i = 0; i < parts.count; i++) {
        if (string_list_contains(&words, parts.items[i])) continue;
        const YamlNode *item = place->entry->node->items.items[i];
        const char *message = arena_format(reading->arena, "%s[%zu] must be %s, not %s", place->path, i,
                                           join_words(reading->arena, &words), item->scalar);
        config_problem_add(reading, item->line, item->column, message, "write run: [dags, dbt]");
        return;
    }
    GateConfig *gate = target_of(reading, place->row);
    gate->runs_dags = string_list_contains(&parts, "dags");
    gate->runs_dbt = string_list_contains(&parts, "dbt");
}

static void keep_pair(ConfigReading *reading, const ConfigPlace *place, const char *value) {
    Pair pair = {.key = place->entry->key, .value = value};
    pair.origin = arena_format(reading->arena, "devbox.yaml:%d", place->entry->key_line);
    list_push(reading->arena, (PairList *)target_of(reading, place->row), pair);
}

static void read_variable(ConfigReading *reading, const ConfigPlace *place) {
    const char *scalar;
    if (!is_variable_name(place->entry->key)) {
        const char *message =
            arena_format(reading->arena, "%s: %s is no name of an environment variable", place->path, place->entry->key);
        config_problem_add(reading, place->entry->key_line, place->entry->key_column, message, "use letters, digits and _");
        return;
    }
    if (read_scalar(reading, place, "text", &scalar)) keep_pair(reading, place, scalar);
}

static void read_structured(ConfigReading *reading, const ConfigPlace *place) {
    const YamlNode *node = place->entry->node;
    keep_pair(reading, place, node->kind == YAML_SCALAR ? node->scalar : config_node_to_json(reading->arena, node));
}

static void read_connection(ConfigReading *reading, const ConfigPlace *place) {
    const char *value;
    if (config_connection_read(reading, place, &value)) keep_pair(reading, place, value);
}

static void read_pool(ConfigReading *reading, const ConfigPlace *place) {
    PoolConfig pool = {.name = place->entry->key};
    if (config_pool_read(reading, place, &pool))
        list_push(reading->arena, (PoolConfigList *)target_of(reading, place->row), pool);
}

static void read_nothing(ConfigReading *reading, const ConfigPlace *place) {
    (void)reading;
    (void)place;
}

typedef void ValueReader(ConfigReading *reading, const ConfigPlace *place);

static ValueReader *const readers[] = {
    [CONFIG_SECTION] = read_nothing,
    [CONFIG_TEXT] = read_text,
    [CONFIG_VERSION] = read_version,
    [CONFIG_FOLDER] = read_folder,
    [CONFIG_FILE] = read_file,
    [CONFIG_PORT] = read_port,
    [CONFIG_DURATION] = read_duration,
    [CONFIG_MEMORY] = read_memory,
    [CONFIG_CHOICE] = read_choice,
    [CONFIG_TEXT_LIST] = read_text_list,
    [CONFIG_NAME_LIST] = read_name_list,
    [CONFIG_VARIABLE] = read_variable,
    [CONFIG_STRUCTURED] = read_structured,
    [CONFIG_CONNECTION] = read_connection,
    [CONFIG_POOL] = read_pool,
    [CONFIG_COLUMN] = read_column,
    [CONFIG_GATE_PARTS] = read_gate_parts,
    [CONFIG_ON_ERROR] = read_on_error,
    [CONFIG_ANY] = read_nothing,
};

void config_value_read(ConfigReading *reading, const ConfigPlace *place) { readers[place->row->kind](reading, place); }
