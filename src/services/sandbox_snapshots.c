#include "services/sandbox_snapshots.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "io/clock.h"
#include "io/database.h"
#include "io/file_system.h"
#include "io/mapped_file.h"
#include "io/random.h"
#include "model/event.h"
#include "services/sandbox_catalog.h"

#define ENDING ".db"
#define UNFINISHED ".new"
#define KEPT_FIRST "before-"

enum { BUSY_MS = 30000, LONGEST_NAME = 64, MOST_KEPT = 3, NAME_DIGITS = 16 };

static const char *folder_of(Context *ctx, const Project *project) {
    return project_state_path(ctx->arena, project, SANDBOX_SNAPSHOTS_FOLDER);
}

static const char *path_of(Context *ctx, const Project *project, const char *name) {
    return path_join(ctx->arena, folder_of(ctx, project), arena_format(ctx->arena, "%s" ENDING, name));
}

static Snapshot describe(Context *ctx, const Project *project, const char *name) {
    Snapshot snapshot = {.name = name, .path = path_of(ctx, project, name)};
    FileInfo info = file_info(snapshot.path);
    snapshot.size_bytes = info.size;
    snapshot.taken_ms = info.modified_ns / 1000000;
    return snapshot;
}

// --- which there are ------------------------------------------------------------------------------------------------------

static int compare_age(const void *left, const void *right) {
    const Snapshot *one = left, *other = right;
    if (one->taken_ms != other->taken_ms) return one->taken_ms < other->taken_ms ? 1 : -1;
    return strcmp(other->name, one->name);
}

bool sandbox_snapshots_list(Context *ctx, const Project *project, SnapshotList *snapshots, Error *err) {
    StringList files = {0};
    *snapshots = (SnapshotList){0};
    if (!folder_list(ctx->arena, folder_of(ctx, project), &files, err)) return false;
    list_each(const char *const, file, &files) {
        if (**file == '.' || !text_ends_with(*file, ENDING)) continue;
        const char *name = arena_copy_bytes(ctx->arena, *file, strlen(*file) - strlen(ENDING));
        list_push(ctx->arena, snapshots, describe(ctx, project, name));
    }
    if (snapshots->count > 1) qsort(snapshots->items, snapshots->count, sizeof *snapshots->items, compare_age);
    return true;
}

static bool report_unknown(Context *ctx, const SnapshotList *snapshots, const char *name, Error *err) {
    StringList names = {0};
    list_each(const Snapshot, snapshot, snapshots) list_push(ctx->arena, &names, snapshot->name);
    if (names.count == 0) {
        error_set(err, ERROR_USAGE, "there is no snapshot of the sandbox database yet");
        return error_hint(err, "devbox db snapshot takes one");
    }
    const char *nearest = text_nearest(name, names.items, names.count);
    error_set(err, ERROR_USAGE, "there is no snapshot '%s'", name);
    if (nearest != NULL) return error_hint(err, "did you mean: %s", nearest);
    return error_hint(err, "there are: %s", text_join(ctx->arena, &names, ", "));
}

bool sandbox_snapshots_find(Context *ctx, const Project *project, const char *name, Snapshot *found, Error *err) {
    SnapshotList snapshots;
    if (!sandbox_snapshots_list(ctx, project, &snapshots, err)) return false;
    list_each(const Snapshot, snapshot, &snapshots) {
        if (name != NULL && !text_equals(snapshot->name, name)) continue;
        *found = *snapshot;
        return true;
    }
    return report_unknown(ctx, &snapshots, name, err);
}

// --- taking one -----------------------------------------------------------------------------------------------------------

// A name that devbox gives before it changes everything.
static bool is_own(const char *name) {
    static const char *const beginnings[] = {KEPT_FIRST "restore-", KEPT_FIRST "reset-", KEPT_FIRST "destroy-"};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        if (text_starts_with(name, beginnings[i])) return true;
    }
    return false;
}

static bool check_name(const char *name, Error *err) {
    if (is_own(name)) {
        error_set(err, ERROR_USAGE, "'%s' is a name that devbox gives itself, and may remove again", name);
        return error_hint(err, "take another one: my-%s", name);
    }
    bool is_fine = isalnum((unsigned char)*name) && strlen(name) <= LONGEST_NAME;
    for (const char *c = name; is_fine && *c != '\0'; c++) is_fine = isalnum((unsigned char)*c) || strchr("._-", *c) != NULL;
    if (is_fine) return true;
    error_set(err, ERROR_USAGE, "'%s' cannot be the name of a snapshot", name);
    return error_hint(err, "letters, digits, and . _ - behind the first one; at most %d", LONGEST_NAME);
}

