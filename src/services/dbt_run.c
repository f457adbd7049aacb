#include "services/dbt_run.h"

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/airflow_runtime.h"
#include "services/container_memory.h"
#include "services/dbt_packages.h"
#include "services/dbt_trouble.h"
#include "services/warm_process.h"

#define WORKER "dbt_run.py"

enum {
    BUILD_TIMEOUT_MS = 30 * 60 * 1000,
    DEPS_TIMEOUT_MS = 5 * 60 * 1000,
    TAIL_LINES = 15,
    EXIT_BUSY = 75,
    EXIT_KILLED = 137  // what a container's program that the kernel ended leaves
};

static void read_new_events(DbtRun *run) {
    Arena *arena = run->ctx->arena;
    char *content;
    Error ignored = {.arena = arena};
    if (file_info(run->events_path).size <= run->offset) return;
    if (!file_read_from(arena, run->events_path, run->offset, &content, NULL, &ignored)) return;
    // Only whole lines: the writer may be in the middle of one.
    for (char *end; (end = strchr(content, '\n')) != NULL; content = end + 1) {
        *end = '\0';
        run->offset += end + 1 - content;
        dbt_events_read_line(run->ctx, run->project, content, &run->events);
    }
}

static void note_output(void *state, const char *line) {
    DbtRun *run = state;
    (void)line;
    read_new_events(run);
    if (run->step == NULL || run->events.verdict.cases.count == 0) return;
    const TestCaseList *cases = &run->events.verdict.cases;
    event_step_progress(run->ctx, run->step, "%zu nodes done, last: %s", cases->count, cases->items[cases->count - 1].name);
}

// `docs serve` ends with its terminal and `init` asks questions on it: both are plain processes.
static bool is_lasting(const char *command) { return text_equals(command, "docs") || text_equals(command, "init"); }

bool dbt_run_worker(Context *ctx, const Project *project, const char *context, ProcessSpec *spec, ProcessResult *result,
                    Error *err) {
    const AirflowRuntime *runtime = airflow_runtime_of(project);
    PythonPlace place;
    StringList argv = {0};
    const PairList no_variables = {0};
    const char *const head[] = {"--context", context, "--"};
    if (!runtime->open_place(ctx, project, PYTHON_DBT, "dbt", &place, err)) return false;
    bool is_warm = !is_lasting(spec->argv[0]);
    if (!is_warm) list_push(ctx->arena, &argv, path_join(ctx->arena, place.workers, WORKER));
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) list_push(ctx->arena, &argv, head[i]);
    for (const char *const *word = spec->argv; *word != NULL; word++) list_push(ctx->arena, &argv, *word);
    if (is_warm) argv = warm_process_argv(ctx->arena, project, &place, WORKER, &argv);
    spec->argv = string_list_to_argv(ctx->arena, &argv);
    spec->folder = project->root;
    // dbt would hold its lock on when we are killed: see "attended" in its context.
    if (!spec->is_foreground) spec->input = "";
    spec->keeps_input_open = !spec->is_foreground;
    return runtime->enter_place(ctx, project, PYTHON_DBT, &no_variables, spec, err) && process_run(ctx, spec, result, err);
}

static bool install_packages(DbtRun *run, const char *context, Error *err) {
    Context *ctx = run->ctx;
    const Project *project = run->project;
    ProcessResult result;
    bool is_missing;
    const char *const words[] = {"deps", NULL};
    ProcessSpec spec = {.argv = words, .timeout_ms = DEPS_TIMEOUT_MS};
    if (!dbt_packages_restore(ctx, project, &is_missing, err)) return false;
    if (!is_missing) return true;
    event_step_progress(ctx, "dbt", "installing dbt packages");
    if (!dbt_run_worker(ctx, project, context, &spec, &result, err)) return false;
    if (result.outcome == PROCESS_EXITED && result.exit_code == 0) return dbt_packages_remember(ctx, project, err);
    if (result.outcome == PROCESS_INTERRUPTED) return error_set(err, ERROR_INTERRUPTED, "interrupted while dbt was running");
    read_new_events(run);
    const char *output = *result.output ? result.output : result.errors;
    return dbt_trouble_with_packages(project, run->events.message, output, err);
}

static long long build_timeout_ms(const Context *ctx) { return ctx->timeout_ms > 0 ? ctx->timeout_ms : BUILD_TIMEOUT_MS; }

// dbt says itself what is wrong with the project (a model that does not compile): that is a verdict, not trouble.
static bool is_project_broken(const DbtRun *run, const ProcessResult *result) {
    return result->outcome == PROCESS_EXITED && result->exit_code == 2 && run->events.message != NULL;
}

