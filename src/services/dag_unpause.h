// airflow.unpause: DAGs are paused at creation; those that devbox.yaml names are released as soon as Airflow has parsed them.
#pragma once
#include "base/context.h"
#include "base/list.h"

// Releases each waiting DAG that is in the metadata database by now, and takes it off the list: once per start, because the user
// may pause it again. A database that is busy changes nothing.
void dag_unpause_known(Context *ctx, const char *database, StringList *waiting);
