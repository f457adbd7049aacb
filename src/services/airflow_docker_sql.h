// Statements on the metadata database of the platform's containers.
#pragma once
#include "services/project.h"

// Runs them through psql in the database's container; *rows holds the first column of each row, a line each. *is_there false
// while that container does not run.
bool airflow_docker_run_sql(Context *ctx, const Project *project, const char *sql, const char **rows, bool *is_there,
                            Error *err) MUST_USE;
