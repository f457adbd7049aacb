// What a checkout says about its Airflow, as environment variables: never as arguments, which everybody on the machine can read.
#pragma once
#include "services/child_environment.h"
#include "services/secrets.h"

// Adds AIRFLOW_CONN_* and AIRFLOW_VAR_* of devbox.yaml (a line of .env wins), AIRFLOW_CONN_SANDBOX unless the checkout has its
// own, DEVBOX_SANDBOX and DEVBOX_DBT_PROJECT. What .env says is in the environment already (child_environment_create). Fails when
// two names become the same variable.
bool airflow_settings_apply(Context *ctx, const Project *project, ChildEnvironment *environment, Error *err) MUST_USE;

// What ${…} of a profile means in both runtimes; each adds where its own things are.
PairList airflow_settings_placeholders(Arena *arena, const Project *project, const Secrets *secrets, int port);
