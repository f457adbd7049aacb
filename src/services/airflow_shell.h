// `devbox airflow …`: Airflow's own command line in the environment of this checkout.
#pragma once
#include "services/project.h"

// Runs airflow with the user's own words in the foreground; the exit code is Airflow's.
bool airflow_pass_through(Context *ctx, const Project *project, const StringList *words, int *exit_code, Error *err) MUST_USE;
