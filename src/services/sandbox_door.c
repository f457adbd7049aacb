#include "services/sandbox_door.h"

#include "base/text.h"
#include "io/database_error.h"
#include "io/file_system.h"
#include "io/json.h"
#include "model/event.h"
#include "services/airflow_runtime.h"
#include "services/sandbox.h"
#include "services/workbench.h"

enum { BUSY_MS = 20000, TIMEOUT_MS = 10 * 60 * 1000, ROWS_LIMIT = 16 * 1024 * 1024, ROOM = 1024 * 1024, TAIL_LINES = 5 };

bool sandbox_door_is_needed(Context *ctx, const Project *project) {
    return project->config.runtime == RUNTIME_DOCKER && !workbench_shares_locks(ctx, project);
}

Value *sandbox_door_request(Arena *arena, const char *op) {
    Value *request = value_object(arena);
    value_set_integer(arena, request, "protocol", 1);
    value_set_string(arena, request, "op", op);
    return request;
}

static long long timeout_ms(const Context *ctx) { return ctx->timeout_ms > 0 ? ctx->timeout_ms : TIMEOUT_MS; }

static bool report_end(Context *ctx, const ProcessResult *result, Error *err) {
    if (result->outcome == PROCESS_INTERRUPTED)
        return error_set(err, ERROR_INTERRUPTED, "interrupted while the sandbox database was at work");
    if (result->outcome == PROCESS_TIMED_OUT) {
        error_set(err, ERROR_TIMEOUT, "the sandbox database did not answer within %s",
                  text_duration(ctx->arena, timeout_ms(ctx)));
        return error_hint(err, "give it more time with --timeout");
    }
    error_set(err, ERROR_CHILD, "the container through which the sandbox database is reached gave no answer");
    error_hint(err, "look at what runs: devbox status; then try again");
    return error_detail(err, text_last_lines(ctx->arena, *result->errors ? result->errors : result->output, TAIL_LINES));
}

static bool report_too_large(Error *err) {
    error_set(err, ERROR_DATABASE, "the rows of this query take more than %d MB, which is more than comes out of a container",
              ROWS_LIMIT / 1024 / 1024);
    return error_hint(err, "ask for fewer rows or columns: devbox db query 'SELECT … LIMIT 100000'");
}

// The same words as without a door, where there are such words.
static bool report_trouble(const char *path, const Value *trouble, Error *err) {
    const char *kind = value_get_string(trouble, "kind", ""), *words = value_get_string(trouble, "words", "");
    const char *sql = value_get_string(trouble, "sql", "");
    int code = (int)value_get_integer(trouble, "code", 0);
    if (text_equals(kind, "open")) return database_error_not_opened(path, code, words, err);
    if (text_equals(kind, "refused")) return database_error_refused(path, code, words, sql, err);
    if (text_equals(kind, "writes")) return sandbox_report_writing(err);
    if (text_equals(kind, "tooLarge")) return report_too_large(err);
    bool is_none = text_equals(kind, "none");
    if (is_none || text_equals(kind, "many")) return database_error_not_one(path, is_none, sql, err);
    if (text_equals(kind, "lock")) return error_set(err, ERROR_BUSY, "%s", words);
    error_set(err, ERROR_DATABASE, "cannot copy the sandbox database: %s", words);
    return database_error_advise(err, code, path);
}

bool sandbox_door_ask(Context *ctx, const Project *project, Value *request, Value **answer, Error *err) {
    const AirflowRuntime *runtime = airflow_runtime_of(project);
    const PairList none = {0};
    PythonPlace place;
    ProcessResult result;
    Value *found;
    Error garbled = {.arena = ctx->arena};
    const char *path = sandbox_path(ctx->arena, project);
    if (!runtime->open_place(ctx, project, PYTHON_DAG_TESTS, "sandbox", &place, err)) {
        return error_wrap(err, "the sandbox database is reached through a container here");
    }
    value_set_string(ctx->arena, request, "database", path);
    value_set_integer(ctx->arena, request, "busyMs", BUSY_MS);
    value_set_integer(ctx->arena, request, "limitBytes", ROWS_LIMIT);
    const char *const argv[] = {path_join(ctx->arena, place.workers, "sandbox_door.py"), NULL};
    ProcessSpec spec = {.argv = argv,
                        .folder = project->root,
                        .input = json_print(ctx->arena, request),
                        .timeout_ms = timeout_ms(ctx),
                        .capture_limit = ROWS_LIMIT + ROOM};
    if (!runtime->enter_place(ctx, project, PYTHON_DAG_TESTS, &none, &spec, err)) return false;
    if (!process_run(ctx, &spec, &result, err)) return false;
    bool is_answer = result.outcome == PROCESS_EXITED && result.exit_code == 0 &&
                     json_parse(ctx->arena, result.output, "the container's answer", &found, &garbled);
    if (!is_answer) return report_end(ctx, &result, err);
    const Value *trouble = value_get(found, "error");
    if (trouble != NULL) return report_trouble(path, trouble, err);
    *answer = found;
    return true;
}
