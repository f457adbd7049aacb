#include "services/save_watch.h"

#include <poll.h>

#include "base/map.h"
#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/signals.h"

enum { QUIET_MS = 80, LONGEST_MS = 2000, LOOK_MS = 1000 };

typedef struct Place {
    const char *folder;  // as it was given
    const char *real;    // where links lead; the names that `watch` gives
    FileWatch *watch;    // NULL while the folder is missing
    int fd;
} Place;

typedef struct SingleFile {
    const char *path;
    FileInfo last;
} SingleFile;

struct SaveWatch {
    Arena *arena;
    LIST_OF(Place) places;
    LIST_OF(SingleFile) files;
};

// What one save_watch_next collects.
typedef struct Gathering {
    Context *ctx;
    Saves saves;
    Map seen;
} Gathering;

bool save_watch_is_noise(const char *path) {
    const char *name = path_name(path);
    if (*name == '.') return !text_equals(name, ".airflowignore") && !text_equals(name, ".env");
    return text_ends_with(name, ".pyc") || text_ends_with(name, "~") || strstr(name, "___jb_") != NULL || *name == '#';
}

static bool open_place(Context *ctx, SaveWatch *watch, Place *place, Error *err) {
    if (!folder_exists(place->folder)) return true;
    if (!file_watch_create(ctx->arena, place->folder, &place->watch, &place->fd, err)) return false;
    const char *real = path_resolve(ctx->arena, place->folder);
    place->real = text_equals(real, place->folder) || real == NULL ? place->folder : arena_copy_string(watch->arena, real);
    return true;
}

static void close_place(Place *place) {
    file_watch_destroy(place->watch);
    place->watch = NULL;
    place->fd = -1;
}

// What lies below another folder is seen there.
static bool is_covered(const StringList *folders, size_t index) {
    for (size_t other = 0; other < folders->count; other++) {
        bool is_same = text_equals(folders->items[index], folders->items[other]);
        if (is_same ? other < index : path_is_inside(folders->items[index], folders->items[other])) return true;
    }
    return false;
}

bool save_watch_create(Context *ctx, const StringList *folders, const StringList *files, SaveWatch **watch, Error *err) {
    SaveWatch *created = arena_allocate(ctx->arena, sizeof *created);
    created->arena = ctx->arena;
    list_each(const char *const, path, files) {
        list_push(ctx->arena, &created->files, ((SingleFile){.path = *path, .last = file_info(*path)}));
    }
    for (size_t i = 0; i < folders->count; i++) {
        Place place = {.folder = folders->items[i], .real = folders->items[i], .fd = -1};
        if (is_covered(folders, i)) continue;
        if (!open_place(ctx, created, &place, err)) {
            save_watch_destroy(created);
            return false;
        }
        list_push(ctx->arena, &created->places, place);
    }
    *watch = created;
    return true;
}

void save_watch_destroy(SaveWatch *watch) {
    list_each(Place, place, &watch->places) close_place(place);
}

static bool add_change(Gathering *gathering, const char *path, bool is_removed) {
    FileChange *known = map_get(&gathering->seen, path);
    if (save_watch_is_noise(path)) return false;
    if (known != NULL) {
        known->is_removed = is_removed;
        return true;
    }
    known = arena_allocate(gathering->ctx->arena, sizeof *known);
    *known = (FileChange){.path = path, .is_removed = is_removed};
    map_set(gathering->ctx->arena, &gathering->seen, path, known);
    return true;
}

// A folder that came back holds anything; so does one that went away, until it is there again.
static bool gather_place(Gathering *gathering, SaveWatch *watch, Place *place) {
    Arena *arena = gathering->ctx->arena;
    Error later = {.arena = arena};
    bool has_overflowed = false, is_new = false, is_gone = false;
    if (place->watch == NULL) {
        bool is_back = open_place(gathering->ctx, watch, place, &later) && place->watch != NULL;
        if (is_back) gathering->saves.has_overflowed = true;
        return is_back;
    }
    FileChangeList changes = file_watch_read(arena, place->watch, &has_overflowed);
    list_each(const FileChange, change, &changes) {
        if (text_equals(change->path, place->real)) {
            is_gone = change->is_removed;
            continue;
        }
        const char *name = path_relative(arena, change->path, place->real);
        is_new |= add_change(gathering, path_join(arena, place->folder, name), change->is_removed);
    }
    if (is_gone) close_place(place);
    if (has_overflowed || is_gone) gathering->saves.has_overflowed = true;
    return is_new || has_overflowed || is_gone;
}

static bool gather_file(Gathering *gathering, SingleFile *file) {
    FileInfo now = file_info(file->path);
    bool is_same = now.kind == file->last.kind && now.modified_ns == file->last.modified_ns && now.size == file->last.size &&
                   now.inode == file->last.inode;
    file->last = now;
    return !is_same && add_change(gathering, file->path, now.kind == FILE_MISSING);
}

static bool gather(Gathering *gathering, SaveWatch *watch) {
    bool is_new = false;
    list_each(Place, place, &watch->places) is_new |= gather_place(gathering, watch, place);
    list_each(SingleFile, file, &watch->files) is_new |= gather_file(gathering, file);
    return is_new;
}

static void wait_for_news(Context *ctx, const SaveWatch *watch, long long wait_ms) {
    LIST_OF(struct pollfd) ends = {0};
    list_push(ctx->arena, &ends, ((struct pollfd){.fd = signals_wake_fd(), .events = POLLIN}));
    list_each(const Place, place, &watch->places) {
        list_push(ctx->arena, &ends, ((struct pollfd){.fd = place->fd, .events = POLLIN}));
    }
    poll(ends.items, ends.count, wait_ms < 1 ? 1 : (int)wait_ms);
    signals_drain();
}

static void finish(Gathering *gathering, Saves *saves) {
    for (size_t i = 0; i < gathering->seen.count; i++) {
        const FileChange *change = gathering->seen.entries[i].value;
        list_push(gathering->ctx->arena, &gathering->saves.changes, *change);
    }
    *saves = gathering->saves;
}

void save_watch_take(Context *ctx, SaveWatch *watch, Saves *saves) {
    Gathering gathering = {.ctx = ctx};
    gather(&gathering, watch);
    finish(&gathering, saves);
}

bool save_watch_next(Context *ctx, SaveWatch *watch, const Saves *earlier, Saves *saves) {
    Gathering gathering = {.ctx = ctx};
    bool has_earlier = earlier->changes.count > 0 || earlier->has_overflowed;
    long long now_ms = clock_now_ms(), first_ms = has_earlier ? now_ms : 0, last_ms = first_ms;
    ArenaMark mark = arena_mark(ctx->arena);
    gathering.saves.has_overflowed = earlier->has_overflowed;
    list_each(const FileChange, change, &earlier->changes) add_change(&gathering, change->path, change->is_removed);
    while (!context_is_cancelled(ctx)) {
        // An idle day must not take memory.
        if (first_ms == 0) arena_reset(ctx->arena, mark);
        wait_for_news(ctx, watch, first_ms == 0 ? LOOK_MS : QUIET_MS - (now_ms - last_ms));
        bool is_new = gather(&gathering, watch);
        now_ms = clock_now_ms();
        if (is_new) last_ms = now_ms;
        if (is_new && first_ms == 0) first_ms = now_ms;
        if (first_ms == 0 || (now_ms - last_ms < QUIET_MS && now_ms - first_ms < LONGEST_MS)) continue;
        finish(&gathering, saves);
        return true;
    }
    return false;
}
