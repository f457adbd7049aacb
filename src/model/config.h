// What devbox.yaml means. Pure: reading the file is services/config_file's job.
#pragma once
#include <stdbool.h>

#include "model/pair.h"

typedef enum Runtime { RUNTIME_AUTO, RUNTIME_DOCKER, RUNTIME_NATIVE } Runtime;

// A column type that the user gave for a seed: integer, real, text, boolean, date, timestamp.
typedef struct SeedColumn {
    const char *table, *column, *type;
} SeedColumn;

typedef LIST_OF(SeedColumn) SeedColumnList;

typedef struct PoolConfig {
    const char *name, *description;
    int slots;
} PoolConfig;

typedef LIST_OF(PoolConfig) PoolConfigList;

typedef enum PullPolicy { PULL_MISSING, PULL_NEVER } PullPolicy;

typedef struct AirflowConfig {
    const char *version;                   // a folder of compose/profiles
    int port;                              // 8080 unless given
    bool is_port_explicit;                 // an explicit port is never moved
    const char *requirements;              // relative to the checkout; NULL when there is none; the default need not exist
    PairList env, variables, connections;  // connections: value is a URI or JSON
    PoolConfigList pools;
    StringList unpause;
    const char *password;                // of the UI login admin
    const char *image, *database_image;  // of the Docker runtime, instead of the profile's; NULL: the profile's
    const char *memory;                  // limit of each container of Airflow: "2g"
    PullPolicy pull;
    const char *build_network;  // that the image is built in ("host"); NULL: the engine's default
} AirflowConfig;

typedef struct DbtConfig {
    const char *project;  // relative to the checkout; NULL: looked for to depth 3
    const char *target;
} DbtConfig;

typedef enum Choice { CHOICE_AUTO, CHOICE_TRUE, CHOICE_FALSE } Choice;

typedef struct AirbyteConfig {
    Choice enabled;           // whether start brings it up; auto: when it is installed and this machine can
    int port;                 // 8000 unless given; of a new cluster, an installed one keeps its own
    bool is_port_explicit;    // an explicit port is never moved
    const char *version;      // of Airbyte's chart; NULL: devbox's own choice
    Choice low_resource;      // auto: by the engine's memory
    StringList abctl_sha256;  // of the release's archives, when the user has looked them up
    const char *abctl;        // path of an own abctl, relative to the checkout; NULL: PATH, else devbox's cache
} AirbyteConfig;

typedef struct GateConfig {
    long long budget_ms;
    bool runs_dags, runs_dbt;
    StringList run_dags;      // ids or tag:NAME that the gate really runs
    bool blocks_on_error;     // on_error: block | warn, for infrastructure trouble
    StringList extra_inputs;  // globs
} GateConfig;

typedef struct Config {
    const char *path;          // absolute path of devbox.yaml, NULL when defaults serve
    Runtime runtime;           // what holds; `auto` once nobody has decided yet
    bool is_runtime_explicit;  // devbox.yaml names it
    AirflowConfig airflow;
    const char *dags, *plugins;  // folders relative to the checkout
    const char *seeds_dir;
    SeedColumnList seed_columns;
    DbtConfig dbt;
    AirbyteConfig airbyte;
    GateConfig gate;
    StringList env_pass;  // names of shell variables that children may see
} Config;

// What holds without a file.
Config config_defaults(void);

// Every valid key path, sections too ("airflow", "airflow.port"), for "did you mean" and the schema; `*` stands for a name of the
// user's choice.
extern const char *const config_keys[];
extern const size_t config_key_count;
