// Airbyte's part of `devbox start`.
#pragma once
#include "services/start_steps.h"

// Wakes an installed cluster and waits until it is healthy. With airbyte.enabled: auto, what keeps it from running is the reason
// of a skip; with true it is an error. It never installs unless airbyte.enabled is true and --yes was given.
bool airbyte_start_step(Context *ctx, const Project *project, StepReport *report, Error *err) MUST_USE;
