// A team's requirements.txt as one self-contained text, so that it can be installed from anywhere and named by its content.
#pragma once
#include "base/context.h"
#include "base/error.h"

typedef struct PythonRequirements {
    const char *packages;         // what to install; files named by -r stand in their place
    const char *constraints;      // the content of files named by -c
    const char *content;          // of all files that were read
    bool has_airflow_constraint;  // Airflow's own --constraint URL was left out: devbox's lock takes its place
    bool is_empty;                // nothing is to be installed
} PythonRequirements;

// Reads the file and the local files it names. Errors name the file that cannot be read.
bool python_requirements_read(Context *ctx, const char *path, PythonRequirements *requirements, Error *err) MUST_USE;
