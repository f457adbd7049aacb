#include "services/watch.h"

#include "base/text.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/dag_memory.h"
#include "services/dag_parse.h"
#include "services/dag_tests.h"
#include "services/dbt.h"
#include "services/dbt_saves.h"
#include "services/watch_loop.h"

typedef struct Watcher {
    const Project *project;
    DagMemory memory;
    DbtSaves dbt;
    StringList stale;  // DAG files that mean something else now, by what they use
    bool is_all_stale;
    Arena *arena;  // of `stale`: from the round to what follows it
} Watcher;

StringList watch_folders(Context *ctx, const Project *project, const char **what) {
    StringList folders = {0}, names = {0};
    const char *const all[] = {project->dags_dir, project->plugins_dir, project->dbt_dir};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i] == NULL) continue;
        list_push(ctx->arena, &folders, all[i]);
        if (folder_exists(all[i])) list_push(ctx->arena, &names, path_relative(ctx->arena, all[i], project->root));
    }
    *what = text_join(ctx->arena, &names, ", ");
    return folders;
}

// --- DAG files ------------------------------------------------------------------------------------------------------------

static bool says_what_airflow_reads(const FileChangeList *changes) {
    list_each(const FileChange, change, changes) {
        if (text_equals(path_name(change->path), ".airflowignore")) return true;
    }
    return false;
}

static bool check_dags(Context *ctx, Watcher *watcher, const StringList *files, WatchRound *round, Error *err) {
    Verdict verdict = {0};
    if (!dag_tests_check_and_learn(ctx, watcher->project, files, &watcher->memory, &verdict, err)) return false;
    verdict_merge(ctx->arena, &round->verdict, &verdict);
    round->has_tested = true;
    return true;
}

// Airflow sees by a file's own time that it was saved, but not what else that changes.
static void keep_stale(Context *ctx, Watcher *watcher, const StringList *affected, const FileChangeList *changes) {
    StringList saved = {0};
    list_each(const FileChange, change, changes) list_push(ctx->arena, &saved, change->path);
    list_each(const char *const, file, affected) {
        if (string_list_contains(&saved, *file)) continue;
        list_push(watcher->arena, &watcher->stale, arena_copy_string(watcher->arena, *file));
    }
}

static bool test_dags(Context *ctx, Watcher *watcher, WatchRound *round, Error *err) {
    const Saves *saves = round->saves;
    const Project *project = watcher->project;
    if (!folder_exists(project->dags_dir)) return true;
    watcher->is_all_stale = saves->has_overflowed || says_what_airflow_reads(&saves->changes);
    if (watcher->is_all_stale) return check_dags(ctx, watcher, &(StringList){0}, round, err);
    StringList affected = dag_memory_find_affected(ctx->arena, &watcher->memory, project->dags_dir, &saves->changes), files = {0};
    // Of many that went at once nobody was told.
    list_each(const char *, file, &affected) {
        if (file_exists(*file)) list_push(ctx->arena, &files, *file);
    }
    keep_stale(ctx, watcher, &files, &saves->changes);
    return files.count == 0 || check_dags(ctx, watcher, &files, round, err);
}

// --- dbt ------------------------------------------------------------------------------------------------------------------

static bool test_dbt(Context *ctx, Watcher *watcher, WatchRound *round, Error *err) {
    Verdict verdict = {0};
    DbtChangeList changes = dbt_saves_take(ctx, watcher->project, &watcher->dbt, &round->saves->changes);
    if (changes.count == 0) return true;
    if (!dbt_test_saved(ctx, watcher->project, &changes, &verdict, err)) return false;
    verdict_merge(ctx->arena, &round->verdict, &verdict);
    round->has_tested = round->has_tested || verdict.cases.count > 0;
    return true;
}

// --- the rest -------------------------------------------------------------------------------------------------------------

static const char *file_in_root(Arena *arena, const Project *project, const char *name) {
    return path_join(arena, project->root, name);
}

// The usual one may be written yet.
static const char *requirements_of(const Project *project) {
    const char *given = project->config.airflow.requirements;
    return given == NULL ? "requirements.txt" : given;
}

