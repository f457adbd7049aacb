#include "base/cleanup.h"
#include "base/text.h"
#include "io/file_system.h"
#include "io/json.h"
#include "io/lock_file.h"
#include "model/dbt_selection.h"
#include "model/event.h"
#include "services/airflow_runtime.h"
#include "services/dbt.h"
#include "services/dbt_changes.h"
#include "services/dbt_run.h"
#include "services/dbt_trouble.h"
#include "services/sandbox.h"
#include "services/sandbox_door.h"

enum { LOCK_TIMEOUT_MS = 120 * 1000, MANIFEST_LIMIT_BYTES = 256 << 20 };

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

static DbtPlaces private_places(Context *ctx, const Project *project) {
    const char *folder = project_state_path(ctx->arena, project, "dbt-test");
    return (DbtPlaces){.folder = folder,
                       .sandbox = path_join(ctx->arena, folder, "sandbox.db"),
                       .warehouse = path_join(ctx->arena, folder, "warehouse.duckdb")};
}

static bool require_project(const Project *project, Error *err) {
    if (project->dbt_dir != NULL) return true;
    error_set(err, ERROR_CHECKOUT, "this checkout has no dbt_project.yml");
    return error_hint(err, "set dbt.project in devbox.yaml when it lies deeper than three folders");
}

// One test at a time has the private copies.
static bool enter(DbtRun *run, const DbtPlaces *places, int *lock_fd, Error *err) {
    Context *ctx = run->ctx;
    PythonPlace place;
    event_step_started(ctx, "dbt", "dbt build on a private copy");
    if (!airflow_runtime_of(run->project)->open_place(ctx, run->project, PYTHON_DBT, "dbt", &place, err)) return false;
    if (!folder_create(ctx->arena, places->folder, err)) return false;
    return lock_file_take(ctx, path_join(ctx->arena, places->folder, "test.lock"), "test dbt", LOCK_TIMEOUT_MS, lock_fd, err);
}

static bool build_selected(DbtRun *run, DbtPlaces *places, const StringList *selectors, Error *err) {
    if (!make_private_copies(run->ctx, run->project, places, selectors->count == 0, err)) return false;
    StringList selected = with_ancestors(run->ctx, places, selectors);
    return dbt_run_build(run, places, &selected, err);
}

// A project in a folder of its own name needs none beside "dbt".
static const char *title_of(Arena *arena, const Project *project, const char *what) {
    const char *folder = path_name(project->dbt_dir);
    if (text_equals(folder, "dbt")) return arena_format(arena, "dbt · %s", what);
    return arena_format(arena, "dbt · %s · %s", folder, what);
}

static bool test_selected(Context *ctx, const Project *project, const DbtTestOptions *options, Verdict *verdict, Error *err) {
    cleanup_fd int lock_fd = -1;
    DbtRun run = {.ctx = ctx, .project = project, .step = "dbt", .stops_at_first_red = options->stops_at_first_red};
    DbtPlaces places = private_places(ctx, project);
    const StringList *selectors = &options->selectors;
    if (!require_project(project, err) || !enter(&run, &places, &lock_fd, err)) return false;
    if (!build_selected(&run, &places, selectors, err)) return false;
    if (selectors->count > 0 && run.events.verdict.cases.count == 0) {
        return dbt_trouble_with_selection(selectors, path_join(ctx->arena, places.folder, "target/manifest.json"), err);
    }
    run.events.verdict.title = title_of(ctx->arena, project, describe_selection(ctx->arena, selectors));
    *verdict = run.events.verdict;
    return true;
}

// --- what changed ---------------------------------------------------------------------------------------------------------

static bool read_manifest(Context *ctx, const DbtPlaces *places, DbtManifest *manifest, Error *err) {
    Value *root;
    const char *path = path_join(ctx->arena, places->folder, "target/manifest.json");
    if (file_info(path).size > MANIFEST_LIMIT_BYTES) {
        error_set(err, ERROR_CHILD, "dbt's %s is larger than devbox reads", path);
        return error_hint(err, "name what to test: devbox test dbt SELECTOR");
    }
    return json_read_file(ctx->arena, path, &root, err) && dbt_manifest_read(ctx->arena, root, manifest, err);
}

