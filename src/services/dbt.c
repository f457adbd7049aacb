#include "services/dbt.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/lock_file.h"
#include "io/process.h"
#include "model/event.h"
#include "services/airflow_runtime.h"
#include "services/dbt_events.h"
#include "services/dbt_packages.h"
#include "services/dbt_setup.h"
#include "services/dbt_trouble.h"
#include "services/foreground.h"
#include "services/sandbox.h"
#include "services/sandbox_door.h"

enum {
    BUILD_TIMEOUT_MS = 30 * 60 * 1000,
    DEPS_TIMEOUT_MS = 5 * 60 * 1000,
    LOCK_TIMEOUT_MS = 120 * 1000,
    TAIL_LINES = 15,
    EXIT_BUSY = 75,
    EXIT_KILLED = 137  // what a container's program that the kernel ended leaves
};

typedef struct Build {
    Context *ctx;
    const Project *project;
    const char *step;  // progress is reported under this name; NULL: none
    const char *events_path;
    long long offset;  // how much of the events file was read
    DbtEvents events;
} Build;

static void read_new_events(Build *build) {
    Arena *arena = build->ctx->arena;
    char *content;
    Error ignored = {.arena = arena};
    if (file_info(build->events_path).size <= build->offset) return;
    if (!file_read_from(arena, build->events_path, build->offset, &content, NULL, &ignored)) return;
    // Only whole lines: the writer may be in the middle of one.
    for (char *end; (end = strchr(content, '\n')) != NULL; content = end + 1) {
        *end = '\0';
        build->offset += end + 1 - content;
        dbt_events_read_line(build->ctx, build->project, content, &build->events);
    }
}

static void note_output(void *state, const char *line) {
    Build *build = state;
    (void)line;
    read_new_events(build);
    if (build->step == NULL || build->events.verdict.cases.count == 0) return;
    const TestCaseList *cases = &build->events.verdict.cases;
    event_step_progress(build->ctx, build->step, "%zu nodes done, last: %s", cases->count, cases->items[cases->count - 1].name);
}

// spec->argv holds dbt's own words; worker and context are put before them.
static bool run_worker(Context *ctx, const Project *project, const char *context, ProcessSpec *spec, ProcessResult *result,
                       Error *err) {
    const AirflowRuntime *runtime = airflow_runtime_of(project);
    PythonPlace place;
    StringList argv = {0};
    const PairList none = {0};
    if (!runtime->open_place(ctx, project, PYTHON_DBT, "dbt", &place, err)) return false;
    const char *const head[] = {path_join(ctx->arena, place.workers, "dbt_run.py"), "--context", context, "--"};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) list_push(ctx->arena, &argv, head[i]);
    for (const char *const *word = spec->argv; *word != NULL; word++) list_push(ctx->arena, &argv, *word);
    spec->argv = string_list_to_argv(ctx->arena, &argv);
    spec->folder = project->root;
    return runtime->enter_place(ctx, project, PYTHON_DBT, &none, spec, err) && process_run(ctx, spec, result, err);
}

static bool install_packages(Build *build, const char *context, Error *err) {
    Context *ctx = build->ctx;
    const Project *project = build->project;
    ProcessResult result;
    bool is_missing;
    const char *const words[] = {"deps", NULL};
    ProcessSpec spec = {.argv = words, .timeout_ms = DEPS_TIMEOUT_MS};
    if (!dbt_packages_restore(ctx, project, &is_missing, err)) return false;
    if (!is_missing) return true;
    event_step_progress(ctx, "dbt", "installing dbt packages");
    if (!run_worker(ctx, project, context, &spec, &result, err)) return false;
    if (result.outcome == PROCESS_EXITED && result.exit_code == 0) return dbt_packages_remember(ctx, project, err);
    if (result.outcome == PROCESS_INTERRUPTED) return error_set(err, ERROR_INTERRUPTED, "interrupted while dbt was running");
    read_new_events(build);
    const char *output = *result.output ? result.output : result.errors;
    return dbt_trouble_with_packages(project, build->events.message, output, err);
}

