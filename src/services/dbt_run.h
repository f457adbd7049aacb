// One run of src/workers/dbt_run.py: what it tells while it works, and what its end means.
#pragma once
#include "io/process.h"
#include "model/verdict.h"
#include "services/dbt_events.h"
#include "services/dbt_setup.h"

typedef struct DbtRun {
    Context *ctx;
    const Project *project;
    const char *step;  // progress is reported under this name; NULL: none
    bool stops_at_first_red;
    const char *events_path;
    long long offset;  // how much of the events file was read
    DbtEvents events;  // with the verdict
} DbtRun;

// Runs the worker: spec->argv holds dbt's own words, worker and context are put before them.
bool dbt_run_worker(Context *ctx, const Project *project, const char *context, ProcessSpec *spec, ProcessResult *result,
                    Error *err) MUST_USE;

// `dbt build` of what is selected (none: all), with missing packages installed first. A project that dbt cannot read is a red
// case.
bool dbt_run_build(DbtRun *run, DbtPlaces *places, const StringList *selectors, Error *err) MUST_USE;

// `dbt parse`, which leaves target/manifest.json in the places' folder. *is_broken: dbt cannot read the project, which is a red
// case by now.
bool dbt_run_parse(DbtRun *run, DbtPlaces *places, bool *is_broken, Error *err) MUST_USE;
