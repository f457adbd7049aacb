// Keeps from one command to the next what checks of DAG files told (dag_memory.h). Losing it costs time, never correctness.
#pragma once
#include "services/dag_memory.h"

// What is known of the files that are still there; those that are not as they were at their last check, or use something that is
// not, are stale. Empty when nothing was kept, or for another Airflow or DAG folder.
DagMemory dag_memo_open(Context *ctx, const Project *project);

// `began_ms` (clock_wall_ms) is before the last check: what was written later may not be what was checked.
void dag_memo_save(Context *ctx, const Project *project, const DagMemory *memory, long long began_ms);
