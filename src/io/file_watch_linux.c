#include <errno.h>
#include <limits.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/text.h"
#include "io/file_system.h"
#include "io/file_watch_rules.h"
#include "io/platform.h"

// Attributes are left out: Airflow and dbt look at contents.
static const uint32_t WATCHED = IN_CREATE | IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF |
                                IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK;

struct FileWatch {
    Arena *arena;  // its own: watches live longer than the memory of one read
    int fd;
    const char *root;
    StringList folders;  // by watch descriptor; NULL where none is
};

// What one read collects. `seen` keeps each path once.
typedef struct Collection {
    Arena *arena;
    FileWatch *watch;
    Map seen;
    bool has_overflowed;
    int failure;  // errno of a folder that could not be watched
} Collection;

static void collect(Collection *collection, const char *path) {
    if (!map_has(&collection->seen, path)) map_set(collection->arena, &collection->seen, path, collection);
}

static void remember(FileWatch *watch, int descriptor, const char *folder) {
    while (watch->folders.count <= (size_t)descriptor) list_push(watch->arena, &watch->folders, NULL);
    const char **slot = &watch->folders.items[descriptor];
    if (!text_equals(*slot, folder)) *slot = arena_copy_string(watch->arena, folder);
}

// The watch comes before the look inside, so that nothing falls between the two.
static bool join_folder(void *state, const char *path, const FileInfo *info) {
    Collection *collection = state;
    FileWatch *watch = collection->watch;
    if (info->kind != FILE_FOLDER) {
        collect(collection, path);
        return true;
    }
    if (!text_equals(path, watch->root) && file_watch_ignores(collection->arena, path)) return false;
    int descriptor = inotify_add_watch(watch->fd, path, WATCHED);
    if (descriptor >= 0) {
        remember(watch, descriptor, path);
        return true;
    }
    // A folder that vanished or may not be read has nothing to tell; running out of watches does.
    if (errno == ENOSPC || errno == ENOMEM) collection->failure = errno;
    return collection->failure == 0 && errno != ENOENT && errno != ENOTDIR && errno != EACCES;
}

static void join_tree(Collection *collection, const char *folder) {
    Error ignored = {.arena = collection->arena};
    FileInfo info = file_info_of_link(folder);
    if (info.kind != FILE_FOLDER || !join_folder(collection, folder, &info)) return;
    if (!folder_walk(collection->arena, folder, join_folder, collection, &ignored)) collection->has_overflowed = true;
    if (collection->failure != 0) collection->has_overflowed = true;
}

static void leave_tree(FileWatch *watch, const char *folder) {
    for (size_t descriptor = 0; descriptor < watch->folders.count; descriptor++) {
        const char *path = watch->folders.items[descriptor];
        if (path == NULL || !path_is_inside(path, folder)) continue;
        inotify_rm_watch(watch->fd, (int)descriptor);
        watch->folders.items[descriptor] = NULL;
    }
}

static void handle_folder_event(Collection *collection, uint32_t mask, const char *path) {
    if (mask & (IN_MOVED_FROM | IN_DELETE)) {
        if (file_watch_ignores_name(path)) return;
        leave_tree(collection->watch, path);
        collect(collection, path);
    } else if (mask & (IN_CREATE | IN_MOVED_TO)) {
        join_tree(collection, path);
    }
}

// A new file is reported when its writer closes it; only a link is complete at its creation.
static bool is_complete(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 && (S_ISLNK(status.st_mode) || status.st_nlink > 1);
}

static void handle_event(Collection *collection, const struct inotify_event *event) {
    FileWatch *watch = collection->watch;
    if (event->mask & IN_Q_OVERFLOW) collection->has_overflowed = true;
    if (event->wd < 0 || (size_t)event->wd >= watch->folders.count) return;
    const char *folder = watch->folders.items[event->wd];
    if (folder == NULL) return;
    if (event->mask & IN_IGNORED) watch->folders.items[event->wd] = NULL;
    bool is_root_gone = (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF)) && text_equals(folder, watch->root);
    if (is_root_gone) collect(collection, folder);
    if (event->len == 0) return;
    const char *path = path_join(collection->arena, folder, event->name);
    if (event->mask & IN_ISDIR) {
        handle_folder_event(collection, event->mask, path);
    } else if (text_equals(event->name, FILE_WATCH_VENV_MARK)) {
        // The folder joined before it became a virtual environment.
        if (!text_equals(folder, watch->root)) leave_tree(watch, folder);
    } else if (!(event->mask & IN_CREATE) || is_complete(path)) {
        collect(collection, path);
    }
}

static void read_events(Collection *collection) {
    _Alignas(struct inotify_event) char buffer[16 * 1024];
    ssize_t length;
    while ((length = read(collection->watch->fd, buffer, sizeof buffer)) > 0 || (length < 0 && errno == EINTR)) {
        for (char *next = buffer; next < buffer + length;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)next;
            handle_event(collection, event);
            next += sizeof *event + event->len;
        }
    }
}

FileChangeList file_watch_read(Arena *arena, FileWatch *watch, bool *has_overflowed) {
    FileChangeList changes = {0};
    Collection collection = {.arena = arena, .watch = watch};
    read_events(&collection);
    // Folders made while the queue was full are not watched yet.
    if (collection.has_overflowed) join_tree(&collection, watch->root);
    for (size_t i = 0; i < collection.seen.count; i++) {
        const char *path = collection.seen.entries[i].key;
        // How it is now counts: an editor that saves by renaming deletes and creates in one go.
        list_push(arena, &changes, (FileChange){.path = path, .is_removed = file_info_of_link(path).kind == FILE_MISSING});
    }
    *has_overflowed = collection.has_overflowed;
    return changes;
}

static bool set_limit_error(const char *folder, const char *setting, Error *err) {
    error_set(err, ERROR_FILE, "cannot watch %s: the system's limit %s is reached", folder, setting);
    return error_hint(err, "raise it: sudo sysctl %s=524288", setting);
}

static bool start_watch(Arena *arena, FileWatch *watch, const char *folder, Error *err) {
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd < 0 && errno == EMFILE) {
        error_set(err, ERROR_FILE, "cannot watch %s: too many programs watch files already", folder);
        return error_hint(err, "raise the limit: sudo sysctl fs.inotify.max_user_instances=1024");
    }
    if (watch->fd < 0) return error_set(err, ERROR_FILE, "cannot watch %s: %s", folder, strerror(errno));
    const char *root = path_resolve(watch->arena, folder);
    if (root == NULL || !folder_exists(root)) return error_set(err, ERROR_FILE, "cannot watch %s: it is no folder", folder);
    watch->root = root;
    Collection found = {.arena = arena, .watch = watch};
    join_tree(&found, root);
    if (found.failure != 0) return set_limit_error(folder, "fs.inotify.max_user_watches", err);
    if (watch->folders.count == 0) return error_set(err, ERROR_FILE, "cannot watch %s: %s", folder, strerror(errno));
    return true;
}

bool file_watch_create(Arena *arena, const char *folder, FileWatch **watch, int *fd, Error *err) {
    Arena *own = arena_create();
    FileWatch *created = arena_allocate(own, sizeof *created);
    *created = (FileWatch){.arena = own, .fd = -1};
    if (!start_watch(arena, created, folder, err)) {
        file_watch_destroy(created);
        return false;
    }
    *watch = created;
    *fd = created->fd;
    return true;
}

void file_watch_destroy(FileWatch *watch) {
    if (watch == NULL) return;
    if (watch->fd >= 0) close(watch->fd);
    arena_destroy(watch->arena);
}
