// What the native runtime needs: a Python, and the environments of Airflow and dbt.
#pragma once
#include "services/check.h"
#include "services/project.h"

void airflow_native_examine(Context *ctx, const Project *project, CheckList *checks);

// False while environments are still to be installed, which takes disk.
bool airflow_native_is_installed(Context *ctx, const Project *project);
