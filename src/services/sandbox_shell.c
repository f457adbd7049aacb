#include "services/sandbox_shell.h"

#include "io/file_system.h"
#include "io/process.h"
#include "services/foreground.h"
#include "services/sandbox.h"
#include "services/sandbox_door.h"

static bool refuse_behind_door(Error *err) {
    error_set(err, ERROR_DATA_AT_RISK,
              "the sandbox database is open inside containers, and SQLite's locks do not cross to this machine");
    return error_hint(err, "one statement at a time goes through a container: devbox db query SQL");
}

static bool report_no_program(Error *err) {
    error_set(err, ERROR_RUNTIME_MISSING, "there is no sqlite3 on PATH, SQLite's own shell");
    return error_hint(err, "install it (apt install sqlite3, brew install sqlite), or: devbox db query SQL");
}

bool sandbox_shell_run(Context *ctx, const Project *project, int *exit_code, Error *err) {
    const char *path = sandbox_path(ctx->arena, project);
    const char *program = process_find_program(ctx->arena, "sqlite3", NULL);
    ProcessResult result;
    if (!file_exists(path)) return sandbox_report_missing(ctx->arena, project, err);
    if (sandbox_door_is_needed(ctx, project)) return refuse_behind_door(err);
    if (program == NULL) return report_no_program(err);
    // DAGs and dbt write meanwhile: wait for them as they wait for us.
    const char *const argv[] = {program, "-cmd", ".timeout 10000", "-cmd", ".headers on", path, NULL};
    const ProcessSpec spec = {.argv = argv, .is_foreground = true};
    return process_run(ctx, &spec, &result, err) && foreground_read_exit(&result, "sqlite3", exit_code, err);
}
