#include "services/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "io/file_system.h"
#include "io/lock_file.h"
#include "io/random.h"
#include "services/sandbox_door.h"
#include "services/sandbox_live.h"
#include "services/seed_loader.h"
#include "services/seed_memo.h"

enum { LOCK_TIMEOUT_MS = 60000, BUSY_MS = 30000, NAME_DIGITS = 16 };

#define DOOR_FOLDER "tmp/seeds"

// A file and what is to be done with it.
typedef struct SeedWork {
    SeedFile file;
    const char *content_hash;
    bool is_current;   // its table is in the sandbox already
    SeedTable loaded;  // once it was loaded into the temporary database
} SeedWork;

typedef LIST_OF(SeedWork) SeedWorkList;

typedef struct Seeding {
    Context *ctx;
    SandboxLive live;
    const char *temporary;
    SeedMemo *memo;
    SeedWorkList works;
    StringList vanished;  // tables whose file is gone
    StringList dropped;   // those of them that were still a seed's
    bool has_live;
    size_t to_load;
} Seeding;

const char *sandbox_path(Arena *arena, const Project *project) { return project_state_path(arena, project, "sandbox.db"); }

static bool remove_logs(Arena *arena, const char *path, Error *err) {
    static const char *const ends[] = {"-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (!file_remove(arena, arena_format(arena, "%s%s", path, ends[i]), err)) return false;
    }
    return true;
}

static bool remove_database(Arena *arena, const char *path, Error *err) {
    return file_remove(arena, path, err) && remove_logs(arena, path, err);
}

// --- what is to be done ---------------------------------------------------------------------------------------------------

static bool refuse_foreign(const Seeding *seeding, const SeedFile *file, const CatalogEntry *entry, Error *err) {
    const char *maker = text_equals(entry->owner, "dbt") ? "dbt published it" : "devbox did not make it";
    error_set(err, ERROR_DATA_AT_RISK, "%s cannot be loaded: the sandbox database has a table %s already, and %s", file->shown,
              entry->table, maker);
    error_hint(err, "Rename the file, or the table if you need its rows: devbox db query --write 'ALTER TABLE %s RENAME TO …'",
               database_quote_identifier(seeding->ctx->arena, entry->table));
    return false;
}

// A table is ours to replace when it is not there, or a seed made it.
static bool check_owner(const Seeding *seeding, const SeedFile *file, const CatalogEntryList *entries, Error *err) {
    const CatalogEntry *entry = sandbox_catalog_find(entries, file->table);
    bool is_ours = entry == NULL || !entry->exists || text_equals(entry->owner, "seed");
    return is_ours || refuse_foreign(seeding, file, entry, err);
}

static bool read_catalog(Seeding *seeding, CatalogEntryList *entries, Error *err) {
    seeding->has_live = file_exists(seeding->live.path);
    return !seeding->has_live || sandbox_live_read_catalog(&seeding->live, entries, err);
}

static bool has_file(const Seeding *seeding, const char *table) {
    for (size_t i = 0; i < seeding->works.count; i++) {
        if (strcasecmp(seeding->works.items[i].file.table, table) == 0) return true;
    }
    return false;
}

static bool plan_file(Seeding *seeding, const SeedFile *file, const CatalogEntryList *entries, Error *err) {
    SeedWork work = {.file = *file};
    if (!check_owner(seeding, file, entries, err) || !seed_memo_hash(seeding->memo, file, &work.content_hash, err)) return false;
    const CatalogEntry *entry = sandbox_catalog_find(entries, file->table);
    work.is_current = entry != NULL && entry->exists && text_equals(entry->content_hash, work.content_hash);
    seeding->to_load += !work.is_current;
    list_push(seeding->ctx->arena, &seeding->works, work);
    return true;
}

static bool plan(Seeding *seeding, const Project *project, Error *err) {
    SeedFileList files = {0};
    CatalogEntryList entries = {0};
    if (!seed_files_find(seeding->ctx, project, &files, err) || !read_catalog(seeding, &entries, err)) return false;
    list_each(const SeedFile, file, &files) {
        if (!plan_file(seeding, file, &entries, err)) return false;
    }
    list_each(const CatalogEntry, entry, &entries) {
        if (!text_equals(entry->owner, "seed") || has_file(seeding, entry->table)) continue;
        list_push(seeding->ctx->arena, &seeding->vanished, entry->table);
    }
    return true;
}

// --- the temporary database -----------------------------------------------------------------------------------------------

static bool load_files(Seeding *seeding, Database *db, Error *err) {
    if (!database_execute(db, sandbox_catalog_create_sql, err)) return false;
    list_each(SeedWork, work, &seeding->works) {
        if (work->is_current) continue;
        event_step_progress(seeding->ctx, "sandbox", "loading %s", work->file.shown);
        if (!seed_loader_load(seeding->ctx, db, &work->file, &work->loaded, err)) return false;
        SqlStatementList listing = {0};
        sandbox_catalog_set_seed(seeding->ctx->arena, &listing, &work->loaded, work->content_hash);
        if (!sql_statements_execute(db, &listing, err)) return false;
        seed_memo_set_rows(seeding->memo, &work->file, work->content_hash, work->loaded.rows);
    }
    return true;
}