static long long build_timeout_ms(const Context *ctx) { return ctx->timeout_ms > 0 ? ctx->timeout_ms : BUILD_TIMEOUT_MS; }

// dbt says itself what is wrong with the project (a model that does not compile): that is a verdict, not trouble.
static bool is_project_broken(const Build *build, const ProcessResult *result) {
    return result->outcome == PROCESS_EXITED && result->exit_code == 2 && build->events.message != NULL;
}

static void add_broken_project(Build *build) {
    Arena *arena = build->ctx->arena;
    bool has_more = text_split_lines(arena, build->events.message).count > 2;
    TestCase broken = {.suite = "dbt",
                       .name = path_relative(arena, build->project->dbt_dir, build->project->root),
                       .state = TEST_ERROR,
                       .duration_ms = -1,
                       .message = dbt_trouble_summarise(arena, build->events.message),
                       .detail = has_more ? build->events.message : NULL};
    verdict_add(arena, &build->events.verdict, &broken);
    event_test_case(build->ctx, &broken);
}

static bool report_dbt_trouble(Context *ctx, const Build *build, const ProcessResult *result, Error *err) {
    bool is_busy = result->outcome == PROCESS_EXITED && result->exit_code == EXIT_BUSY;
    if (result->outcome == PROCESS_INTERRUPTED) return error_set(err, ERROR_INTERRUPTED, "interrupted while dbt was running");
    if (result->outcome == PROCESS_TIMED_OUT) {
        error_set(err, ERROR_TIMEOUT, "dbt did not finish within %s", text_duration(ctx->arena, build_timeout_ms(ctx)));
    } else if (build->events.message != NULL) {
        return error_set(err, is_busy ? ERROR_BUSY : ERROR_CHILD, "%s", dbt_trouble_summarise(ctx->arena, build->events.message));
    } else if (result->outcome == PROCESS_SIGNALED) {
        error_set(err, ERROR_CHILD, "dbt was killed by signal %d", result->signal);
    } else if (result->exit_code == EXIT_KILLED) {
        error_set(err, ERROR_CHILD, "dbt was killed, most likely because its container ran out of memory");
        return error_hint(err, "give containers more: airflow.memory in devbox.yaml (now %s)",
                          build->project->config.airflow.memory);
    } else {
        error_set(err, is_busy ? ERROR_BUSY : ERROR_CHILD, "dbt could not run (exit code %d)", result->exit_code);
    }
    error_hint(err, "look closer with: devbox dbt build");
    return error_detail(err, text_last_lines(ctx->arena, *result->errors ? result->errors : result->output, TAIL_LINES));
}

static bool build_nodes(Context *ctx, Build *build, DbtPlaces *places, const StringList *selectors, Error *err) {
    ProcessResult result;
    const char *context;
    StringList words = {0};
    long long start_ms = clock_now_ms();
    places->events = build->events_path = path_join(ctx->arena, places->folder, "events.jsonl");
    if (!file_remove(ctx->arena, places->events, err)) return false;
    if (!dbt_write_context(ctx, build->project, places, &context, err)) return false;
    if (!install_packages(build, context, err)) return false;
    list_push(ctx->arena, &words, "build");
    if (selectors->count > 0) list_push(ctx->arena, &words, "--select");
    list_each(const char *const, selector, selectors) list_push(ctx->arena, &words, *selector);
    ProcessSpec spec = {.argv = string_list_to_argv(ctx->arena, &words),
                        .on_output = note_output,
                        .handler_state = build,
                        .log_path = path_join(ctx->arena, places->folder, "build.log"),
                        .timeout_ms = build_timeout_ms(ctx)};
    if (!file_remove(ctx->arena, spec.log_path, err)) return false;
    if (!run_worker(ctx, build->project, context, &spec, &result, err)) return false;
    read_new_events(build);
    if (is_project_broken(build, &result)) add_broken_project(build);
    build->events.verdict.duration_ms = clock_now_ms() - start_ms;
    bool is_verdict = result.outcome == PROCESS_EXITED && result.exit_code >= 0 && result.exit_code <= 2;
    bool has_red_node = build->events.verdict.failed + build->events.verdict.errors > 0;
    if (is_verdict && (result.exit_code == 0 || has_red_node)) return true;
    return report_dbt_trouble(ctx, build, &result, err);
}

