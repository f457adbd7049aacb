// Saved DAG files reach Airflow at once: the folder is watched, and each change asks Airflow's own queue for a parse.
#pragma once
#include "services/airflow_setup.h"

typedef struct DagWatch DagWatch;

// Starts watching; *fd becomes readable on changes. A folder that cannot be watched is an error; Airflow's intervals then still
// serve.
bool dag_watch_create(Context *ctx, const Project *project, const AirflowSetup *setup, DagWatch **watch, int *fd,
                      Error *err) MUST_USE;

// Asks Airflow to parse what changed since the last call; memory comes from ctx->arena.
bool dag_watch_forward(Context *ctx, DagWatch *watch, Error *err) MUST_USE;

void dag_watch_destroy(DagWatch *watch);
