// Running for real the DAGs that gate.run_dags names, in a push and in `devbox test` alike.
#pragma once
#include "model/verdict.h"
#include "services/project.h"

// Runs each DAG in `files` (absolute paths; none: in all) that `gate.run_dags` selects (ids or tag:NAME); cases are named
// DAG.task. None selected: an empty verdict.
bool dag_smoke_run(Context *ctx, const Project *project, const StringList *files, Verdict *verdict, Error *err) MUST_USE;