bool dbt_build(Context *ctx, const Project *project, Verdict *verdict, Error *err) {
    PythonPlace place;
    Build build = {.ctx = ctx, .project = project, .step = "dbt"};
    DbtPlaces places = dbt_live_places(ctx, project);
    if (!airflow_runtime_of(project)->open_place(ctx, project, PYTHON_DBT, "dbt", &place, err) || !dbt_prepare(ctx, project, err))
        return false;
    event_step_progress(ctx, "dbt", "dbt build");
    if (!build_nodes(ctx, &build, &places, &(StringList){0}, err)) return false;
    *verdict = build.events.verdict;
    return true;
}

// Where database locks do not cross the engine's file sharing, dbt's own lock does not either: then the copy is made inside.
static bool copy_inside(Context *ctx, const Project *project, const char *lock, const StringList *from, const StringList *to,
                        Error *err) {
    Value *request = sandbox_door_request(ctx->arena, "copy"), *files = value_array(ctx->arena), *answer;
    for (size_t i = 0; i < from->count; i++) {
        Value *pair = value_array(ctx->arena);
        value_append(ctx->arena, pair, value_string(ctx->arena, from->items[i]));
        value_append(ctx->arena, pair, value_string(ctx->arena, to->items[i]));
        value_append(ctx->arena, files, pair);
    }
    value_set_string(ctx->arena, request, "lock", lock);
    value_set_integer(ctx->arena, request, "lockMs", LOCK_TIMEOUT_MS);
    value_set(ctx->arena, request, "files", files);
    return sandbox_door_ask(ctx, project, request, &answer, err);
}

// A selected model reads the others as they were built last; DuckDB's files are copied while nobody writes them.
static bool copy_warehouse(Context *ctx, const Project *project, const DbtPlaces *places, Error *err) {
    cleanup_fd int lock_fd = -1;
    DbtPlaces live = dbt_live_places(ctx, project);
    StringList from = {0}, to = {0};
    const char *lock = path_join(ctx->arena, live.folder, "lock");
    static const char *const ends[] = {"", ".wal"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        list_push(ctx->arena, &from, arena_format(ctx->arena, "%s%s", live.warehouse, ends[i]));
        list_push(ctx->arena, &to, arena_format(ctx->arena, "%s%s", places->warehouse, ends[i]));
    }
    if (!file_exists(live.warehouse)) return true;
    if (sandbox_door_is_needed(ctx, project)) return copy_inside(ctx, project, lock, &from, &to, err);
    if (!lock_file_take(ctx, lock, "copy", LOCK_TIMEOUT_MS, &lock_fd, err)) return false;
    for (size_t i = 0; i < from.count; i++) {
        if (file_exists(from.items[i]) && !file_copy(ctx->arena, from.items[i], to.items[i], 0600, err)) return false;
    }
    return true;
}

// One folder per checkout, so that dbt parses only what changed since the last test. A full build starts on an empty warehouse:
// no incremental model keeps rows of an earlier test.
static bool make_private_copies(Context *ctx, const Project *project, const DbtPlaces *places, bool is_full, Error *err) {
    SeedReport report;
    const char *live = sandbox_path(ctx->arena, project);
    if (!file_remove(ctx->arena, places->sandbox, err) || !file_remove(ctx->arena, places->warehouse, err)) return false;
    if (!file_remove(ctx->arena, arena_format(ctx->arena, "%s.wal", places->warehouse), err)) return false;
    if (!file_exists(live) && !sandbox_seed(ctx, project, &report, err)) return false;
    if (file_exists(live) && !sandbox_backup(ctx, project, places->sandbox, err)) return false;
    return is_full || copy_warehouse(ctx, project, places, err);
}

