// The environment that children get: ours, without anything that reaches production.
#pragma once
#include "services/project.h"

typedef struct ChildEnvironment {
    Arena *arena;
    PairList variables;  // origin: "shell", "shell (env.pass)", ".env:3", "devbox.yaml:12" or "devbox"
} ChildEnvironment;

// Our environment minus cloud and warehouse credentials (AWS_*, GOOGLE_*, AZURE_*, SNOWFLAKE_*, DATABRICKS_*, DBT_*, AIRFLOW_*,
// …, and every name that promises a secret), git's variables and Python's own (PYTHONPATH, VIRTUAL_ENV,
// PYTHONDONTWRITEBYTECODE…), plus AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE=/dev/null, AWS_EC2_METADATA_DISABLED=true and
// their like. With a project, env.pass names come back in, then .env's lines, then DEVBOX_INSTANCE. `project` may be NULL (tools
// that run no user code).
ChildEnvironment child_environment_create(Context *ctx, const Project *project);

// The same for a container, which has programs and folders of its own: of the shell only proxies are kept.
ChildEnvironment child_environment_create_for_container(Context *ctx, const Project *project);

void child_environment_set(ChildEnvironment *environment, const char *key, const char *value);
void child_environment_set_from(ChildEnvironment *environment, const char *key, const char *value, const char *origin);
void child_environment_unset(ChildEnvironment *environment, const char *key);
const char *child_environment_get(const ChildEnvironment *environment, const char *key);

// Puts `folder` first in PATH.
void child_environment_prepend_path(ChildEnvironment *environment, const char *folder);

// NULL-terminated "KEY=value" for a ProcessSpec.
const char *const *child_environment_vector(const ChildEnvironment *environment);

// Names that env.pass lets through and that are set, and what .env sets for a cloud or warehouse, for the note at start.
StringList child_environment_passed(Context *ctx, const Project *project);

// Names of our environment that children do not get, sorted.
StringList child_environment_withheld(Context *ctx, const Project *project);
