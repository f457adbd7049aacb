// dbt made ready: its own Python environment, the context that src/workers/dbt_run.py reads, the `dbt` of Airflow's tasks.
#pragma once
#include "services/child_environment.h"
#include "services/project.h"
#include "services/python_environment.h"

typedef struct DbtSetup {
    PythonEnvironment python;
    const char *worker;  // dbt_run.py
} DbtSetup;

// Where dbt works: the live sandbox, or private copies.
typedef struct DbtPlaces {
    const char *folder;                        // holds everything below
    const char *sandbox, *warehouse, *events;  // events NULL: none wanted
    bool publishes;
} DbtPlaces;

// The places of the live sandbox.
DbtPlaces dbt_live_places(Context *ctx, const Project *project);

// Where the environment is; installs nothing.
bool dbt_setup_observe(Context *ctx, const Project *project, DbtSetup *setup, Error *err) MUST_USE;

// Installs the environment when it is missing; reports progress for `step`.
bool dbt_setup_complete(Context *ctx, const Project *project, const char *step, DbtSetup *setup, Error *err) MUST_USE;

// Writes a context file for these places; *path is where.
bool dbt_write_context(Context *ctx, const Project *project, const DbtPlaces *places, const char **path, Error *err) MUST_USE;

// The environment dbt runs in: the project's .env and devbox's sandbox, nothing of production.
bool dbt_environment(Context *ctx, const Project *project, const DbtSetup *setup, ChildEnvironment *environment,
                     Error *err) MUST_USE;