// Without built models to read, a selected model needs everything above it built too.
static StringList with_ancestors(Context *ctx, const DbtPlaces *places, const StringList *selectors) {
    // A test that also needs a model outside of these is left out.
    StringList wider = {0};
    if (selectors->count == 0 || file_exists(places->warehouse)) return *selectors;
    event_note(ctx, "nothing is built on the sandbox yet, so the models above the selection are built too");
    list_each(const char *const, selector, selectors) {
        list_push(ctx->arena, &wider, **selector == '+' ? *selector : arena_format(ctx->arena, "+%s", *selector));
    }
    list_push(ctx->arena, &wider, "--indirect-selection=buildable");
    return wider;
}

static const char *describe_selection(Arena *arena, const StringList *selectors) {
    return selectors->count == 0 ? "all models" : text_join(arena, selectors, " ");
}

bool dbt_test(Context *ctx, const Project *project, const StringList *selectors, Verdict *verdict, Error *err) {
    cleanup_fd int lock_fd = -1;
    PythonPlace place;
    Build build = {.ctx = ctx, .project = project, .step = "dbt"};
    const char *folder = project_state_path(ctx->arena, project, "dbt-test");
    DbtPlaces places = {.folder = folder,
                        .sandbox = path_join(ctx->arena, folder, "sandbox.db"),
                        .warehouse = path_join(ctx->arena, folder, "warehouse.duckdb")};
    if (project->dbt_dir == NULL) {
        error_set(err, ERROR_CHECKOUT, "this checkout has no dbt_project.yml");
        return error_hint(err, "set dbt.project in devbox.yaml when it lies deeper than three folders");
    }
    event_step_started(ctx, "dbt", "dbt build on a private copy");
    if (!airflow_runtime_of(project)->open_place(ctx, project, PYTHON_DBT, "dbt", &place, err) ||
        !folder_create(ctx->arena, folder, err))
        return false;
    if (!lock_file_take(ctx, path_join(ctx->arena, folder, "test.lock"), "test dbt", LOCK_TIMEOUT_MS, &lock_fd, err))
        return false;
    if (!make_private_copies(ctx, project, &places, selectors->count == 0, err)) return false;
    StringList selected = with_ancestors(ctx, &places, selectors);
    if (!build_nodes(ctx, &build, &places, &selected, err)) return false;
    if (selectors->count > 0 && build.events.verdict.cases.count == 0) {
        return dbt_trouble_with_selection(selectors, path_join(ctx->arena, folder, "target/manifest.json"), err);
    }
    build.events.verdict.title =
        arena_format(ctx->arena, "dbt · %s · %s", path_name(project->dbt_dir), describe_selection(ctx->arena, selectors));
    *verdict = build.events.verdict;
    return true;
}

bool dbt_pass_through(Context *ctx, const Project *project, const StringList *words, int *exit_code, Error *err) {
    PythonPlace place;
    ProcessResult result;
    const char *context;
    DbtPlaces places = dbt_live_places(ctx, project);
    if (project->dbt_dir == NULL) return error_set(err, ERROR_CHECKOUT, "this checkout has no dbt_project.yml");
    if (!airflow_runtime_of(project)->open_place(ctx, project, PYTHON_DBT, "dbt", &place, err)) return false;
    if (!dbt_write_context(ctx, project, &places, &context, err)) return false;
    ProcessSpec spec = {.argv = string_list_to_argv(ctx->arena, words), .is_foreground = true};
    if (!run_worker(ctx, project, context, &spec, &result, err)) return false;
    return foreground_read_exit(&result, "dbt", exit_code, err);
}
