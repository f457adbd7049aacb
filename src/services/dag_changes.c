#include "services/dag_changes.h"

#include "base/text.h"
#include "io/file_system.h"
#include "services/checkout_changes.h"
#include "services/dag_folder.h"
#include "services/save_watch.h"

typedef struct Finder {
    Context *ctx;
    const Project *project;
    const CheckoutChanges *git;
    const char *dags_dir, *plugins_dir;  // with links resolved
    FileChangeList list;
    Map seen;  // files and folders in the list
    const char *concerns_all;
} Finder;

static const char *shown(const Finder *finder, const char *file) {
    return path_relative(finder->ctx->arena, file, finder->project->root);
}

// Requirements may name others of these by -r and -c.
static bool is_requirements(const Finder *finder, const char *name) {
    const char *own = path_name(name);
    bool has_usual_name = text_starts_with(own, "requirements") || text_starts_with(own, "constraints");
    return text_equals(name, finder->project->config.airflow.requirements) || text_starts_with(name, "requirements/") ||
           (has_usual_name && text_ends_with(own, ".txt"));
}

// Files that decide how every DAG file is read, whatever it imports.
static bool concerns_all(const Finder *finder, const char *file) {
    const char *name = shown(finder, file), *own = path_name(file);
    if (path_is_inside(file, finder->plugins_dir)) return true;
    if (path_is_inside(file, finder->dags_dir))
        return text_equals(own, ".airflowignore") || text_equals(own, "airflow_local_settings.py");
    return is_requirements(finder, name) || text_equals(name, "devbox.yaml") || text_equals(name, ".env");
}

static void add(Finder *finder, const char *path) {
    if (map_has(&finder->seen, path)) return;
    FileInfo info = file_info(path);
    map_set(finder->ctx->arena, &finder->seen, path, finder);
    list_push(finder->ctx->arena, &finder->list, (FileChange){.path = path, .is_removed = info.kind == FILE_MISSING});
}

// A folder that came or went is a change of the list that it is in; git names files only.
static bool add_folders(Finder *finder, const char *path, Error *err) {
    Arena *arena = finder->ctx->arena;
    for (const char *folder = path_folder(arena, path); !text_equals(folder, "."); folder = path_folder(arena, folder)) {
        const char *absolute = path_join(arena, finder->git->git_root, folder);
        bool was_there = true;
        if (map_has(&finder->seen, absolute) || !path_is_inside(absolute, finder->project->root)) return true;
        if (!git_was_there(finder->git->repository, &finder->git->base.commit, folder, &was_there, err)) return false;
        if (was_there && folder_exists(absolute)) return true;
        add(finder, absolute);
    }
    return true;
}

static bool add_files(Finder *finder, Error *err) {
    list_each(const char *const, path, &finder->git->paths) {
        const char *file = path_join(finder->ctx->arena, finder->git->git_root, *path);
        add(finder, file);
        if (save_watch_is_noise(file)) continue;
        if (finder->concerns_all == NULL && concerns_all(finder, file)) finder->concerns_all = shown(finder, file);
        if (!add_folders(finder, *path, err)) return false;
    }
    return true;
}

// A file that is reached by a link has another name in git.
static void add_if_linked(Finder *finder, const char *path) {
    const char *real = path_resolve(finder->ctx->arena, path);
    if (real != NULL && !text_equals(real, path) && map_has(&finder->seen, real)) add(finder, path);
}

static void add_links(Finder *finder, const DagMemory *memory) {
    Map looked_at = {0};
    for (size_t i = 0; i < memory->files.count; i++) {
        const RememberedFile *file = memory->files.entries[i].value;
        add_if_linked(finder, file->path);
        list_each(const char *const, used, &file->uses) {
            if (map_has(&looked_at, *used)) continue;
            map_set(finder->ctx->arena, &looked_at, *used, finder);
            add_if_linked(finder, *used);
        }
    }
}

static bool sets_safe_mode(const PairList *variables) {
    return pair_list_find(variables, "AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE") != NULL;
}

// By Airflow's safe mode a file with DAGs has both words; a helper without them is seen through those that use it.
static bool may_hold_dags(const Finder *finder, const DagMemory *memory, const char *path) {
    Arena *arena = finder->ctx->arena;
    const RememberedFile *known = map_get(&memory->files, path);
    char *text;
    Error ignored = {.arena = arena};
    if (known != NULL && (known->is_red || known->dags.count > 0)) return true;
    if (sets_safe_mode(&finder->project->config.airflow.env) || sets_safe_mode(&finder->project->dotenv)) return true;
    if (!file_read(arena, path, &text, NULL, &ignored)) return true;
    return strcasestr(text, "dag") != NULL && strcasestr(text, "airflow") != NULL;
}

static void keep(const Finder *finder, const DagMemory *memory, StringList *files, const char *path) {
    bool is_new = file_exists(path) && !string_list_contains(files, path);
    if (is_new && may_hold_dags(finder, memory, path)) list_push(finder->ctx->arena, files, path);
}

static bool choose_files(Finder *finder, DagMemory *memory, StringList *chosen, Error *err) {
    Context *ctx = finder->ctx;
    StringList present;
    if (!dag_folder_list(ctx, finder->project, &present, err)) return false;
    StringList affected = dag_memory_find_affected(ctx->arena, memory, finder->project->dags_dir, &finder->list);
    list_each(const char *const, file, &affected) keep(finder, memory, chosen, *file);
    // What was never checked may use anything.
    list_each(const char *const, file, &present) {
        if (!map_has(&memory->files, *file)) keep(finder, memory, chosen, *file);
    }
    string_list_sort(chosen);
    return true;
}

static const char *describe(Arena *arena, const char *since, const DagChanges *changes, const char *why_all) {
    size_t count = changes->files.count;
    if (why_all != NULL) return arena_format(arena, "%s: %s, so all DAG files are tested", since, why_all);
    if (count == 0) return arena_format(arena, "nothing that DAG files use changed %s", since);
    return arena_format(arena, "%s: %zu DAG %s affected", since, count, count == 1 ? "file is" : "files are");
}

static bool find(Finder *finder, DagMemory *memory, DagChanges *changes, Error *err) {
    Arena *arena = finder->ctx->arena;
    DagChanges found = {0};
    const char *why_all = NULL;
    if (!add_files(finder, err)) return false;
    add_links(finder, memory);
    if (finder->concerns_all != NULL) {
        why_all = arena_format(arena, "%s changed", finder->concerns_all);
    } else if (finder->list.count > 0 && memory->files.count == 0) {
        why_all = "which files each DAG file uses is not known yet";
    } else if (finder->list.count > 0 && !choose_files(finder, memory, &found.files, err)) {
        return false;
    }
    found.is_all = why_all != NULL;
    found.what = describe(arena, checkout_changes_since(arena, finder->git), &found, why_all);
    *changes = found;
    return true;
}

bool dag_changes_find(Context *ctx, const Project *project, const char *base, DagMemory *memory, DagChanges *changes,
                      Error *err) {
    CheckoutChanges git;
    if (!checkout_changes_find(ctx, project, base, &git, err)) return false;
    cleanup_git_repository GitRepository *repository = git.repository;
    Finder finder = {.ctx = ctx,
                     .project = project,
                     .git = &git,
                     .dags_dir = path_resolve_if_there(ctx->arena, project->dags_dir),
                     .plugins_dir = path_resolve_if_there(ctx->arena, project->plugins_dir)};
    return find(&finder, memory, changes, err);
}

bool dag_changes_are_any(const DagChanges *changes) { return changes->is_all || changes->files.count > 0; }
