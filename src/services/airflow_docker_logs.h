// The logs of the platform's containers, merged in order of time, and followed as they grow.
#pragma once
#include "services/logs.h"

bool airflow_docker_show_logs(Context *ctx, const Project *project, const LogOptions *options, Error *err) MUST_USE;
