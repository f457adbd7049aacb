// Airflow's connection to the local Airbyte.
#pragma once
#include "services/project.h"

// Puts the connection airbyte_default into Airflow's metadata database, if both are up; one that somebody else made is left
// alone. Not by an environment variable: Airbyte gets up long after Airflow, which would have to be restarted for it.
bool airbyte_link_airflow(Context *ctx, const Project *project, Error *err) MUST_USE;
