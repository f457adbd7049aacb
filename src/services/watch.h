// `devbox watch`: a save tests what it affects: a DAG file, the DAG files that depend on a helper or data file, a dbt model with
// its tests.
#pragma once
#include "services/project.h"

// Checks all DAG files once, then what each save affects, until Ctrl-C.
bool watch_run(Context *ctx, const Project *project, Error *err) MUST_USE;

// The folders of the checkout where a save means a test, and what to call them: "dags, plugins, dbt".
StringList watch_folders(Context *ctx, const Project *project, const char **what);
