// What src/workers/dbt_run.py says while dbt runs, as test cases.
#pragma once
#include "model/verdict.h"
#include "services/project.h"

typedef struct DbtEvents {
    Verdict verdict;
    bool has_ended;       // the last event came
    const char *message;  // why dbt could not run; NULL
} DbtEvents;

// Reads one line of the events file; a finished node becomes a case, and is emitted.
void dbt_events_read_line(Context *ctx, const Project *project, const char *line, DbtEvents *events);
