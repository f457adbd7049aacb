// Executes a plan: every step is a devbox process (`devbox __step NAME`), all that may run do so side by side under one poll
// loop.
#pragma once
#include "model/plan.h"
#include "services/project.h"

// Runs all steps, relaying their events. The first failure fills *err after every other step has ended; *is_red: a step reported
// red tests.
bool plan_run(Context *ctx, const Project *project, Plan *plan, bool *is_red, Error *err) MUST_USE;
