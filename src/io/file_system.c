#include "io/file_system.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { COPY_BYTES = 256 * 1024 };

// Opens what is really a file: a pipe would block without a deadline, and a folder fails only at the first read.
static int open_regular(const char *path, struct stat *status, Error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 && fstat(fd, status) == 0 && S_ISREG(status->st_mode)) return fd;
    if (fd < 0) {
        file_error(err, "read", path);
        return -1;
    }
    error_set(err, ERROR_FILE, "cannot read %s: it is %s", path, S_ISDIR(status->st_mode) ? "a folder" : "no regular file");
    close(fd);
    return -1;
}

// Reads up to `size` bytes, fewer only at the end of the file; -1 on failure.
static ssize_t read_fully(int fd, char *bytes, size_t size) {
    size_t done = 0;
    while (done < size) {
        ssize_t count = read(fd, bytes + done, size - done);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -1;
        if (count == 0) break;
        done += (size_t)count;
    }
    return (ssize_t)done;
}

static bool write_fully(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t count = write(fd, bytes, size);
        if (count < 0 && errno != EINTR) return false;
        if (count <= 0) continue;
        bytes += count;
        size -= (size_t)count;
    }
    return true;
}

bool file_read(Arena *arena, const char *path, char **content, size_t *length, Error *err) {
    return file_read_from(arena, path, 0, content, length, err);
}

bool file_read_from(Arena *arena, const char *path, long long offset, char **content, size_t *length, Error *err) {
    struct stat status;
    cleanup_fd int fd = open_regular(path, &status, err);
    if (fd < 0) return false;
    if (offset > 0 && lseek(fd, (off_t)offset, SEEK_SET) < 0) return file_error(err, "read", path);
    // The size is only a first guess: files below /proc say 0, and logs grow while we read.
    size_t left = status.st_size > (off_t)offset ? (size_t)(status.st_size - (off_t)offset) : 0;
    size_t capacity = left + 1, total = 0;
    char *bytes = arena_allocate(arena, capacity + 1);
    for (;;) {
        ssize_t count = read_fully(fd, bytes + total, capacity - total);
        if (count < 0) return file_error(err, "read", path);
        total += (size_t)count;
        if (total < capacity) break;
        char *moved = arena_allocate(arena, capacity * 2 + 1);
        memcpy(moved, bytes, total);
        bytes = moved;
        capacity *= 2;
    }
    bytes[total] = '\0';
    *content = bytes;
    if (length != NULL) *length = total;
    return true;
}

static const char *skip_partial_line(const char *tail) {
    const char *line_end = strchr(tail, '\n');
    if (line_end != NULL) return line_end + 1;
    while (((unsigned char)*tail & 0xC0) == 0x80) tail++;
    return tail;
}

const char *file_read_tail(Arena *arena, const char *path, size_t limit) {
    struct stat status;
    Error ignored = {.arena = arena};
    cleanup_fd int fd = open_regular(path, &status, &ignored);
    if (fd < 0) return "";
    bool is_whole = (size_t)status.st_size <= limit;
    // One byte more than asked for tells whether the tail starts at a line start.
    size_t wanted = is_whole ? (size_t)status.st_size : limit + 1;
    char *tail = arena_allocate(arena, wanted + 1);
    if (lseek(fd, status.st_size - (off_t)wanted, SEEK_SET) < 0) return "";
    ssize_t count = read_fully(fd, tail, wanted);
    if (count < 0) return "";
    tail[count] = '\0';
    if (is_whole) return tail;
    return *tail == '\n' ? tail + 1 : skip_partial_line(tail);
}

// A file that is written beside the one that it replaces.
typedef struct Replacement {
    const char *path;
    char *temporary;
    int fd;
    bool is_fast;  // without waiting for the disk
} Replacement;

static bool replacement_begin(Arena *arena, const char *path, Replacement *replacement, Error *err) {
    const char *name = arena_format(arena, ".%s.XXXXXX", path_name(path));
    char *temporary = arena_copy_string(arena, path_join(arena, path_folder(arena, path), name));
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) return file_error(err, "write", path);
    *replacement = (Replacement){.path = path, .temporary = temporary, .fd = fd};
    return true;
}

static bool replacement_end(Replacement *replacement, bool is_written, mode_t mode, Error *err) {
    bool is_safe = is_written && fchmod(replacement->fd, mode) == 0 && (replacement->is_fast || fsync(replacement->fd) == 0);
    int reason = errno;
    if (close(replacement->fd) != 0 && is_safe) {
        is_safe = false;
        reason = errno;
    }
    if (is_safe && rename(replacement->temporary, replacement->path) == 0) return true;
    if (is_safe) reason = errno;
    unlink(replacement->temporary);
    errno = reason;
    return file_error(err, "write", replacement->path);
}

bool file_write(Arena *arena, const char *path, const char *content, size_t length, mode_t mode, Error *err) {
    Replacement replacement = {.fd = -1};
    if (!replacement_begin(arena, path, &replacement, err)) return false;
    bool is_written = write_fully(replacement.fd, content, length);
    return replacement_end(&replacement, is_written, mode, err);
}

