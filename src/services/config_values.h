// The values of devbox.yaml: one reader per kind of key, each checking what it stores. Used by config_file.c only.
#pragma once
#include "base/context.h"
#include "io/yaml.h"
#include "model/config_schema.h"

typedef struct ConfigProblem {
    int line, column;
    const char *message, *hint;
} ConfigProblem;

typedef LIST_OF(ConfigProblem) ConfigProblemList;

typedef struct ConfigReading {
    Context *ctx;
    Arena *arena;
    const char *folder;  // of devbox.yaml
    Config *config;
    ConfigProblemList problems;
} ConfigReading;

// A value and where it stands.
typedef struct ConfigPlace {
    const ConfigKey *row;
    const char *path;  // "airflow.pools.crm"
    const YamlEntry *entry;
} ConfigPlace;

// Checks the value and stores it; a mistake becomes a problem.
void config_value_read(ConfigReading *reading, const ConfigPlace *place);

// Notes a mistake at a node; `hint` may be NULL.
void config_problem_add(ConfigReading *reading, int line, int column, const char *message, const char *hint);

// "text", "a number", "a list", …: what a node is, for messages.
const char *config_node_word(Arena *arena, const YamlNode *node);
