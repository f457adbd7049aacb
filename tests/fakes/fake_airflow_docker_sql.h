// A metadata database in a container that only writes down what it is told. Replaces services/airflow_docker_sql.c.
#pragma once
#include "base/error.h"

typedef struct FakeAirflowDockerSql {
    int runs;             // how often it was told something
    char sql[64 * 1024];  // the last time
    ErrorCode failure;    // instead of running it
} FakeAirflowDockerSql;

extern FakeAirflowDockerSql fake_airflow_docker_sql;