// What a save means that sets no test off; NULL: nothing that anybody waits for.
static const char *advice_for(Arena *arena, const Project *project, const char *path) {
    const char *name = path_relative(arena, path, project->root);
    if (text_equals(path, file_in_root(arena, project, requirements_of(project))))
        return arena_format(arena, "the next test installs what %s names now; for the running Airflow: devbox start", name);
    if (text_equals(path, file_in_root(arena, project, "devbox.yaml")) || text_equals(path, file_in_root(arena, project, ".env")))
        return arena_format(arena, "to have %s hold everywhere: devbox start, and then this watch again", name);
    if (path_is_inside(path, project->seeds_dir) && text_ends_with(path, ".csv"))
        return arena_format(arena, "to load %s into the sandbox: devbox db seed", name);
    return NULL;
}

static void advise(Context *ctx, const Project *project, const WatchRound *round) {
    bool has_advised = false;
    list_each(const FileChange, change, &round->saves->changes) {
        const char *advice = advice_for(ctx->arena, project, change->path);
        if (advice != NULL) event_note(ctx, "  %s", advice);
        has_advised = has_advised || advice != NULL;
    }
    if (!has_advised && !round->has_tested) event_note(ctx, "  no test depends on it");
}

static bool test_save(Context *ctx, void *state, WatchRound *round, Error *err) {
    Watcher *watcher = state;
    if (!test_dags(ctx, watcher, round, err) || !test_dbt(ctx, watcher, round, err)) return false;
    advise(ctx, watcher->project, round);
    return true;
}

// --- the first round ------------------------------------------------------------------------------------------------------

typedef struct RedSink {
    EventSink sink;
    EventSink *inner;
} RedSink;

static bool is_green(const TestCase *test_case) { return test_case->state == TEST_PASS || test_case->state == TEST_SKIP; }

static void pass_on(EventSink *sink, const Event *event) {
    const RedSink *red = (const RedSink *)sink;
    if (red->inner == NULL || (event->kind == EVENT_TEST_CASE && is_green(event->test_case))) return;
    red->inner->emit(red->inner, event);
}

// Hundreds of files that are fine would only push away what is not.
static bool test_all(Context *ctx, Watcher *watcher, WatchRound *round, Error *err) {
    RedSink red = {.sink = {pass_on}, .inner = ctx->sink};
    Context quiet = *ctx;
    TestCaseList cases = {0};
    quiet.sink = &red.sink;
    if (!folder_exists(watcher->project->dags_dir)) return true;
    if (!check_dags(&quiet, watcher, &(StringList){0}, round, err)) return false;
    list_each(const TestCase, test_case, &round->verdict.cases) {
        if (!is_green(test_case)) list_push(ctx->arena, &cases, *test_case);
    }
    round->verdict.cases = cases;
    return true;
}

static bool play_round(Context *ctx, void *state, WatchRound *round, Error *err) {
    return round->saves == NULL ? test_all(ctx, state, round, err) : test_save(ctx, state, round, err);
}

static void follow_up(Context *ctx, void *state) {
    Watcher *watcher = state;
    if (watcher->is_all_stale) watcher->stale = (StringList){0};
    if (watcher->is_all_stale || watcher->stale.count > 0) dag_parse_follow_save(ctx, watcher->project, &watcher->stale);
    watcher->is_all_stale = false;
    watcher->stale = (StringList){0};
    arena_reset(watcher->arena, (ArenaMark){0});
}

static StringList single_files(Arena *arena, const Project *project) {
    StringList files = {0};
    const char *const names[] = {"devbox.yaml", ".env", requirements_of(project)};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) list_push(arena, &files, file_in_root(arena, project, names[i]));
    return files;
}

bool watch_run(Context *ctx, const Project *project, Error *err) {
    Watcher watcher = {.project = project, .memory = {.arena = ctx->arena}, .dbt = {.arena = ctx->arena}};
    WatchLoop loop = {.project = project, .run = play_round, .follow_up = follow_up, .state = &watcher};
    loop.files = single_files(ctx->arena, project);
    loop.folders = watch_folders(ctx, project, &loop.what);
    watcher.memory.uses_below = loop.folders;
    list_push(ctx->arena, &loop.folders, project->seeds_dir);
    if (!project_prepare_state(ctx, project, err) || !dbt_saves_begin(ctx, project, &watcher.dbt, err)) return false;
    event_headline(ctx, "%s · Airflow %s · watching %s", project->name, project->config.airflow.version, loop.what);
    watcher.arena = arena_create();
    bool is_done = watch_loop_run(ctx, &loop, err);
    arena_destroy(watcher.arena);
    return is_done;
}
