#include "model/config_json_schema.h"

#include "base/text.h"
#include "model/config_schema.h"

#define ANY_NAME "*"
#define VARIABLE_NAME "^[A-Za-z_][A-Za-z0-9_]*$"

static Value *of_type(Arena *arena, const char *type) {
    Value *schema = value_object(arena);
    value_set_string(arena, schema, "type", type);
    return schema;
}

static Value *of_pattern(Arena *arena, const char *pattern) {
    Value *schema = of_type(arena, "string");
    value_set_string(arena, schema, "pattern", pattern);
    return schema;
}

static Value *of_types(Arena *arena, const char *const *names, size_t count) {
    Value *schema = value_object(arena), *types = value_array(arena);
    for (size_t i = 0; i < count; i++) value_append(arena, types, value_string(arena, names[i]));
    value_set(arena, schema, "type", types);
    return schema;
}

// Numbers and words for yes and no are text to devbox where text is wanted, but not to YAML.
static Value *of_scalar(Arena *arena) {
    static const char *const names[] = {"string", "number", "boolean"};
    return of_types(arena, names, sizeof names / sizeof *names);
}

static Value *either(Arena *arena, Value *one, Value *other) {
    Value *schema = value_object(arena), *both = value_array(arena);
    value_append(arena, both, one);
    value_append(arena, both, other);
    value_set(arena, schema, "anyOf", both);
    return schema;
}

static Value *one_of(Arena *arena, const StringList *words) {
    Value *schema = value_object(arena), *list = value_array(arena);
    list_each(const char *const, word, words) {
        bool is_yes = text_equals(*word, "true");
        value_append(arena, list, value_string(arena, *word));
        // To YAML it is more than text, unless it stands in quotes.
        if (is_yes || text_equals(*word, "false")) value_append(arena, list, value_bool(arena, is_yes));
    }
    value_set(arena, schema, "enum", list);
    return schema;
}

static Value *choice(Arena *arena, const char *allowed) {
    StringList words = text_split(arena, allowed, '|');
    return one_of(arena, &words);
}

static Value *list_of(Arena *arena, Value *item) {
    Value *schema = of_type(arena, "array");
    value_set(arena, schema, "items", item);
    return schema;
}

static Value *at_least_one(Arena *arena) {
    Value *schema = of_type(arena, "integer");
    value_set_integer(arena, schema, "minimum", 1);
    return schema;
}

static Value *port(Arena *arena) {
    Value *schema = at_least_one(arena);
    value_set_integer(arena, schema, "maximum", 65535);
    return schema;
}

static Value *map_with(Arena *arena, const char *required) {
    Value *schema = of_type(arena, "object"), *names = value_array(arena);
    value_append(arena, names, value_string(arena, required));
    value_set(arena, schema, "required", names);
    return schema;
}

static Value *version(Arena *arena, const StringList *versions) {
    return versions->count == 0 ? of_type(arena, "string") : one_of(arena, versions);
}

static Value *section(Arena *arena, const char *path, const StringList *versions);

static Value *describe_kind(Arena *arena, const ConfigKey *row, const StringList *versions) {
    switch (row->kind) {
        case CONFIG_SECTION:
            return section(arena, row->path, versions);
        case CONFIG_TEXT:
        case CONFIG_VARIABLE:
            return of_scalar(arena);
        case CONFIG_VERSION:
            return version(arena, versions);
        case CONFIG_FOLDER:
        case CONFIG_FILE:
            return of_type(arena, "string");
        case CONFIG_PORT:
            return port(arena);
        case CONFIG_DURATION:
            return either(arena, of_pattern(arena, "^0*[1-9][0-9]*(ms|s|m|h)?$"), at_least_one(arena));
        case CONFIG_MEMORY:
            return of_pattern(arena, "^0*[1-9][0-9]*[mgMG]$");
        case CONFIG_CHOICE:
        case CONFIG_ON_ERROR:
        case CONFIG_COLUMN:
            return choice(arena, row->allowed);
        case CONFIG_TEXT_LIST:
            return list_of(arena, of_scalar(arena));
        case CONFIG_NAME_LIST:
            return list_of(arena, of_pattern(arena, VARIABLE_NAME));
        case CONFIG_GATE_PARTS:
            return list_of(arena, choice(arena, row->allowed));
        case CONFIG_CONNECTION:
            return either(arena, of_type(arena, "string"), map_with(arena, "conn_type"));
        case CONFIG_POOL:
            return either(arena, of_type(arena, "integer"), map_with(arena, "slots"));
        case CONFIG_STRUCTURED:
        case CONFIG_ANY:
            break;
    }
    return value_object(arena);
}

static Value *describe(Arena *arena, const ConfigKey *row, const StringList *versions) {
    Value *schema = describe_kind(arena, row, versions);
    value_set_string(arena, schema, "description", row->help);
    return schema;
}

// Only names that devbox knows, unless the names are the user's.
static Value *section(Arena *arena, const char *path, const StringList *versions) {
    static const char *const map_or_nothing[] = {"object", "null"};
    Value *schema = of_types(arena, map_or_nothing, 2), *properties = value_object(arena);
    const ConfigKey *any = config_schema_find(path, ANY_NAME);
    if (any != NULL && any->kind == CONFIG_VARIABLE) value_set(arena, schema, "propertyNames", of_pattern(arena, VARIABLE_NAME));
    StringList names = config_schema_names(arena, path);
    list_each(const char *const, name, &names) {
        value_set(arena, properties, *name, describe(arena, config_schema_find(path, *name), versions));
    }
    value_set(arena, schema, "properties", properties);
    value_set(arena, schema, "additionalProperties", any == NULL ? value_bool(arena, false) : describe(arena, any, versions));
    return schema;
}

Value *config_json_schema(Arena *arena, const StringList *versions) {
    Value *schema = value_object(arena), *top = section(arena, "", versions);
    value_set_string(arena, schema, "$schema", "http://json-schema.org/draft-07/schema#");
    value_set_string(arena, schema, "title", "devbox.yaml");
    for (size_t i = 0; i < top->count; i++) value_set(arena, schema, top->members[i].key, top->members[i].value);
    return schema;
}