bool file_write_string(Arena *arena, const char *path, const char *content, mode_t mode, Error *err) {
    return file_write(arena, path, content, strlen(content), mode, err);
}

bool file_keep_string(Arena *arena, const char *path, const char *content, mode_t mode, Error *err) {
    char *present;
    Error unreadable = {.arena = arena};
    FileInfo info = file_info_of_link(path);
    bool may_be_same = info.kind == FILE_REGULAR && info.mode == mode && info.size == (long long)strlen(content);
    if (may_be_same && file_read(arena, path, &present, NULL, &unreadable) && strcmp(present, content) == 0) return true;
    return file_write_string(arena, path, content, mode, err);
}

bool file_write_fast(Arena *arena, const char *path, const char *content, mode_t mode, Error *err) {
    Replacement replacement = {.fd = -1};
    if (!replacement_begin(arena, path, &replacement, err)) return false;
    replacement.is_fast = true;
    bool is_written = write_fully(replacement.fd, content, strlen(content));
    return replacement_end(&replacement, is_written, mode, err);
}

bool file_append_string(const char *path, const char *content, mode_t mode, Error *err) {
    cleanup_fd int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, mode);
    return (fd >= 0 && write_fully(fd, content, strlen(content))) || file_error(err, "write", path);
}

static bool copy_content(Arena *arena, int from, int to) {
    ArenaMark mark = arena_mark(arena);
    char *bytes = arena_allocate(arena, COPY_BYTES);
    ssize_t count;
    do count = read_fully(from, bytes, COPY_BYTES);
    while (count > 0 && write_fully(to, bytes, (size_t)count));
    arena_reset(arena, mark);
    return count == 0;
}

bool file_copy(Arena *arena, const char *from, const char *to, mode_t mode, Error *err) {
    return file_copy_tail(arena, from, to, LLONG_MAX, mode, err);
}

bool file_copy_tail(Arena *arena, const char *from, const char *to, long long limit, mode_t mode, Error *err) {
    struct stat status;
    Replacement replacement = {.fd = -1};
    cleanup_fd int fd = open_regular(from, &status, err);
    if (fd < 0) return false;
    if (status.st_size > limit && lseek(fd, -limit, SEEK_END) < 0) return file_error(err, "read", from);
    if (!replacement_begin(arena, to, &replacement, err)) return false;
    bool is_written = copy_content(arena, fd, replacement.fd);
    return replacement_end(&replacement, is_written, mode, err);
}

bool file_remove(Arena *arena, const char *path, Error *err) {
    (void)arena;
    return unlink(path) == 0 || errno == ENOENT || file_error(err, "remove", path);
}

bool file_rename(Arena *arena, const char *from, const char *to, Error *err) {
    if (rename(from, to) == 0) return true;
    return file_error(err, arena_format(arena, "rename %s to", from), to);
}

typedef struct TreeCopy {
    Arena *arena;
    const char *from, *to;
    Error *err;
    bool has_failed;
} TreeCopy;

// Unlike file_copy this does not wait for the disk: a tree that was copied by half is copied again as a whole.
static bool copy_file_of_tree(TreeCopy *copy, const char *from, const char *to, mode_t mode) {
    struct stat status;
    cleanup_fd int source = open_regular(from, &status, copy->err);
    if (source < 0) return false;
    cleanup_fd int target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (target < 0) return file_error(copy->err, "write", to);
    if (!copy_content(copy->arena, source, target) || fchmod(target, mode) != 0) return file_error(copy->err, "write", to);
    return true;
}

static bool copy_entry(TreeCopy *copy, const char *path, const FileInfo *info) {
    const char *to = path_join(copy->arena, copy->to, path_relative(copy->arena, path, copy->from));
    if (info->kind == FILE_FOLDER) return folder_create(copy->arena, to, copy->err);
    if (info->kind != FILE_LINK && info->kind != FILE_REGULAR) return true;  // sockets and pipes belong to who made them
    if (unlink(to) != 0 && errno != ENOENT) return file_error(copy->err, "replace", to);
    if (info->kind == FILE_REGULAR) return copy_file_of_tree(copy, path, to, info->mode);
    const char *target = link_read(copy->arena, path);
    return (target != NULL && symlink(target, to) == 0) || file_error(copy->err, "write", to);
}

static bool visit_for_copy(void *state, const char *path, const FileInfo *info) {
    TreeCopy *copy = state;
    if (!copy->has_failed) copy->has_failed = !copy_entry(copy, path, info);
    return !copy->has_failed;
}

bool folder_copy(Arena *arena, const char *from, const char *to, Error *err) {
    if (!folder_exists(from)) return error_set(err, ERROR_FILE, "cannot copy %s: there is no such folder", from);
    if (path_is_inside(path_absolute(arena, to), path_absolute(arena, from))) {
        return error_set(err, ERROR_FILE, "cannot copy %s into itself (%s)", from, to);
    }
    TreeCopy copy = {.arena = arena, .from = from, .to = to, .err = err};
    if (!folder_create(arena, to, err)) return false;
    return folder_walk(arena, from, visit_for_copy, &copy, err) && !copy.has_failed;
}
