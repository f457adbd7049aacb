// `devbox status --watch`: how it is now, and a line for each change, until Ctrl-C.
#pragma once
#include "services/runtime_state.h"
#include "services/status.h"

// What is different, a line each: "scheduler: healthy → restarting, 1 restart: exited (9)", "Airflow: starting → healthy".
StringList status_watch_compare(Arena *arena, const RuntimeState *before, const RuntimeState *now);

// *result is how it was in the end, as data only. Ctrl-C is how it ends well.
bool status_watch_run(Context *ctx, const Project *project, Result *result, Error *err) MUST_USE;