static void add_broken_project(DbtRun *run) {
    Arena *arena = run->ctx->arena;
    bool has_more = text_split_lines(arena, run->events.message).count > 2;
    TestCase broken = {.suite = "dbt",
                       .name = path_relative(arena, run->project->dbt_dir, run->project->root),
                       .state = TEST_ERROR,
                       .duration_ms = -1,
                       .message = dbt_trouble_summarise(arena, run->events.message),
                       .detail = has_more ? run->events.message : NULL};
    verdict_add(arena, &run->events.verdict, &broken);
    event_test_case(run->ctx, &broken);
}

static bool report_dbt_trouble(Context *ctx, const DbtRun *run, const ProcessResult *result, Error *err) {
    bool is_busy = result->outcome == PROCESS_EXITED && result->exit_code == EXIT_BUSY;
    if (result->outcome == PROCESS_INTERRUPTED) return error_set(err, ERROR_INTERRUPTED, "interrupted while dbt was running");
    if (result->outcome == PROCESS_TIMED_OUT) {
        error_set(err, ERROR_TIMEOUT, "dbt did not finish within %s", text_duration(ctx->arena, build_timeout_ms(ctx)));
    } else if (run->events.message != NULL) {
        return error_set(err, is_busy ? ERROR_BUSY : ERROR_CHILD, "%s", dbt_trouble_summarise(ctx->arena, run->events.message));
    } else if (result->outcome == PROCESS_SIGNALED) {
        error_set(err, ERROR_CHILD, "dbt was killed by signal %d", result->signal);
    } else if (result->exit_code == EXIT_KILLED) {
        error_set(err, ERROR_CHILD, "dbt was killed, most likely because its container ran out of memory");
        return error_hint(err, "give it more: airflow.memory: %s in devbox.yaml",
                          container_memory_more(ctx->arena, run->project->config.airflow.memory));
    } else {
        error_set(err, is_busy ? ERROR_BUSY : ERROR_CHILD, "dbt could not run (exit code %d)", result->exit_code);
    }
    error_hint(err, "look closer with: devbox dbt build");
    return error_detail(err, text_last_lines(ctx->arena, *result->errors ? result->errors : result->output, TAIL_LINES));
}

// Events, packages and a log of its own for the command that comes next.
static bool prepare(DbtRun *run, DbtPlaces *places, const char *log_path, const char **context, Error *err) {
    Context *ctx = run->ctx;
    places->events = run->events_path = path_join(ctx->arena, places->folder, "events.jsonl");
    run->offset = 0;
    if (!file_remove(ctx->arena, places->events, err)) return false;
    if (!dbt_write_context(ctx, run->project, places, context, err)) return false;
    return install_packages(run, *context, err) && file_remove(ctx->arena, log_path, err);
}

// True when dbt's exit code is a verdict: nothing red and 0, or something red.
static bool read_end(DbtRun *run, const ProcessResult *result) {
    read_new_events(run);
    if (is_project_broken(run, result)) add_broken_project(run);
    bool is_verdict = result->outcome == PROCESS_EXITED && result->exit_code >= 0 && result->exit_code <= 2;
    bool has_red_node = run->events.verdict.failed + run->events.verdict.errors > 0;
    return is_verdict && (result->exit_code == 0 || has_red_node);
}

static bool run_logged(DbtRun *run, DbtPlaces *places, const StringList *words, Error *err) {
    Context *ctx = run->ctx;
    ProcessResult result;
    const char *context;
    ProcessSpec spec = {.argv = string_list_to_argv(ctx->arena, words),
                        .on_output = note_output,
                        .handler_state = run,
                        .log_path = path_join(ctx->arena, places->folder, "build.log"),
                        .timeout_ms = build_timeout_ms(ctx)};
    if (!prepare(run, places, spec.log_path, &context, err)) return false;
    if (!dbt_run_worker(ctx, run->project, context, &spec, &result, err)) return false;
    return read_end(run, &result) || report_dbt_trouble(ctx, run, &result, err);
}

bool dbt_run_build(DbtRun *run, DbtPlaces *places, const StringList *selectors, Error *err) {
    Arena *arena = run->ctx->arena;
    StringList words = {0};
    long long start_ms = clock_now_ms();
    list_push(arena, &words, "build");
    if (run->stops_at_first_red) list_push(arena, &words, "--fail-fast");
    if (selectors->count > 0) list_push(arena, &words, "--select");
    list_each(const char *const, selector, selectors) list_push(arena, &words, *selector);
    if (!run_logged(run, places, &words, err)) return false;
    run->events.verdict.duration_ms += clock_now_ms() - start_ms;
    return true;
}

bool dbt_run_parse(DbtRun *run, DbtPlaces *places, bool *is_broken, Error *err) {
    StringList words = {0};
    long long start_ms = clock_now_ms();
    list_push(run->ctx->arena, &words, "parse");
    if (!run_logged(run, places, &words, err)) return false;
    run->events.verdict.duration_ms += clock_now_ms() - start_ms;
    *is_broken = run->events.verdict.cases.count > 0;
    return true;
}
