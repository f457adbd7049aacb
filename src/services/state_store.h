// What a checkout remembers in .devbox/state.db: small facts by name, such as the port that was chosen. No recovery depends on
// it.
#pragma once
#include "services/project.h"

// The value of a name, NULL when nothing is known (also when the file cannot be read).
const char *state_store_get(Context *ctx, const Project *project, const char *name);

bool state_store_set(Context *ctx, const Project *project, const char *name, const char *value, Error *err) MUST_USE;
