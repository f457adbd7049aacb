#include "model/config.h"

#include <stddef.h>

Config config_defaults(void) {
    return (Config){
        .runtime = RUNTIME_AUTO,
        .airflow = {.version = "3.0.6", .port = 8080, .requirements = "requirements.txt", .password = "admin", .memory = "2g"},
        .dags = "dags",
        .plugins = "plugins",
        .seeds_dir = "seeds",
        .dbt = {.target = "sandbox"},
        .airbyte = {.port = 8000},
        .gate = {.budget_ms = 240000, .runs_dags = true, .runs_dbt = true, .blocks_on_error = true},
    };
}

const char *const config_keys[] = {
#define CONFIG_KEY(path, ...) path,
#include "model/config_keys.def"
#undef CONFIG_KEY
};

const size_t config_key_count = sizeof config_keys / sizeof *config_keys;
