// Airflow in the native runtime, seen from a command: start the supervisor, wait for health, stop all of it.
#pragma once
#include "services/runtime_state.h"

// Chooses the port: an explicit one must be free; else 8080, or a substitute that is remembered (warned with who holds it).
// While the platform runs, its own port.
bool airflow_native_choose_port(Context *ctx, const Project *project, int *port, Error *err) MUST_USE;

// Starts the supervisor unless one with the same settings runs; changed settings restart it. *already_runs tells.
bool airflow_native_launch(Context *ctx, const Project *project, int port, bool *already_runs, Error *err) MUST_USE;

// Waits until all services are healthy, reporting progress for `step`. A dead service ends the wait with its last log lines.
bool airflow_native_wait_healthy(Context *ctx, const Project *project, const char *step, Error *err) MUST_USE;

// Ends the supervisor and everything it started; *was_running tells whether there was anything.
bool airflow_native_stop(Context *ctx, const Project *project, bool *was_running, Error *err) MUST_USE;
