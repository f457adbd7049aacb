#include "services/dbt_changes.h"

#include "base/text.h"
#include "io/file_system.h"
#include "services/checkout_changes.h"
#include "services/dbt_properties.h"

typedef struct Finder {
    Context *ctx;
    const CheckoutChanges *changes;
    const char *root, *dbt_dir, *seeds_dir;  // with links resolved
    DbtChangeList list;
} Finder;

static bool is_one_of(const char *name, const char *const *names) {
    for (; *names != NULL; names++) {
        if (text_equals(name, *names)) return true;
    }
    return false;
}

static bool ends_with_one_of(const char *name, const char *const *ends) {
    for (; *ends != NULL; ends++) {
        if (text_ends_with(name, *ends)) return true;
    }
    return false;
}

static void add(Finder *finder, DbtFileKind kind, const char *path) {
    list_push(finder->ctx->arena, &finder->list, (DbtChange){.kind = kind, .path = path});
}

static bool add_code(Finder *finder, const char *path, const char *name, Error *err) {
    DbtChange change = {.kind = DBT_FILE_CODE, .path = name};
    if (!git_file_before(finder->changes->repository, &finder->changes->base.commit, path, &change.before, err)) return false;
    list_push(finder->ctx->arena, &finder->list, change);
    return true;
}

static bool add_properties(Finder *finder, const char *path, const char *name, Error *err) {
    Arena *arena = finder->ctx->arena;
    const char *before, *file = path_join(arena, finder->dbt_dir, name);
    char *after = NULL;
    DbtChange change = {.kind = DBT_FILE_PROPERTIES, .path = name};
    if (!git_file_before(finder->changes->repository, &finder->changes->base.commit, path, &before, err)) return false;
    if (file_exists(file) && !file_read(arena, file, &after, NULL, err)) return false;
    // What cannot be compared may mean anything.
    if (!dbt_properties_compare(arena, before, after, &change.entries)) change.kind = DBT_FILE_SETTINGS;
    if (change.kind == DBT_FILE_SETTINGS || change.entries.count > 0) list_push(arena, &finder->list, change);
    return true;
}

bool dbt_changes_classify(const char *name, DbtFileKind *kind) {
    static const char *const settings[] = {"dbt_project.yml",  "packages.yml", "dependencies.yml",
                                           "package-lock.yml", "vars.yml",     NULL};
    static const char *const unused[] = {"profiles.yml", "selectors.yml", NULL};  // neither changes what devbox builds
    // A model may read such a file by its path, which dbt does not know.
    static const char *const data[] = {".parquet", ".json", ".jsonl", ".ndjson", ".tsv",    ".gz",
                                       ".zst",     ".avro", ".arrow", ".xlsx",   ".duckdb", NULL};
    static const char *const code[] = {".sql", ".py", NULL}, *const properties[] = {".yml", ".yaml", NULL};
    if (text_starts_with(name, "target/") || text_starts_with(name, "logs/") || is_one_of(name, unused)) return false;
    bool is_data = ends_with_one_of(name, data) && *name != '.' && strchr(name, '/') != NULL;
    if (is_data || is_one_of(name, settings) || text_starts_with(name, "dbt_packages/")) {
        *kind = DBT_FILE_SETTINGS;
    } else if (text_ends_with(name, ".csv")) {
        *kind = DBT_FILE_DATA;
    } else if (ends_with_one_of(name, code)) {
        *kind = DBT_FILE_CODE;
    } else if (ends_with_one_of(name, properties)) {
        *kind = DBT_FILE_PROPERTIES;
    } else {
        return false;
    }
    return true;
}

// `path` as git has it, `name` as dbt has it.
static bool add_file_of_project(Finder *finder, const char *path, const char *name, Error *err) {
    DbtFileKind kind;
    if (!dbt_changes_classify(name, &kind)) return true;
    if (kind == DBT_FILE_CODE) return add_code(finder, path, name, err);
    if (kind == DBT_FILE_PROPERTIES) return add_properties(finder, path, name, err);
    add(finder, kind, name);
    return true;
}

// A package that is a folder of the same repository: dbt_packages/<name> is a link to it.
static bool is_in_local_package(const Finder *finder, const char *file) {
    Arena *arena = finder->ctx->arena;
    const char *folder = path_join(arena, finder->dbt_dir, "dbt_packages");
    StringList names;
    Error ignored = {.arena = arena};
    if (!folder_exists(folder) || !folder_list(arena, folder, &names, &ignored)) return false;
    list_each(const char *const, name, &names) {
        const char *package = path_resolve(arena, path_join(arena, folder, *name));
        if (package != NULL && path_is_inside(file, package)) return true;
    }
    return false;
}

static bool add_file(Finder *finder, const char *path, Error *err) {
    Arena *arena = finder->ctx->arena;
    const char *file = path_join(arena, finder->changes->git_root, path);
    bool is_seed = finder->seeds_dir != NULL && path_is_inside(file, finder->seeds_dir) && text_ends_with(path, ".csv");
    if (path_is_inside(file, finder->dbt_dir))
        return add_file_of_project(finder, path, path_relative(arena, file, finder->dbt_dir), err);
    const char *shown = path_is_inside(file, finder->root) ? path_relative(arena, file, finder->root) : path;
    if (is_seed) {
        add(finder, DBT_FILE_DATA, shown);
    } else if (text_equals(shown, "devbox.yaml") || is_in_local_package(finder, file)) {
        add(finder, DBT_FILE_SETTINGS, shown);
    }
    return true;
}

static const char *describe(Arena *arena, const Finder *finder) {
    const char *since = checkout_changes_since(arena, finder->changes);
    size_t count = finder->list.count;
    if (count == 0) return arena_format(arena, "nothing that dbt reads changed %s", since);
    return arena_format(arena, "%zu %s changed %s", count, count == 1 ? "file" : "files", since);
}

bool dbt_changes_find(Context *ctx, const Project *project, const char *base, DbtChanges *changes, Error *err) {
    Arena *arena = ctx->arena;
    CheckoutChanges found;
    if (!checkout_changes_find(ctx, project, base, &found, err)) return false;
    cleanup_git_repository GitRepository *repository = found.repository;
    Finder finder = {.ctx = ctx,
                     .changes = &found,
                     .root = path_resolve_if_there(arena, project->root),
                     .dbt_dir = path_resolve_if_there(arena, project->dbt_dir),
                     .seeds_dir = path_resolve_if_there(arena, project->seeds_dir)};
    list_each(const char *const, path, &found.paths) {
        if (!add_file(&finder, *path, err)) return false;
    }
    *changes = (DbtChanges){.list = finder.list, .since = describe(arena, &finder)};
    return true;
}
