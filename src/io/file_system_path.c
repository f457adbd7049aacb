// Paths as text, and what the file system says about them.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "io/file_system.h"

#ifdef __APPLE__
#define st_mtim st_mtimespec
#endif

bool file_error(Error *err, const char *doing, const char *path) {
    int reason = errno;
    error_set(err, ERROR_FILE, "cannot %s %s: %s", doing, path, strerror(reason));
    if (reason == EACCES || reason == EPERM) error_hint(err, "look at its owner and permissions: ls -ld '%s'", path);
    if (reason == ENOSPC || reason == EDQUOT) error_hint(err, "free some disk space: df -h '%s'", path);
    if (reason == EROFS) error_hint(err, "use a checkout on a file system that can be written to");
    return false;
}

const char *path_join(Arena *arena, const char *folder, const char *name) {
    if (*name == '/' || *folder == '\0') return arena_copy_string(arena, name);
    if (*name == '\0') return arena_copy_string(arena, folder);
    return arena_format(arena, "%s%s%s", folder, text_ends_with(folder, "/") ? "" : "/", name);
}

const char *path_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

const char *path_folder(Arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return ".";
    return slash == path ? "/" : arena_copy_bytes(arena, path, (size_t)(slash - path));
}

static size_t length_without_end_slashes(const char *path) {
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] == '/') length--;
    return length;
}

bool path_is_inside(const char *path, const char *folder) {
    size_t length = length_without_end_slashes(folder);
    if (*folder == '/' && length == 0) return *path == '/';
    return length > 0 && strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

const char *path_relative(Arena *arena, const char *path, const char *folder) {
    if (!path_is_inside(path, folder)) return arena_copy_string(arena, path);
    const char *rest = path + length_without_end_slashes(folder);
    while (*rest == '/') rest++;
    return *rest == '\0' ? "." : arena_copy_string(arena, rest);
}

const char *path_resolve(Arena *arena, const char *path) {
    // realpath into memory of its own would have to be freed; into a buffer it needs PATH_MAX, and fails on anything longer.
    return realpath(path, arena_allocate(arena, PATH_MAX));
}

const char *path_resolve_if_there(Arena *arena, const char *path) {
    const char *resolved = path == NULL ? NULL : path_resolve(arena, path);
    return resolved == NULL ? path : resolved;
}

const char *path_absolute(Arena *arena, const char *path) {
    if (*path != '/') {
        char *current = getcwd(arena_allocate(arena, PATH_MAX), PATH_MAX);
        path = path_join(arena, current == NULL ? "/" : current, path);
    }
    StringList parts = text_split(arena, path, '/');
    StringList kept = {0};
    list_each(const char *, part, &parts) {
        if (**part == '\0' || text_equals(*part, ".")) continue;
        if (!text_equals(*part, "..")) {
            list_push(arena, &kept, *part);
        } else if (kept.count > 0) {
            kept.count--;
        }
    }
    return arena_format(arena, "/%s", text_join(arena, &kept, "/"));
}

static FileKind kind_of(mode_t mode) {
    if (S_ISREG(mode)) return FILE_REGULAR;
    if (S_ISDIR(mode)) return FILE_FOLDER;
    return S_ISLNK(mode) ? FILE_LINK : FILE_OTHER;
}

static FileInfo describe(const struct stat *status) {
    return (FileInfo){
        .kind = kind_of(status->st_mode),
        .size = (long long)status->st_size,
        .modified_ns = (long long)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec,
        .mode = status->st_mode & 07777,
        .owner = status->st_uid,
        .device = (uint64_t)status->st_dev,
        .inode = (uint64_t)status->st_ino,
    };
}

FileInfo file_info(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 ? describe(&status) : (FileInfo){.kind = FILE_MISSING};
}

FileInfo file_info_of_link(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 ? describe(&status) : (FileInfo){.kind = FILE_MISSING};
}

bool file_is_writable(const char *path) { return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0; }

bool file_exists(const char *path) {
    FileKind kind = file_info(path).kind;
    return kind != FILE_MISSING && kind != FILE_FOLDER;
}

bool folder_exists(const char *path) { return file_info(path).kind == FILE_FOLDER; }

const char *link_read(Arena *arena, const char *path) {
    for (size_t capacity = 256;; capacity *= 2) {
        char *target = arena_allocate(arena, capacity);
        ssize_t length = readlink(path, target, capacity);
        if (length < 0) return NULL;
        if ((size_t)length < capacity) return target;
    }
}
