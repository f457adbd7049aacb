// dbt on the sandbox database: building, passing commands through, testing on a private copy.
#pragma once
#include "model/dbt_selection.h"
#include "model/verdict.h"
#include "services/project.h"

// Writes the context file for src/workers/dbt_run.py and the `dbt` shim that Airflow's tasks find on PATH.
bool dbt_prepare(Context *ctx, const Project *project, Error *err) MUST_USE;

// Builds all models on the sandbox and publishes them; the verdict has a case per node.
bool dbt_build(Context *ctx, const Project *project, Verdict *verdict, Error *err) MUST_USE;

typedef struct DbtTestOptions {
    StringList selectors;  // none: all
    const char *base;      // not NULL: instead, what changed since it ("": the default branch), and all that is made from it
    bool stops_at_first_red;
} DbtTestOptions;

// `dbt build` of the selected nodes on private copies of sandbox and warehouse; nothing the user works on changes. Nothing
// affected since a base is a green verdict without cases.
bool dbt_test(Context *ctx, const Project *project, const DbtTestOptions *options, Verdict *verdict, Error *err) MUST_USE;

// The same of files that were just saved, and of their tests; what is made from them is left for a test of all.
bool dbt_test_saved(Context *ctx, const Project *project, const DbtChangeList *changes, Verdict *verdict, Error *err) MUST_USE;

// dbt with the user's own words, in the foreground, on the live sandbox; the exit code is dbt's.
bool dbt_pass_through(Context *ctx, const Project *project, const StringList *words, int *exit_code, Error *err) MUST_USE;
