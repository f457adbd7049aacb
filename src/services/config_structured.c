#include "services/config_structured.h"

#include <ctype.h>
#include <errno.h>

#include "base/text.h"
#include "io/json.h"

static bool as_real(const YamlNode *node, double *real) {
    char *end;
    if (node->is_quoted || node->scalar[strspn(node->scalar, "+-0123456789.eE")] != '\0') return false;
    if (strpbrk(node->scalar, "0123456789") == NULL) return false;
    errno = 0;
    *real = strtod(node->scalar, &end);
    return errno == 0 && *end == '\0';
}

static Value *scalar_to_value(Arena *arena, const YamlNode *node) {
    bool boolean;
    long long integer;
    double real;
    if (yaml_as_bool(node, &boolean)) return value_bool(arena, boolean);
    if (yaml_as_integer(node, &integer)) return value_integer(arena, integer);
    if (as_real(node, &real)) return value_real(arena, real);
    return value_string(arena, node->scalar);
}

// The depth is that of the YAML tree, which its parser limits.
static Value *node_to_value(Arena *arena, const YamlNode *node) {
    if (node->kind == YAML_NULL) return value_null(arena);
    if (node->kind == YAML_SCALAR) return scalar_to_value(arena, node);
    Value *value = node->kind == YAML_LIST ? value_array(arena) : value_object(arena);
    for (size_t i = 0; i < node->items.count; i++) value_append(arena, value, node_to_value(arena, node->items.items[i]));
    for (size_t i = 0; i < node->entries.count; i++) {
        value_set(arena, value, node->entries.items[i].key, node_to_value(arena, node->entries.items[i].node));
    }
    return value;
}

const char *config_node_to_json(Arena *arena, const YamlNode *node) { return json_print(arena, node_to_value(arena, node)); }

static bool fail_at(ConfigReading *reading, const YamlNode *node, const char *message, const char *hint) {
    config_problem_add(reading, node->line, node->column, message, hint);
    return false;
}

static bool is_valid_id(const char *id) {
    for (; *id != '\0'; id++) {
        if (!isalnum((unsigned char)*id) && strchr("_.-", *id) == NULL) return false;
    }
    return true;
}

static bool is_uri(const char *text) {
    size_t scheme = 0;
    while (isalnum((unsigned char)text[scheme]) || (text[scheme] != '\0' && strchr("+-._", text[scheme]) != NULL)) scheme++;
    return scheme > 0 && text_starts_with(text + scheme, "://");
}

static bool read_connection_text(ConfigReading *reading, const ConfigPlace *place, const char **value) {
    const YamlNode *node = place->entry->node;
    Value *parsed;
    Error err = {.arena = reading->arena};
    const char *hint =
        "write postgres://user:password@host:5432/database, or a map with conn_type, host, login, password, schema, port, extra";
    *value = node->scalar;
    if (is_uri(node->scalar)) return true;
    if (*node->scalar == '{' && json_parse(reading->arena, node->scalar, place->path, &parsed, &err)) return true;
    // The value itself stays out of the message: it may hold a password.
    return fail_at(reading, node, arena_format(reading->arena, "%s is neither a connection URI nor JSON nor a map", place->path),
                   hint);
}

static const char *const connection_fields[] = {"conn_type", "host", "login", "password",
                                                "schema",    "port", "extra", "description"};
enum { CONNECTION_FIELD_COUNT = sizeof connection_fields / sizeof *connection_fields };

