// What a dbt project says about its seeds: where they are, and their column types, alias, delimiter.
#pragma once
#include "io/yaml.h"
#include "services/seed_files.h"

typedef LIST_OF(const YamlNode *) YamlNodeList;

typedef struct DbtSeedConfig {
    const char *dbt_dir;
    const YamlNode *project;  // dbt_project.yml; NULL when it cannot be read
    StringList paths;         // seed-paths, absolute
    YamlNodeList properties;  // the entries below `seeds:` of the properties files
} DbtSeedConfig;

// Reads dbt_project.yml. A file that devbox cannot read is a warning: dbt itself is the judge of it.
DbtSeedConfig dbt_seed_config_read(Context *ctx, const char *dbt_dir);

// Adds a properties file (*.yml) that was found among the seeds.
void dbt_seed_config_add_properties(Context *ctx, DbtSeedConfig *config, const char *path);

// Fills in what the project says about this seed; `inside` is its path below the seed path ("raw/orders.csv"). False when the
// seed is disabled.
bool dbt_seed_config_apply(Context *ctx, const DbtSeedConfig *config, const char *inside, SeedFile *file);