// Not by file_write: killed between its temporary file and the rename, it would leave a file of a name that nobody looks for.
static bool create_temporary(const Seeding *seeding, Error *err) {
    if (!remove_database(seeding->ctx->arena, seeding->temporary, err)) return false;
    cleanup_fd int fd = open(seeding->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    return fd >= 0 || error_set(err, ERROR_FILE, "cannot create %s: %s", seeding->temporary, strerror(errno));
}

// Nobody else sees this file, and a broken one is thrown away: it needs neither journal nor syncing.
static bool load_temporary(Seeding *seeding, Error *err) {
    static const char *const settings =
        "PRAGMA page_size = 16384; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -8000; BEGIN";
    cleanup_database Database *db = NULL;
    Arena *arena = seeding->ctx->arena;
    if (!create_temporary(seeding, err)) return false;
    if (!database_open(arena, seeding->temporary, DATABASE_WRITE, BUSY_MS, &db, err)) return false;
    return database_execute(db, settings, err) && load_files(seeding, db, err) && database_execute(db, "COMMIT", err);
}

// --- the first load -------------------------------------------------------------------------------------------------------

static bool flush_file(const char *path, Error *err) {
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fsync(fd) == 0) return true;
    return error_set(err, ERROR_FILE, "cannot write %s to disk: %s", path, strerror(errno));
}

// Puts the temporary database where no database is. *is_placed is false when one appeared meanwhile: link never replaces.
static bool place_first(Seeding *seeding, bool *is_placed, Error *err) {
    Arena *arena = seeding->ctx->arena;
    Database *db = NULL;
    if (!database_open(arena, seeding->temporary, DATABASE_CREATE, BUSY_MS, &db, err)) return false;  // switches to WAL
    database_close(db);
    if (!flush_file(seeding->temporary, err)) return false;
    // a log that an older database left behind would be replayed on this one
    if (!file_exists(seeding->live.path) && !remove_logs(arena, seeding->live.path, err)) return false;
    *is_placed = link(seeding->temporary, seeding->live.path) == 0;
    if (*is_placed || errno == EEXIST) return true;
    *is_placed = true;  // a file system without hard links
    return file_rename(arena, seeding->temporary, seeding->live.path, err);
}

// --- later loads ----------------------------------------------------------------------------------------------------------

static void copy_table(Seeding *seeding, const SeedWork *work, SqlStatementList *statements) {
    Arena *arena = seeding->ctx->arena;
    const char *name = database_quote_identifier(arena, work->loaded.name);
    const char *const steps[] = {
        arena_format(arena, "DROP TABLE IF EXISTS main.%s", name),
        arena_format(arena, "CREATE TABLE main.%s%s", name, work->loaded.definition),
        arena_format(arena, "INSERT INTO main.%s SELECT * FROM loaded.%s", name, name),
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) sql_statements_add(arena, statements, steps[i], NULL, 0);
    sandbox_catalog_set_seed(arena, statements, &work->loaded, work->content_hash);
}

static void drop_vanished(Seeding *seeding, const CatalogEntryList *entries, SqlStatementList *statements) {
    Arena *arena = seeding->ctx->arena;
    seeding->dropped = (StringList){0};
    list_each(const char *, table, &seeding->vanished) {
        const CatalogEntry *entry = sandbox_catalog_find(entries, *table);
        if (entry == NULL || !text_equals(entry->owner, "seed")) continue;
        const char *name = database_quote_identifier(arena, *table);
        sql_statements_add(arena, statements, arena_format(arena, "DROP TABLE IF EXISTS main.%s", name), NULL, 0);
        sandbox_catalog_remove(arena, statements, *table);
        list_push(arena, &seeding->dropped, *table);
    }
}

static bool replace_tables(void *state, const CatalogEntryList *entries, SqlStatementList *statements, Error *err) {
    Seeding *seeding = state;
    list_each(const SeedWork, work, &seeding->works) {
        if (work->is_current) continue;
        if (!check_owner(seeding, &work->file, entries, err)) return false;
        copy_table(seeding, work, statements);
    }
    drop_vanished(seeding, entries, statements);
    return true;
}

static bool update_live(Seeding *seeding, Error *err) {
    if (!sandbox_live_change(&seeding->live, seeding->temporary, replace_tables, seeding, err)) return false;
    list_each(const char *, table, &seeding->dropped) {
        event_note(seeding->ctx, "the table %s was dropped: its seed file is gone", *table);
    }
    return true;
}