static bool check_connection_field(ConfigReading *reading, const ConfigPlace *place, const YamlEntry *field) {
    Arena *arena = reading->arena;
    long long port;
    for (size_t i = 0; i < CONNECTION_FIELD_COUNT; i++) {
        if (!text_equals(connection_fields[i], field->key)) continue;
        bool is_port = text_equals(field->key, "port");
        if (is_port && (!yaml_as_integer(field->node, &port) || port < 1 || port > 65535)) {
            const char *word = config_node_word(arena, field->node);
            const char *message = arena_format(arena, "%s.port must be a number from 1 to 65535, not %s", place->path, word);
            return fail_at(reading, field->node, message, "write it without quotes, like port: 5432");
        }
        if (text_equals(field->key, "extra") || field->node->kind == YAML_SCALAR || field->node->kind == YAML_NULL) return true;
        const char *word = config_node_word(arena, field->node);
        return fail_at(reading, field->node, arena_format(arena, "%s.%s must be text, not %s", place->path, field->key, word),
                       NULL);
    }
    const char *nearest = text_nearest(field->key, connection_fields, CONNECTION_FIELD_COUNT);
    const char *hint = nearest == NULL ? "put what is special to the connection's type below extra"
                                       : arena_format(arena, "did you mean %s?", nearest);
    config_problem_add(reading, field->key_line, field->key_column,
                       arena_format(arena, "%s.%s is no field of a connection", place->path, field->key), hint);
    return false;
}

// Text stays text (a login 007, a password 1234); only the port and what is below extra have types.
static Value *connection_value(Arena *arena, const YamlNode *map) {
    Value *connection = value_object(arena);
    list_each (const YamlEntry, field, &map->entries) {
        if (field->node->kind == YAML_NULL) continue;
        bool is_typed = text_equals(field->key, "port") || text_equals(field->key, "extra");
        Value *value = is_typed ? node_to_value(arena, field->node) : value_string(arena, field->node->scalar);
        value_set(arena, connection, field->key, value);
    }
    return connection;
}

bool config_connection_read(ConfigReading *reading, const ConfigPlace *place, const char **value) {
    const YamlNode *node = place->entry->node;
    Arena *arena = reading->arena;
    if (!is_valid_id(place->entry->key)) {
        const char *message = arena_format(arena, "%s: a connection's id has only letters, digits, _, - and .", place->path);
        config_problem_add(reading, place->entry->key_line, place->entry->key_column, message, NULL);
        return false;
    }
    if (node->kind == YAML_SCALAR) return read_connection_text(reading, place, value);
    if (node->kind != YAML_MAP)
        return fail_at(reading, node, arena_format(arena, "%s must be a URI or a map, not a list", place->path), NULL);
    bool is_valid = true;
    list_each (const YamlEntry, field, &node->entries) is_valid = check_connection_field(reading, place, field) && is_valid;
    if (!is_valid) return false;
    if (text_is_empty(yaml_get_string(node, "conn_type", NULL))) {
        return fail_at(reading, node, arena_format(arena, "%s has no conn_type", place->path),
                       "add a line like conn_type: postgres");
    }
    *value = json_print(arena, connection_value(arena, node));
    return true;
}

static bool read_slots(ConfigReading *reading, const char *path, const YamlNode *node, int *slots) {
    long long number;
    // -1 is Airflow's word for no limit.
    if (yaml_as_integer(node, &number) && number >= -1 && number <= INT32_MAX) {
        *slots = (int)number;
        return true;
    }
    const char *word = config_node_word(reading->arena, node);
    return fail_at(reading, node, arena_format(reading->arena, "%s must be a number of slots, not %s", path, word),
                   "write a whole number, like 4; -1 is no limit");
}

bool config_pool_read(ConfigReading *reading, const ConfigPlace *place, PoolConfig *pool) {
    const YamlNode *node = place->entry->node;
    Arena *arena = reading->arena;
    if (node->kind != YAML_MAP) return read_slots(reading, place->path, node, &pool->slots);
    list_each (const YamlEntry, field, &node->entries) {
        if (text_equals(field->key, "slots") || text_equals(field->key, "description")) continue;
        const char *message = arena_format(arena, "%s.%s is no setting of a pool", place->path, field->key);
        config_problem_add(reading, field->key_line, field->key_column, message, "a pool has slots and description");
        return false;
    }
    const YamlNode *slots = yaml_get(node, "slots");
    if (slots == NULL)
        return fail_at(reading, node, arena_format(arena, "%s has no slots", place->path), "add a line like slots: 4");
    pool->description = yaml_get_string(node, "description", NULL);
    return read_slots(reading, arena_format(arena, "%s.slots", place->path), slots, &pool->slots);
}
