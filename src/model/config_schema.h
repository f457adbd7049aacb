// The keys of devbox.yaml as a table. Pure.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "model/config.h"

typedef enum ConfigKind {
    CONFIG_SECTION,     // a map of keys that have rows of their own
    CONFIG_TEXT,        // const char *
    CONFIG_VERSION,     // const char *, a profile's name
    CONFIG_FOLDER,      // const char *, inside the checkout
    CONFIG_FILE,        // const char *, inside the checkout, must exist
    CONFIG_PORT,        // int, 1 to 65535
    CONFIG_DURATION,    // long long, milliseconds
    CONFIG_MEMORY,      // 512m, 2g
    CONFIG_CHOICE,      // int: index of the word in `allowed`
    CONFIG_TEXT_LIST,   // StringList
    CONFIG_NAME_LIST,   // StringList of environment variable names
    CONFIG_VARIABLE,    // appended to a PairList; the name is an environment variable
    CONFIG_STRUCTURED,  // appended to a PairList; lists and maps as JSON
    CONFIG_CONNECTION,  // appended to a PairList; a URI or JSON
    CONFIG_POOL,        // appended to a PoolConfigList
    CONFIG_COLUMN,      // appended to a SeedColumnList
    CONFIG_GATE_PARTS,  // GateConfig: runs_dags, runs_dbt
    CONFIG_ON_ERROR,    // bool: true for the first word of `allowed`
    CONFIG_ANY,         // nothing to check
} ConfigKind;

#define CONFIG_NOWHERE SIZE_MAX

typedef struct ConfigKey {
    const char *path;  // "airflow.port"
    ConfigKind kind;
    size_t offset;        // in Config, CONFIG_NOWHERE while nothing uses it
    const char *allowed;  // words with | between them, or NULL
    const char *help;     // one line, no full stop
} ConfigKey;

extern const ConfigKey config_schema[];
extern const size_t config_schema_count;

// The row for `name` below the section with this schema path ("" at the top), NULL when there is none.
const ConfigKey *config_schema_find(const char *section, const char *name);

// Names of the rows right below a section, without `*`.
StringList config_schema_names(Arena *arena, const char *section);
