// `devbox restart` in the native runtime.
#pragma once
#include "services/project.h"

// Ends these services of the running platform and starts them anew through its supervisor; without names all of Airflow, on the
// port that it has. Returns once everything is healthy; progress goes to the step "airflow". Nothing running is
// ERROR_NOT_RUNNING, an unknown name ERROR_USAGE with the known ones. A dry run only looks whether it could.
bool airflow_native_restart(Context *ctx, const Project *project, const StringList *services, Error *err) MUST_USE;
