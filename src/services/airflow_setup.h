// Airflow made ready to run natively: its Python environment, its metadata database, the variables it is started with.
#pragma once
#include "services/airflow_profile.h"
#include "services/child_environment.h"
#include "services/project.h"
#include "services/python_environment.h"

typedef struct AirflowSetup {
    AirflowProfile profile;
    PythonEnvironment python;
    const char *home;           // AIRFLOW_HOME of this checkout and version
    const char *database;       // its metadata database
    const char *template_path;  // a migrated empty one in the cache, copied for checkouts and tests
} AirflowSetup;

// Where everything is; installs nothing.
bool airflow_setup_observe(Context *ctx, const Project *project, AirflowSetup *setup, Error *err) MUST_USE;

// Makes environment, template and (where missing) the checkout's metadata database. Reports progress for `step`.
bool airflow_setup_complete(Context *ctx, const Project *project, const char *step, AirflowSetup *setup, Error *err) MUST_USE;

// Everything but the checkout's own database: enough to test DAGs.
bool airflow_setup_prepare_tests(Context *ctx, const Project *project, const char *step, AirflowSetup *setup,
                                 Error *err) MUST_USE;

// The environment of every Airflow process of this checkout: airflow.env of devbox.yaml over .env over the profile's env, and
// over all of them the profile's fixed_env. Port 0: a test, which serves nothing.
bool airflow_setup_environment(Context *ctx, const Project *project, const AirflowSetup *setup, int port,
                               ChildEnvironment *environment, Error *err) MUST_USE;
