// The effective configuration: every key with its value and where that comes from.
#pragma once
#include "services/project.h"

typedef struct ConfigEntry {
    const char *path, *value;  // value as people read it; NULL when nothing is set
    const char *origin;        // "devbox.yaml:12", "default", "found", ".devbox/runtime"
} ConfigEntry;

typedef LIST_OF(ConfigEntry) ConfigEntryList;

// In the order of the schema. Secrets are masked without `reveals`.
bool config_report(Context *ctx, const Project *project, bool reveals, ConfigEntryList *entries, Error *err) MUST_USE;

// ERROR_CONFIG with devbox.yaml:line:column when a folder that the file names (dags, plugins, seeds.dir) is missing; one that
// only a default names need not be there.
bool config_check_folders(Context *ctx, const Project *project, Error *err) MUST_USE;