// "20261126-124005", of local time; a second one in that second gets a number.
static const char *new_name(Context *ctx, const Project *project, const char *beginning) {
    const char *t = clock_format(ctx->arena, clock_wall_ms());
    const char *stamp =
        arena_format(ctx->arena, "%s%.4s%.2s%.2s-%.2s%.2s%.2s", beginning, t, t + 5, t + 8, t + 11, t + 14, t + 17);
    const char *name = stamp;
    for (int i = 2; file_exists(path_of(ctx, project, name)); i++) name = arena_format(ctx->arena, "%s-%d", stamp, i);
    return name;
}

static bool execute_on(Context *ctx, const char *path, const char *sql, Error *err) {
    cleanup_database Database *db = NULL;
    return database_open(ctx->arena, path, DATABASE_WRITE, BUSY_MS, &db, err) && database_execute(db, sql, err);
}

static bool copy_out(Context *ctx, const Project *project, const char *name, Snapshot *taken, Error *err) {
    const char *path = path_of(ctx, project, name), *made = arena_format(ctx->arena, "%s" UNFINISHED, path);
    if (!folder_create(ctx->arena, folder_of(ctx, project), err)) return false;
    // A file that stays as it is needs no log beside it.
    if (!sandbox_backup(ctx, project, made, err) || !execute_on(ctx, made, "PRAGMA journal_mode = DELETE", err)) return false;
    if (!file_rename(ctx->arena, made, path, err)) return false;
    *taken = describe(ctx, project, name);
    return true;
}

static bool is_there(Context *ctx, const Project *project) { return file_exists(sandbox_path(ctx->arena, project)); }

// What a killed command left.
static bool remove_unfinished(Context *ctx, const Project *project, Error *err) {
    StringList files = {0};
    if (!folder_list(ctx->arena, folder_of(ctx, project), &files, err)) return false;
    list_each(const char *const, file, &files) {
        bool is_unfinished = strstr(*file, UNFINISHED) != NULL && !text_ends_with(*file, ENDING);
        if (is_unfinished && !file_remove(ctx->arena, path_join(ctx->arena, folder_of(ctx, project), *file), err)) return false;
    }
    return true;
}

static bool take_lock(Context *ctx, const Project *project, const char *what, int *lock, Error *err) {
    return sandbox_lock(ctx, project, what, lock, err) && remove_unfinished(ctx, project, err);
}

bool sandbox_snapshots_take(Context *ctx, const Project *project, const char *name, Snapshot *taken, Error *err) {
    cleanup_fd int lock = -1;
    if (name != NULL && !check_name(name, err)) return false;
    if (!is_there(ctx, project)) return sandbox_report_missing(ctx->arena, project, err);
    if (!take_lock(ctx, project, "db snapshot", &lock, err)) return false;
    if (name != NULL && file_exists(path_of(ctx, project, name))) {
        error_set(err, ERROR_USAGE, "there is a snapshot '%s' already", name);
        return error_hint(err, "take another name, or remove %s", path_of(ctx, project, name));
    }
    return copy_out(ctx, project, name != NULL ? name : new_name(ctx, project, ""), taken, err);
}

// --- going back -----------------------------------------------------------------------------------------------------------

// Who works with `restore` all day would fill the disk.
static bool remove_oldest_kept(Context *ctx, const Project *project, Error *err) {
    SnapshotList snapshots;
    size_t kept = 0;
    if (!sandbox_snapshots_list(ctx, project, &snapshots, err)) return false;
    list_each(const Snapshot, snapshot, &snapshots) {
        kept += is_own(snapshot->name);
        bool is_surplus = is_own(snapshot->name) && kept > MOST_KEPT;
        if (is_surplus && !file_remove(ctx->arena, snapshot->path, err)) return false;
    }
    return true;
}

static bool keep_first(Context *ctx, const Project *project, const char *change, Snapshot *kept, Error *err) {
    *kept = (Snapshot){0};
    if (!is_there(ctx, project)) return true;
    const char *beginning = arena_format(ctx->arena, KEPT_FIRST "%s-", change);
    return copy_out(ctx, project, new_name(ctx, project, beginning), kept, err);
}

