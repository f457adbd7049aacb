// Processes that imported Airflow or dbt once and fork for each command (src/workers/warm_server.py): one per checkout and
// worker.
#pragma once
#include "services/airflow_runtime.h"

// What follows the interpreter to run the worker `script` ("airflow_host.py") with `arguments` in a fork of such a process,
// started when there is none. Without arguments it is only started.
StringList warm_process_argv(Arena *arena, const Project *project, const PythonPlace *place, const char *script,
                             const StringList *arguments);

// The folder of their sockets on this machine, which no other user may enter.
const char *warm_process_folder(Arena *arena);

// Ends those of this checkout; one that runs a command ends after it and is not waited for.
void warm_process_retire(Context *ctx, const Project *project);
