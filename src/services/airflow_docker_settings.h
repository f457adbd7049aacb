// Settings of devbox.yaml that live in Airflow's database: pools, and which DAGs run on their schedule.
#pragma once
#include "services/project.h"

// Lets the DAGs that airflow.unpause names run on their schedule, as soon as Airflow knows them.
bool airflow_docker_unpause(Context *ctx, const Project *project, Error *err) MUST_USE;

// Makes the pools that airflow.pools names, and sets their slots.
bool airflow_docker_write_pools(Context *ctx, const Project *project, Error *err) MUST_USE;
