// The process that keeps Airflow's components alive: `devbox start` leaves it running, `devbox stop` ends it.
#pragma once
#include "services/project.h"

// Runs until it is told to stop (SIGTERM) or nothing can be kept alive. Holds the supervisor lock meanwhile and keeps
// services.json true.
bool supervisor_run(Context *ctx, const Project *project, int port, Error *err) MUST_USE;

// A text that changes whenever the services would have to be started anew: environment, Python environment, port.
bool supervisor_fingerprint(Context *ctx, const Project *project, int port, const char **fingerprint, Error *err) MUST_USE;

// The environment variable that marks every process of the running platform, "DEVBOX_SERVICES=<instance>".
const char *supervisor_marker(Arena *arena, const Project *project);
