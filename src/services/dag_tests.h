// Testing DAGs without the platform running: the smoke test of files, and one DAG for real.
#pragma once
#include "model/verdict.h"
#include "services/dag_changes.h"
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

typedef struct DagCheck {
    StringList paths;         // files and folders; none: all
    const char *base;         // not NULL: instead, what is affected by the changes since it ("": the default branch)
    bool stops_at_first_red;  // the first red file is the last one
    DagChanges changes;       // what was found to be affected; without a base all
} DagCheck;

// Imports and serialises DAG files (`paths` empty: all below the DAG folder), finds duplicate ids; a test case per file.
// False only when the test itself could not run; then the error says why.
bool dag_tests_check(Context *ctx, const Project *project, const StringList *paths, Verdict *verdict, Error *err) MUST_USE;

// The same, and keeps in `memory` what the files depend on.
bool dag_tests_check_and_learn(Context *ctx, const Project *project, const StringList *paths, DagMemory *memory, Verdict *verdict,
                               Error *err) MUST_USE;

// The same of the working tree, and keeps it for the next test of what changed. No file affected is a green verdict without
// cases.
bool dag_tests_check_working_tree(Context *ctx, const Project *project, DagCheck *check, Verdict *verdict, Error *err) MUST_USE;

// Runs one DAG in process on a private metadata database; a test case per task.
bool dag_tests_run(Context *ctx, const Project *project, const DagTestOptions *options, Verdict *verdict, Error *err) MUST_USE;

// The DAG ids that `wanted` ("id" or "tag:name") selects, of those in `files` (absolute paths; none: of all); used by the gate's
// run_dags.
bool dag_tests_select(Context *ctx, const Project *project, const StringList *wanted, const StringList *files,
                      StringList *dag_ids, Error *err) MUST_USE;

// The file (absolute) that held the DAG when it was last tested, which it may have left since; NULL when none is known.
const char *dag_tests_recall_file(Context *ctx, const Project *project, const char *dag_id);
