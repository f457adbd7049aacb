#include "services/airflow_docker_sql.h"

#include "base/text.h"
#include "services/airflow_stack.h"
#include "services/docker_session.h"

enum { PSQL_TIMEOUT_MS = 15 * 1000, ERROR_LINES = 5 };

// Through the environment: the engine tells everybody who listens which arguments a program gets.
static bool run_psql(Context *ctx, const DockerEngine *engine, const char *container, const char *sql, const char **rows,
                     Error *err) {
    static const char *const argv[] = {"sh", "-c",
                                       "printf %s \"$DEVBOX_SQL\" | psql -qtAX -v ON_ERROR_STOP=1 -U airflow -d airflow", NULL};
    const char *const environment[] = {arena_format(ctx->arena, "DEVBOX_SQL=%s", sql), NULL};
    DockerProgram program = {.container = container, .argv = argv, .environment = environment, .timeout_ms = PSQL_TIMEOUT_MS};
    DockerProgramResult result;
    if (!docker_program_run(ctx, engine, &program, &result, err)) return false;
    if (result.exit_code == 0) {
        *rows = result.output;
        return true;
    }
    error_set(err, ERROR_DATABASE, "Airflow's database refused a statement");
    return error_detail(err, text_last_lines(ctx->arena, result.errors, ERROR_LINES));
}

bool airflow_docker_run_sql(Context *ctx, const Project *project, const char *sql, const char **rows, bool *is_there,
                            Error *err) {
    const DockerEngine *engine;
    AirflowStack stack;
    if (!docker_session_engine(ctx, false, &engine, err)) return false;
    if (!airflow_stack_observe(ctx, project, engine, &stack, err)) return false;
    const DockerContainer *database = airflow_stack_find(&stack, "postgres");
    *rows = "";
    *is_there = database != NULL && text_equals(database->state, "running");
    return !*is_there || run_psql(ctx, engine, database->id, sql, rows, err);
}