static bool build_affected(DbtRun *run, DbtPlaces *places, const DbtChanges *changes, Error *err) {
    Context *ctx = run->ctx;
    DbtManifest manifest;
    bool is_broken;
    event_step_progress(ctx, "dbt", "looking for what the changes affect");
    if (!dbt_run_parse(run, places, &is_broken, err)) return false;
    run->events.verdict.title = title_of(ctx->arena, run->project, changes->since);
    if (is_broken) return true;
    if (!read_manifest(ctx, places, &manifest, err)) return false;
    DbtSelection selection = dbt_select_changed(ctx->arena, &manifest, &changes->list);
    const char *found = dbt_selection_describe(ctx->arena, &selection);
    run->events.verdict.title = title_of(ctx->arena, run->project, arena_format(ctx->arena, "%s: %s", changes->since, found));
    if (selection.why_all == NULL && selection.selectors.count == 0) return true;
    event_note(ctx, "%s: %s", changes->since, found);
    return build_selected(run, places, &selection.selectors, err);
}

static bool test_changed(Context *ctx, const Project *project, const DbtTestOptions *options, Verdict *verdict, Error *err) {
    cleanup_fd int lock_fd = -1;
    DbtRun run = {.ctx = ctx, .project = project, .step = "dbt", .stops_at_first_red = options->stops_at_first_red};
    DbtPlaces places = private_places(ctx, project);
    DbtChanges changes;
    if (!require_project(project, err) || !dbt_changes_find(ctx, project, options->base, &changes, err)) return false;
    if (changes.list.count == 0) {
        *verdict = (Verdict){.title = title_of(ctx->arena, project, changes.since)};
        return true;
    }
    if (!enter(&run, &places, &lock_fd, err) || !build_affected(&run, &places, &changes, err)) return false;
    *verdict = run.events.verdict;
    return true;
}

bool dbt_test(Context *ctx, const Project *project, const DbtTestOptions *options, Verdict *verdict, Error *err) {
    return options->base == NULL ? test_selected(ctx, project, options, verdict, err)
                                 : test_changed(ctx, project, options, verdict, err);
}

// --- what was saved -------------------------------------------------------------------------------------------------------

static bool is_known(const DbtManifest *manifest, const DbtChange *change) {
    list_each(const DbtNode, node, &manifest->nodes) {
        bool is_own = text_equals(node->package, manifest->project);
        if (is_own && node->kind != DBT_HOOK && text_equals(node->file, change->path)) return true;
    }
    return false;
}

// The last manifest knows which nodes a file holds while nothing but their code changes: that saves a look at the whole project.
static bool select_from_last_manifest(const DbtRun *run, const DbtPlaces *places, const DbtChangeList *changes,
                                      DbtSelection *selection) {
    Arena *arena = run->ctx->arena;
    DbtManifest manifest;
    Error none = {.arena = arena};
    if (!file_exists(path_join(arena, places->folder, "target/manifest.json"))) return false;
    if (!read_manifest(run->ctx, places, &manifest, &none)) return false;
    list_each(const DbtChange, change, changes) {
        bool is_there = file_exists(path_join(arena, run->project->dbt_dir, change->path));
        if (change->kind != DBT_FILE_CODE || !is_there || !is_known(&manifest, change)) return false;
    }
    *selection = dbt_select_saved(arena, &manifest, changes);
    return selection->why_all == NULL && selection->selectors.count > 0;
}

static bool select_saved(DbtRun *run, DbtPlaces *places, const DbtChangeList *changes, DbtSelection *selection, bool *is_broken,
                         Error *err) {
    DbtManifest manifest;
    *is_broken = false;
    if (select_from_last_manifest(run, places, changes, selection)) return true;
    if (!dbt_run_parse(run, places, is_broken, err) || *is_broken) return *is_broken;
    if (!read_manifest(run->ctx, places, &manifest, err)) return false;
    *selection = dbt_select_saved(run->ctx->arena, &manifest, changes);
    return true;
}

bool dbt_test_saved(Context *ctx, const Project *project, const DbtChangeList *changes, Verdict *verdict, Error *err) {
    cleanup_fd int lock_fd = -1;
    DbtRun run = {.ctx = ctx, .project = project, .step = "dbt"};
    DbtPlaces places = private_places(ctx, project);
    DbtSelection selection = {0};
    bool is_broken;
    if (!require_project(project, err) || !enter(&run, &places, &lock_fd, err)) return false;
    if (!select_saved(&run, &places, changes, &selection, &is_broken, err)) return false;
    bool has_any = selection.why_all != NULL || selection.selectors.count > 0;
    if (!is_broken && has_any && !build_selected(&run, &places, &selection.selectors, err)) return false;
    *verdict = run.events.verdict;
    return true;
}
