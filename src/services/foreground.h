// A tool that the user runs through devbox, in the foreground: dbt, airflow.
#pragma once
#include "io/process.h"

// The tool's own exit code; an error when it did not end by itself.
bool foreground_read_exit(const ProcessResult *result, const char *tool, int *exit_code, Error *err) MUST_USE;
