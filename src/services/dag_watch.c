#include "services/dag_watch.h"

#include "base/map.h"
#include "base/text.h"
#include "io/database.h"
#include "io/file_system.h"
#include "io/platform.h"
#include "services/dag_folder.h"
#include "services/dag_parse.h"
#include "services/save_watch.h"

enum { BUSY_MS = 2000 };

struct DagWatch {
    Arena *arena;  // as long as the watch
    FileWatch *files;
    const AirflowSetup *setup;
    const char *dags_dir;
    Map known;  // paths of Python files that were there before
};

bool dag_watch_create(Context *ctx, const Project *project, const AirflowSetup *setup, DagWatch **watch, int *fd, Error *err) {
    StringList files = {0};
    DagWatch *created = arena_allocate(ctx->arena, sizeof *created);
    *created = (DagWatch){.arena = ctx->arena, .setup = setup, .dags_dir = project->dags_dir};
    if (!dag_folder_list(ctx, project, &files, err)) return false;
    list_each(const char *, file, &files) map_set(ctx->arena, &created->known, *file, created);
    if (!file_watch_create(ctx->arena, project->dags_dir, &created->files, fd, err)) return false;
    *watch = created;
    return true;
}

static bool request_parse(Context *ctx, DagWatch *watch, Database *db, const FileChange *change, Error *err) {
    const AirflowProfile *profile = &watch->setup->profile;
    const StringList *statements = change->is_removed ? &profile->parse_removed : &profile->parse_changed;
    return database_execute(db, dag_parse_fill(ctx->arena, statements, watch->dags_dir, change->path), err);
}

static bool request_all(Context *ctx, DagWatch *watch, Database *db, Error *err) {
    return database_execute(db, dag_parse_fill(ctx->arena, &watch->setup->profile.parse_all, watch->dags_dir, NULL), err);
}

static bool holds_dags(Context *ctx, Database *db, const char *path) {
    cleanup_statement Statement *statement = NULL;
    bool has_row = false;
    Error ignored = {.arena = ctx->arena};
    if (!statement_prepare(db, "SELECT 1 FROM dag WHERE fileloc = ?1 LIMIT 1", &statement, &ignored)) return false;
    statement_bind_text(statement, 1, path, strlen(path));
    return statement_step(statement, &has_row, &ignored) && has_row;
}

// A file that Airflow knows DAGs of, or a new one, changes just itself. A helper module or a data file may change any DAG.
static bool changes_only_itself(Context *ctx, DagWatch *watch, Database *db, const char *path) {
    if (!text_ends_with(path, ".py")) return false;
    bool is_new = !map_has(&watch->known, path);
    if (is_new) map_set(watch->arena, &watch->known, arena_copy_string(watch->arena, path), watch);
    return is_new || holds_dags(ctx, db, path);
}

bool dag_watch_forward(Context *ctx, DagWatch *watch, Error *err) {
    cleanup_database Database *db = NULL;
    bool has_overflowed = false;
    FileChangeList changes = file_watch_read(ctx->arena, watch->files, &has_overflowed);
    bool is_everything = has_overflowed;
    if (changes.count == 0 && !has_overflowed) return true;
    if (!database_open(ctx->arena, watch->setup->database, DATABASE_WRITE, BUSY_MS, &db, err)) return false;
    list_each(FileChange, change, &changes) {
        if (save_watch_is_noise(change->path)) continue;
        if (!changes_only_itself(ctx, watch, db, change->path)) is_everything = true;
        if (!request_parse(ctx, watch, db, change, err)) return false;
    }
    return !is_everything || request_all(ctx, watch, db, err);
}

void dag_watch_destroy(DagWatch *watch) {
    if (watch != NULL) file_watch_destroy(watch->files);
}
