#include "fakes/fake_airflow_docker_sql.h"

#include "services/airflow_docker_sql.h"

FakeAirflowDockerSql fake_airflow_docker_sql;

bool airflow_docker_run_sql(Context *ctx, const Project *project, const char *sql, const char **rows, bool *is_there,
                            Error *err) {
    (void)ctx;
    (void)project;
    fake_airflow_docker_sql.runs++;
    snprintf(fake_airflow_docker_sql.sql, sizeof fake_airflow_docker_sql.sql, "%s", sql);
    if (fake_airflow_docker_sql.failure != ERROR_NONE)
        return error_set(err, fake_airflow_docker_sql.failure, "the engine does not answer");
    *rows = "";
    *is_there = true;
    return true;
}
