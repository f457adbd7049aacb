#include "services/dbt_saves.h"

#include "base/text.h"
#include "io/file_system.h"
#include "services/dbt_changes.h"
#include "services/dbt_properties.h"

typedef struct Reading {
    Context *ctx;
    const Project *project;
    DbtSaves *saves;
} Reading;

// What dbt and devbox write there, and what belongs to others.
static bool is_made(Arena *arena, const Project *project, const char *path) {
    static const char *const made[] = {"target", "logs", "dbt_packages", "package-lock.yml"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        if (path_is_inside(path, path_join(arena, project->dbt_dir, made[i]))) return true;
    }
    // The dbt project may be the whole checkout, with the DAG folder inside.
    bool has_dags = path_is_inside(project->dags_dir, project->dbt_dir);
    return path_is_inside(path, project->state) || (has_dags && path_is_inside(path, project->dags_dir));
}

static const char *read_text(Arena *arena, const char *path) {
    char *content;
    Error gone = {.arena = arena};
    return file_exists(path) && file_read(arena, path, &content, NULL, &gone) ? content : NULL;
}

// Replaces what the file said; a day of saves takes a few megabytes at most.
static void keep_text(DbtSaves *saves, const char *name, const char *text) {
    const char *kept = map_has(&saves->texts, name) ? name : arena_copy_string(saves->arena, name);
    map_set(saves->arena, &saves->texts, kept, arena_copy_string(saves->arena, text));
}

static bool visit(void *state, const char *path, const FileInfo *info) {
    const Reading *reading = state;
    Arena *arena = reading->ctx->arena;
    DbtFileKind kind;
    if (info->kind == FILE_FOLDER) return *path_name(path) != '.' && !is_made(arena, reading->project, path);
    const char *name = path_relative(arena, path, reading->project->dbt_dir);
    bool is_wanted = dbt_changes_classify(name, &kind) && kind == DBT_FILE_PROPERTIES;
    if (is_wanted) keep_text(reading->saves, name, read_text(arena, path));
    return true;
}

bool dbt_saves_begin(Context *ctx, const Project *project, DbtSaves *saves, Error *err) {
    Reading reading = {.ctx = ctx, .project = project, .saves = saves};
    return project->dbt_dir == NULL || folder_walk(ctx->arena, project->dbt_dir, visit, &reading, err);
}

static void add_change(Context *ctx, DbtSaves *saves, DbtChange change, const char *path, DbtChangeList *list) {
    if (change.kind == DBT_FILE_PROPERTIES) {
        const char *after = read_text(ctx->arena, path), *before = map_get(&saves->texts, change.path);
        if (text_equals(before, after)) return;
        // What cannot be compared may mean anything.
        if (!dbt_properties_compare(ctx->arena, before, after, &change.entries)) change.kind = DBT_FILE_SETTINGS;
        keep_text(saves, change.path, after);
        if (change.kind == DBT_FILE_PROPERTIES && change.entries.count == 0) return;
    }
    list_push(ctx->arena, list, change);
}

DbtChangeList dbt_saves_take(Context *ctx, const Project *project, DbtSaves *saves, const FileChangeList *files) {
    DbtChangeList list = {0};
    list_each(const FileChange, file, files) {
        bool is_ours = project->dbt_dir != NULL && path_is_inside(file->path, project->dbt_dir);
        if (!is_ours || is_made(ctx->arena, project, file->path)) continue;
        DbtChange change = {.path = path_relative(ctx->arena, file->path, project->dbt_dir)};
        if (dbt_changes_classify(change.path, &change.kind)) add_change(ctx, saves, change, file->path, &list);
    }
    return list;
}
