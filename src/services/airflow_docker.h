// Airflow in the Docker runtime, seen from a command: choose the port, start the containers, wait for health, stop them.
#pragma once
#include "services/airflow_runtime.h"

extern const AirflowRuntime airflow_docker_runtime;

// The compose file as the next start would render it, and where it is written. Unless it `reveals`, secrets are masked. No engine
// is needed.
bool airflow_docker_describe_file(Context *ctx, const Project *project, bool reveals, const char **text, const char **path,
                                  Error *err) MUST_USE;
