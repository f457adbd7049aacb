// dbt on the sandbox database: building, passing commands through, testing on a private copy.
#pragma once
#include "model/dbt_selection.h"
#include "model/verdict.h"
#include "services/project.h"

// Writes the context file for src/workers/dbt_run.py and the `dbt` shim that Airflow's tasks find on PATH.
bool dbt_prepare(Context *ctx, const Project *project, Error *err) MUST_USE;

// Builds all models on the sandbox and publishes them; the verdict has a case per node.
bool dbt_build(Context *ctx, const Project *project, Verdict *verdict, Error *err) MUST_USE;

// `dbt build` of the selected nodes (none: all) on private copies of sandbox and warehouse; nothing the user works on changes.
bool dbt_test(Context *ctx, const Project *project, const StringList *selectors, Verdict *verdict, Error *err) MUST_USE;

// The same of what the working tree changed since it left `base` ("": the default branch), and of all that is made from it.
// Nothing affected is a green verdict without cases.
bool dbt_test_changed(Context *ctx, const Project *project, const char *base, Verdict *verdict, Error *err) MUST_USE;

// The same of files that were just saved, and of their tests; what is made from them is left for a test of all.
bool dbt_test_saved(Context *ctx, const Project *project, const DbtChangeList *changes, Verdict *verdict, Error *err) MUST_USE;

// dbt with the user's own words, in the foreground, on the live sandbox; the exit code is dbt's.
bool dbt_pass_through(Context *ctx, const Project *project, const StringList *words, int *exit_code, Error *err) MUST_USE;
