// Looks at everything that `devbox start` needs, each with its remedy.
#pragma once
#include "model/event.h"
#include "services/check.h"
#include "services/project.h"

// All checks; nothing is changed.
CheckList doctor_examine(Context *ctx, const Project *project);

// Only what would stop a start, as an error: too little disk.
bool doctor_check_prerequisites(Context *ctx, const Project *project, Error *err) MUST_USE;
