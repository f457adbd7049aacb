// `devbox start`: the morning. Checks, then every part of the platform side by side, until all is up or said why not.
#pragma once
#include "model/event.h"
#include "model/plan.h"
#include "services/project.h"
#include "services/start_timings.h"

typedef struct StartOptions {
    StringList only;       // names of parts; empty: all
    bool without_airbyte;  // leave that part out
    bool has_timings;      // the result says what each step took
} StartOptions;

typedef struct StartReport {
    bool was_tried;          // the checks were passed, so that what is up now is this start's news
    bool is_red;             // it is up, but tests of the project failed
    StepState airflow;       // STEP_FAILED: what runs now, if it does, is what an earlier start brought up
    StepTimingList timings;  // of the checks and all steps that ran, when they were asked for
} StartReport;

// Brings the platform up; doing it again changes nothing. A failed part is an error after the others were brought as far as they
// go; *report holds then too. Decides project->config.runtime.
bool start_platform(Context *ctx, Project *project, const StartOptions *options, StartReport *report, Error *err) MUST_USE;

// The steps that start would take, in order, as text and data (--dry-run).
bool start_describe(Context *ctx, const Project *project, const StartOptions *options, Result *result, Error *err) MUST_USE;

// Address and login of what is up, for the last lines of start; after a failed airflow step that it is what ran before. Below
// them the timings of the report, if it has any.
Result start_result(Context *ctx, const Project *project, const StartReport *report);
