// `devbox start`: the morning. Checks, then every part of the platform side by side, until all is up or said why not.
#pragma once
#include "model/event.h"
#include "services/project.h"

typedef struct StartOptions {
    StringList only;  // names of parts; empty: all
} StartOptions;

typedef struct StartReport {
    bool was_tried;           // the checks were passed, so that what is up now is this start's news
    bool is_red;              // it is up, but tests of the project failed
    bool has_airflow_failed;  // what runs now, if it does, is what an earlier start brought up
} StartReport;

// Brings the platform up; doing it again changes nothing. A failed part is an error after the others were brought as far as they
// go; *report holds then too.
bool start_platform(Context *ctx, const Project *project, const StartOptions *options, StartReport *report, Error *err) MUST_USE;

// The steps that start would take, in order, as text and data (--dry-run).
bool start_describe(Context *ctx, const Project *project, const StartOptions *options, Result *result, Error *err) MUST_USE;

// Address and login of what is up, for the last lines of start; after a failed airflow step that it is what ran before.
Result start_result(Context *ctx, const Project *project, const StartReport *report);
