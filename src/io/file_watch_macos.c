// Written against the documented interface of kqueue; not run yet. FSEvents would need a run loop of its own thread, so every
// folder and file is opened for events only: fine for thousands of files, and said so beyond.
#include <errno.h>
#include <fcntl.h>
#include <sys/event.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/map.h"
#include "io/file_watch_rules.h"
#include "io/platform.h"

static const unsigned WATCHED = NOTE_WRITE | NOTE_EXTEND | NOTE_DELETE | NOTE_RENAME;

typedef struct Entry {
    int fd;  // -1 once it is gone
    const char *path;
    bool is_folder;
} Entry;

struct FileWatch {
    Arena *arena;  // its own: entries live longer than the memory of one read
    int queue;
    const char *root;
    LIST_OF(Entry *) entries;
    Map by_path;  // to Entry *, NULL for what is gone
};

// What one read collects. `seen` keeps each path once.
typedef struct Collection {
    Arena *arena;
    FileWatch *watch;
    Map seen;
    bool has_overflowed;
} Collection;

static void collect(Collection *collection, const char *path) {
    if (!map_has(&collection->seen, path)) map_set(collection->arena, &collection->seen, path, collection);
}

static bool add_entry(FileWatch *watch, const char *path, bool is_folder) {
    int fd = open(path, O_EVTONLY | O_CLOEXEC | O_SYMLINK);
    if (fd < 0) return errno == ENOENT || errno == EACCES;
    Entry *entry = arena_allocate(watch->arena, sizeof *entry);
    *entry = (Entry){fd, arena_copy_string(watch->arena, path), is_folder};
    struct kevent change;
    EV_SET(&change, (uintptr_t)fd, EVFILT_VNODE, EV_ADD | EV_CLEAR, WATCHED, 0, entry);
    if (kevent(watch->queue, &change, 1, NULL, 0, NULL) != 0) {
        close(fd);
        return false;
    }
    list_push(watch->arena, &watch->entries, entry);
    map_set(watch->arena, &watch->by_path, entry->path, entry);
    return true;
}

static void drop_entry(FileWatch *watch, Entry *entry) {
    if (entry->fd >= 0) close(entry->fd);
    entry->fd = -1;
    if (map_get(&watch->by_path, entry->path) == entry) map_set(watch->arena, &watch->by_path, entry->path, NULL);
}

static bool join_entry(void *state, const char *path, const FileInfo *info) {
    Collection *collection = state;
    FileWatch *watch = collection->watch;
    bool is_folder = info->kind == FILE_FOLDER;
    if (is_folder && !text_equals(path, watch->root) && file_watch_ignores(collection->arena, path)) return false;
    if (map_get(&watch->by_path, path) != NULL) return is_folder;
    if (!is_folder) collect(collection, path);
    // Out of descriptors: only looking at everything tells what changed.
    if (!add_entry(watch, path, is_folder)) collection->has_overflowed = true;
    return is_folder;
}

static void join_tree(Collection *collection, const char *folder) {
    Error ignored = {.arena = collection->arena};
    FileInfo info = file_info_of_link(folder);
    if (info.kind != FILE_FOLDER || !join_entry(collection, folder, &info)) return;
    if (!folder_walk(collection->arena, folder, join_entry, collection, &ignored)) collection->has_overflowed = true;
}

static void leave_tree(FileWatch *watch, const char *folder) {
    for (size_t i = 0; i < watch->entries.count; i++) {
        if (path_is_inside(watch->entries.items[i]->path, folder)) drop_entry(watch, watch->entries.items[i]);
    }
}

static void handle_event(Collection *collection, const struct kevent *event) {
    Entry *entry = event->udata;
    FileWatch *watch = collection->watch;
    if (entry->fd < 0) return;
    const char *path = entry->path;
    if (event->fflags & (NOTE_DELETE | NOTE_RENAME)) {
        collect(collection, path);
        if (entry->is_folder) leave_tree(watch, path);
        drop_entry(watch, entry);
        // Saved by renaming: the new file under the old name is another one.
        FileInfo info = file_info_of_link(path);
        if (info.kind != FILE_MISSING) join_entry(collection, path, &info);
    } else if (entry->is_folder) {
        join_tree(collection, path);
    } else {
        collect(collection, path);
    }
}

FileChangeList file_watch_read(Arena *arena, FileWatch *watch, bool *has_overflowed) {
    enum { EVENTS_PER_CALL = 64 };
    struct kevent events[EVENTS_PER_CALL];
    const struct timespec at_once = {0};
    FileChangeList changes = {0};
    Collection collection = {.arena = arena, .watch = watch};
    int count;
    while ((count = kevent(watch->queue, NULL, 0, events, EVENTS_PER_CALL, &at_once)) > 0) {
        for (int i = 0; i < count; i++) handle_event(&collection, &events[i]);
    }
    for (size_t i = 0; i < collection.seen.count; i++) {
        const char *path = collection.seen.entries[i].key;
        list_push(arena, &changes, (FileChange){.path = path, .is_removed = file_info_of_link(path).kind == FILE_MISSING});
    }
    *has_overflowed = collection.has_overflowed;
    return changes;
}

// The usual soft limit is 256 files.
static void raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max < OPEN_MAX ? limit.rlim_max : OPEN_MAX;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static bool start_watch(Arena *arena, FileWatch *watch, const char *folder, Error *err) {
    raise_file_limit();
    watch->queue = kqueue();
    if (watch->queue < 0) return error_set(err, ERROR_FILE, "cannot watch %s: %s", folder, strerror(errno));
    fcntl(watch->queue, F_SETFD, FD_CLOEXEC);
    watch->root = path_resolve(watch->arena, folder);
    if (watch->root == NULL || !folder_exists(watch->root)) {
        return error_set(err, ERROR_FILE, "cannot watch %s: it is no folder", folder);
    }
    Collection found = {.arena = arena, .watch = watch};
    join_tree(&found, watch->root);
    if (!found.has_overflowed) return true;
    error_set(err, ERROR_FILE, "cannot watch %s: it holds more files than a program may open", folder);
    return error_hint(err, "raise the limit: ulimit -n 10240");
}

bool file_watch_create(Arena *arena, const char *folder, FileWatch **watch, int *fd, Error *err) {
    Arena *own = arena_create();
    FileWatch *created = arena_allocate(own, sizeof *created);
    *created = (FileWatch){.arena = own, .queue = -1};
    if (!start_watch(arena, created, folder, err)) {
        file_watch_destroy(created);
        return false;
    }
    *watch = created;
    *fd = created->queue;
    return true;
}

void file_watch_destroy(FileWatch *watch) {
    if (watch == NULL) return;
    for (size_t i = 0; i < watch->entries.count; i++) drop_entry(watch, watch->entries.items[i]);
    if (watch->queue >= 0) close(watch->queue);
    arena_destroy(watch->arena);
}
