// The wait for containers to be healthy, by the engine's events and Airflow's own page.
#pragma once
#include "services/airflow_stack.h"
#include "services/compose_file.h"

// Waits until all services are healthy, reporting progress. A container that died ends the wait with its failure card.
bool airflow_docker_wait_healthy(Context *ctx, const Project *project, const ComposeTask *task, Error *err) MUST_USE;