bool sandbox_snapshots_keep(Context *ctx, const Project *project, const char *change, Snapshot *kept, Error *err) {
    cleanup_fd int lock = -1;
    return take_lock(ctx, project, change, &lock, err) && keep_first(ctx, project, change, kept, err) &&
           remove_oldest_kept(ctx, project, err);
}

// It never changes in a file, so no lock is needed to read it.
static bool read_page_size(const char *path, long long *bytes, Error *err) {
    enum { OFFSET = 16, LARGEST = 65536 };
    cleanup_mapped_file MappedFile file = {0};
    if (!mapped_file_open(path, &file, err)) return false;
    const unsigned char *header = (const unsigned char *)file.bytes;
    *bytes = file.length < OFFSET + 2 ? 0 : (header[OFFSET] << 8) | header[OFFSET + 1];
    if (*bytes == 1) *bytes = LARGEST;
    return true;
}

// A name that never was before: an engine's file sharing may remember what an old one held.
static const char *passing_path(Context *ctx, const Project *project) {
    const char *name = arena_format(ctx->arena, "%s" UNFINISHED, random_hex(ctx->arena, NAME_DIGITS));
    return path_join(ctx->arena, folder_of(ctx, project), name);
}

// SQLite overwrites a database that others have open only with pages of the same size.
static bool overwrite(Context *ctx, const Project *project, const char *from, Error *err) {
    long long wanted = 0, given = 0;
    Error ignored = {.arena = ctx->arena};
    const char *live = sandbox_path(ctx->arena, project);
    if (is_there(ctx, project) && !read_page_size(live, &wanted, err)) return false;
    if (!read_page_size(from, &given, err)) return false;
    if (wanted == 0 || wanted == given) return sandbox_overwrite(ctx, project, from, err);
    const char *copy = passing_path(ctx, project);
    const char *resize = arena_format(ctx->arena, "PRAGMA page_size = %lld; VACUUM", wanted);
    bool is_done = file_copy(ctx->arena, from, copy, 0600, err) && execute_on(ctx, copy, resize, err) &&
                   sandbox_overwrite(ctx, project, copy, err);
    return file_remove(ctx->arena, copy, is_done ? err : &ignored) && is_done;
}

bool sandbox_snapshots_restore(Context *ctx, const Project *project, const Snapshot *wanted, Snapshot *kept, Error *err) {
    cleanup_fd int lock = -1;
    // The oldest of those that are kept goes last: it may be the wanted one.
    return take_lock(ctx, project, "db restore", &lock, err) && keep_first(ctx, project, "restore", kept, err) &&
           overwrite(ctx, project, wanted->path, err) && remove_oldest_kept(ctx, project, err);
}

// A database with nothing but the empty list of tables.
static bool empty(Context *ctx, const Project *project, Error *err) {
    Error ignored = {.arena = ctx->arena};
    const char *source = passing_path(ctx, project);
    bool is_done = file_write_string(ctx->arena, source, "", 0600, err) &&
                   execute_on(ctx, source, sandbox_catalog_create_sql, err) && overwrite(ctx, project, source, err);
    return file_remove(ctx->arena, source, is_done ? err : &ignored) && is_done;
}

static bool keep_and_empty(Context *ctx, const Project *project, Snapshot *kept, Error *err) {
    cleanup_fd int lock = -1;
    if (!take_lock(ctx, project, "db reset", &lock, err) || !keep_first(ctx, project, "reset", kept, err)) return false;
    return kept->name == NULL || (empty(ctx, project, err) && remove_oldest_kept(ctx, project, err));
}

// Whatever keeps the seeds from being loaded, Ctrl-C too, leaves the database as it was.
static void take_back(Context *ctx, const Project *project, const Snapshot *kept) {
    cleanup_fd int lock = -1;
    Context own = *ctx;
    Error problem = {.arena = ctx->arena};
    own.cancel = NULL;
    if (kept->name == NULL) return;
    if (take_lock(&own, project, "db reset", &lock, &problem) && sandbox_overwrite(&own, project, kept->path, &problem)) return;
    event_warning(ctx, arena_format(ctx->arena, "devbox db restore %s", kept->name),
                  "the sandbox database is empty now: it could not be brought back: %s", problem.message);
}

bool sandbox_snapshots_reset(Context *ctx, const Project *project, Snapshot *kept, SeedReport *report, Error *err) {
    if (!keep_and_empty(ctx, project, kept, err)) return false;
    if (sandbox_seed(ctx, project, report, err)) return true;
    take_back(ctx, project, kept);
    return false;
}
