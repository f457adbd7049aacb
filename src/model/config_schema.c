#include "model/config_schema.h"

#include "base/text.h"

#define AT(field) offsetof(Config, field)
#define LATER CONFIG_NOWHERE

const ConfigKey config_schema[] = {
#define CONFIG_KEY(path, kind, offset, allowed, help) {path, CONFIG_##kind, offset, allowed, help},
#include "model/config_keys.def"
#undef CONFIG_KEY
};

const size_t config_schema_count = sizeof config_schema / sizeof *config_schema;

// What a path names below its section: "port" for "airflow.port" below "airflow", NULL for rows elsewhere.
static const char *name_below(const char *path, const char *section) {
    size_t length = strlen(section);
    if (length > 0) {
        if (!text_starts_with(path, section) || path[length] != '.') return NULL;
        path += length + 1;
    }
    return strchr(path, '.') == NULL ? path : NULL;
}

const ConfigKey *config_schema_find(const char *section, const char *name) {
    for (size_t i = 0; i < config_schema_count; i++) {
        const char *known = name_below(config_schema[i].path, section);
        if (known != NULL && (text_equals(known, name) || text_equals(known, "*"))) return &config_schema[i];
    }
    return NULL;
}

StringList config_schema_names(Arena *arena, const char *section) {
    StringList names = {0};
    for (size_t i = 0; i < config_schema_count; i++) {
        const char *known = name_below(config_schema[i].path, section);
        if (known != NULL && !text_equals(known, "*")) list_push(arena, &names, known);
    }
    return names;
}