// --- all together ---------------------------------------------------------------------------------------------------------

static bool execute(Seeding *seeding, Error *err) {
    bool is_placed = false;
    if (!load_temporary(seeding, err)) return false;
    if (!seeding->has_live && !place_first(seeding, &is_placed, err)) return false;
    return is_placed || update_live(seeding, err);
}

static bool count_rows(const Seeding *seeding, const SeedWork *work, long long *rows, Error *err) {
    int64_t counted = 0;
    if (!sandbox_live_count(&seeding->live, work->file.table, &counted, err)) return false;
    seed_memo_set_rows(seeding->memo, &work->file, work->content_hash, counted);
    *rows = counted;
    return true;
}

static bool make_report(const Seeding *seeding, SeedReport *report, Error *err) {
    SeedReport made = {.tables = seeding->works.count, .loaded = seeding->to_load};
    made.unchanged = made.tables - made.loaded;
    list_each(const SeedWork, work, &seeding->works) {
        long long rows = seed_memo_rows(seeding->memo, &work->file, work->content_hash);
        if (rows < 0 && !count_rows(seeding, work, &rows, err)) return false;
        made.rows += rows;
    }
    *report = made;
    return true;
}

// --dry-run: says what would be done, and counts no rows of tables that are not loaded.
static void describe_plan(const Seeding *seeding, SeedReport *report) {
    SeedReport planned = {.tables = seeding->works.count, .loaded = seeding->to_load};
    planned.unchanged = planned.tables - planned.loaded;
    list_each(const SeedWork, work, &seeding->works) {
        long long rows = seed_memo_rows(seeding->memo, &work->file, work->content_hash);
        if (!work->is_current) event_note(seeding->ctx, "would load %s into the table %s", work->file.shown, work->file.table);
        if (work->is_current && rows > 0) planned.rows += rows;
    }
    list_each(const char *, table, &seeding->vanished) {
        event_note(seeding->ctx, "would drop the table %s: its seed file is gone", *table);
    }
    *report = planned;
}

// Also what a killed load left.
static bool remove_temporary(const Seeding *seeding, const Project *project, Error *err) {
    Arena *arena = seeding->ctx->arena;
    return remove_database(arena, arena_format(arena, "%s.loading", seeding->live.path), err) &&
           folder_remove(arena, project_state_path(arena, project, DOOR_FOLDER), err);
}

// Behind a door a name that never was before: the engine's file sharing may remember what an old one held.
static bool choose_temporary(Seeding *seeding, const Project *project, Error *err) {
    Arena *arena = seeding->ctx->arena;
    const char *folder = project_state_path(arena, project, DOOR_FOLDER);
    seeding->temporary = arena_format(arena, "%s.loading", seeding->live.path);
    if (!remove_temporary(seeding, project, err)) return false;
    if (!seeding->live.is_behind_door) return true;
    seeding->temporary = path_join(arena, folder, arena_format(arena, "%s.loading", random_hex(arena, NAME_DIGITS)));
    return folder_create(arena, folder, err);
}

bool sandbox_lock(Context *ctx, const Project *project, const char *what, int *fd, Error *err) {
    if (!project_prepare_state(ctx, project, err)) return false;
    return lock_file_take(ctx, project_state_path(ctx->arena, project, "sandbox.lock"), what, LOCK_TIMEOUT_MS, fd, err);
}

const char *sandbox_seed_totals(Arena *arena, const SeedReport *report) {
    return arena_format(arena, "%zu seed file%s, %s row%s", report->tables, report->tables == 1 ? "" : "s",
                        text_number(arena, report->rows), report->rows == 1 ? "" : "s");
}

bool sandbox_seed(Context *ctx, const Project *project, SeedReport *report, Error *err) {
    Arena *arena = ctx->arena;
    cleanup_fd int lock = -1;
    if (!sandbox_lock(ctx, project, "db seed", &lock, err)) return false;
    Seeding seeding = {.ctx = ctx, .memo = seed_memo_open(ctx, project)};
    seeding.live = (SandboxLive){.ctx = ctx,
                                 .project = project,
                                 .path = sandbox_path(arena, project),
                                 .is_behind_door = sandbox_door_is_needed(ctx, project)};
    if (!choose_temporary(&seeding, project, err) || !plan(&seeding, project, err)) return false;
    if (ctx->is_dry_run) {
        describe_plan(&seeding, report);
        return true;
    }
    bool has_work = seeding.to_load > 0 || seeding.vanished.count > 0 || !seeding.has_live;
    bool is_done = !has_work || execute(&seeding, err);
    Error ignored = {.arena = arena};
    bool is_removed = remove_temporary(&seeding, project, &ignored);
    (void)is_removed;  // else the next load removes it
    if (!is_done || !make_report(&seeding, report, err)) return false;
    seed_memo_save(seeding.memo);
    return true;
}
