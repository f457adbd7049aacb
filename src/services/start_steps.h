// What `devbox start` does, part by part. Each part runs as a devbox process of its own, so that slow ones go side by side.
#pragma once
#include "services/project.h"

typedef struct StepReport {
    const char *summary;  // "14 DAG files from ./dags, live"
    bool is_skipped;      // there was nothing to do; summary says why
    bool is_red;          // it ran, and tests of the user's project failed; summary says which
} StepReport;

typedef struct StartStep {
    const char *name, *description;
    const char *after;    // comma separated names
    bool is_preparation;  // of other steps; only for runtimes that need it, and whatever --only says
    bool (*run)(Context *ctx, const Project *project, StepReport *report, Error *err);
    bool is_background;  // Airflow is usable, and reported, before it ends
} StartStep;

// All parts in order; ends with {0}.
extern const StartStep start_steps[];

// The part with this name, NULL when there is none.
const StartStep *start_step_find(const char *name);
