// The native runtime as a table: Airflow and its tools as plain processes.
#pragma once
#include "services/airflow_runtime.h"

extern const AirflowRuntime airflow_native_runtime;
