// Brings the containers of the platform up: from what the engine shows, only what is missing is done.
#pragma once
#include "services/airflow_stack.h"
#include "services/compose_file.h"

// Starts what does not run with these settings. Containers that were only stopped are started through the engine, without compose
// and without the one-shot; everything else is compose's. *already_runs: there was nothing to do.
bool airflow_docker_bring_up(Context *ctx, const Project *project, const ComposeTask *task, bool *already_runs,
                             Error *err) MUST_USE;
