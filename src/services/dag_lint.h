// Imports and arguments that a release of Airflow removed or moved: ruff's AIR rules, run beside the import of the DAG files.
#pragma once
#include "io/process.h"
#include "model/verdict.h"
#include "services/dag_folder.h"

typedef struct DagLint {
    Process *process;  // NULL: there is no ruff, nothing is looked for
} DagLint;

// Starts ruff on these files (absolute paths); installs it first where it never was, in an environment of its own. Never stops a
// test: without ruff there is a warning, once a day.
void dag_lint_start(Context *ctx, const Project *project, const StringList *files, DagLint *lint);

// Waits for what it found, and adds it to the verdict as findings: never red, since what really does not import is so already.
void dag_lint_finish(Context *ctx, const Project *project, DagLint *lint, Verdict *verdict);

// Ends it without a result.
void dag_lint_stop(Context *ctx, DagLint *lint);

// Reads ruff's report (JSON) into findings.
bool dag_lint_read(Context *ctx, const Project *project, const char *report, Verdict *verdict, Error *err) MUST_USE;
