// Folders: making, listing, walking and removing them.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "io/file_system.h"

static bool create_one(const char *path, Error *err) {
    if (mkdir(path, 0700) == 0) return true;
    int reason = errno;
    FileKind kind = file_info(path).kind;
    if (kind == FILE_FOLDER) return true;
    if (kind != FILE_MISSING) return error_set(err, ERROR_FILE, "cannot create the folder %s: a file is in its place", path);
    errno = reason;
    return file_error(err, "create the folder", path);
}

bool folder_create(Arena *arena, const char *path, Error *err) {
    char *partial = arena_copy_string(arena, path);
    for (char *slash = strchr(partial + (*partial == '/'), '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!create_one(partial, err)) return false;
        *slash = '/';
    }
    return create_one(path, err);
}

bool folder_create_temporary(Arena *arena, const char *parent, const char *prefix, const char **path, Error *err) {
    char *created = arena_format(arena, "%s/%sXXXXXX", parent, prefix);
    if (mkdtemp(created) == NULL) return file_error(err, "create a temporary folder in", parent);
    *path = created;
    return true;
}

static bool is_self_or_parent(const char *name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

// Reads all names before anything is done to them: readdir need not cope with a folder that changes under it.
static bool read_names(Arena *arena, DIR *directory, StringList *names) {
    errno = 0;
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        if (!is_self_or_parent(entry->d_name)) list_push(arena, names, arena_copy_string(arena, entry->d_name));
        errno = 0;
    }
    string_list_sort(names);
    return errno == 0;
}

bool folder_list(Arena *arena, const char *path, StringList *names, Error *err) {
    StringList found = {0};
    cleanup_directory DIR *directory = opendir(path);
    if (directory == NULL && errno != ENOENT) return file_error(err, "list", path);
    if (directory != NULL && !read_names(arena, directory, &found)) return file_error(err, "list", path);
    *names = found;
    return true;
}

bool folder_walk(Arena *arena, const char *path, FolderVisitor *visitor, void *state, Error *err) {
    StringList names;
    if (!folder_list(arena, path, &names, err)) return false;
    list_each (const char *, name, &names) {
        const char *entry = path_join(arena, path, *name);
        FileInfo info = file_info_of_link(entry);
        if (info.kind == FILE_MISSING) continue;
        bool goes_in = visitor(state, entry, &info);
        if (goes_in && info.kind == FILE_FOLDER && !folder_walk(arena, entry, visitor, state, err)) return false;
    }
    return true;
}

static DIR *open_for_removal(int parent, const char *name) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0) {
        fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (fd < 0) return NULL;
    // A read-only folder would keep its entries; where this does not help, unlinkat says so.
    fchmod(fd, 0700);
    DIR *directory = fdopendir(fd);
    if (directory == NULL) close(fd);
    return directory;
}

// Goes by descriptors, so that a folder that is swapped for a link meanwhile leads nowhere else.
static bool remove_entry(Arena *arena, int parent, const char *name, const char *path, Error *err) {
    struct stat status;
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT || file_error(err, "remove", path);
    if (!S_ISDIR(status.st_mode)) {
        return unlinkat(parent, name, 0) == 0 || errno == ENOENT || file_error(err, "remove", path);
    }
    cleanup_directory DIR *directory = open_for_removal(parent, name);
    if (directory == NULL) return file_error(err, "remove", path);
    StringList names = {0};
    if (!read_names(arena, directory, &names)) return file_error(err, "remove", path);
    list_each (const char *, child, &names) {
        if (!remove_entry(arena, dirfd(directory), *child, path_join(arena, path, *child), err)) return false;
    }
    return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT || file_error(err, "remove", path);
}

bool folder_remove(Arena *arena, const char *path, Error *err) {
    const char *plain = path_absolute(arena, path);
    if (text_is_empty(path) || text_equals(plain, "/")) return error_set(err, ERROR_INTERNAL, "refused to remove '%s'", path);
    return remove_entry(arena, AT_FDCWD, plain, plain, err);
}
