// Testing DAGs without the platform running: the smoke test of files, and one DAG for real.
#pragma once
#include "model/verdict.h"
#include "services/dag_debug.h"
#include "services/dag_memory.h"

typedef struct DagTestOptions {
    const char *dag_id;
    const char *task;          // NULL: all
    const char *logical_date;  // NULL: now
    const char *conf;          // JSON object; NULL: {}
    int retries;
    DagDebugger debugger;
    bool keeps_work_dir;
} DagTestOptions;

// Imports and serialises DAG files (`paths` empty: all below the DAG folder), finds duplicate ids; a test case per file.
// False only when the test itself could not run; then the error says why.
bool dag_tests_check(Context *ctx, const Project *project, const StringList *paths, Verdict *verdict, Error *err) MUST_USE;

// The same, and keeps in `memory` what the files depend on.
bool dag_tests_check_and_learn(Context *ctx, const Project *project, const StringList *paths, DagMemory *memory, Verdict *verdict,
                               Error *err) MUST_USE;

// Runs one DAG in process on a private metadata database; a test case per task.
bool dag_tests_run(Context *ctx, const Project *project, const DagTestOptions *options, Verdict *verdict, Error *err) MUST_USE;

// The DAG ids that `wanted` ("id" or "tag:name") selects; used by the gate's run_dags.
bool dag_tests_select(Context *ctx, const Project *project, const StringList *wanted, StringList *dag_ids, Error *err) MUST_USE;
