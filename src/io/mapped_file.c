#include "io/mapped_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"

enum { LARGEST_COPY = 32 * 1024 * 1024 };

static bool refuse(const char *path, int reason, Error *err) {
    return error_set(err, ERROR_FILE, "cannot read %s: %s", path, strerror(reason));
}

// Reads until the file ends or the room does; the file may have got shorter since it was measured.
static bool read_copy(int fd, const char *path, MappedFile *file, Error *err) {
    char *copy = file->memory;
    size_t length = 0;
    while (length < file->length) {
        ssize_t got = read(fd, copy + length, file->length - length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return refuse(path, errno, err);
        if (got == 0) break;
        length += (size_t)got;
    }
    file->bytes = copy;
    file->length = length;
    return true;
}

static bool fill(int fd, const char *path, MappedFile *file, Error *err) {
    bool is_copy = file->length <= LARGEST_COPY;
    int flags = is_copy ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE;
    void *memory = mmap(NULL, file->length, is_copy ? PROT_READ | PROT_WRITE : PROT_READ, flags, is_copy ? -1 : fd, 0);
    if (memory == MAP_FAILED) return refuse(path, errno, err);
    MappedFile filled = {.bytes = memory, .length = file->length, .memory = memory, .mapped = file->length};
    if (!is_copy) posix_madvise(memory, file->length, POSIX_MADV_WILLNEED);
    if (is_copy && !read_copy(fd, path, &filled, err)) {
        munmap(memory, file->length);
        return false;
    }
    *file = filled;
    return true;
}

bool mapped_file_open(const char *path, MappedFile *file, Error *err) {
    struct stat info;
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info) != 0) return refuse(path, errno, err);
    if (!S_ISREG(info.st_mode)) return error_set(err, ERROR_FILE, "%s is no regular file", path);
    MappedFile opened = {.bytes = "", .length = (size_t)info.st_size};
    if (info.st_size > 0 && !fill(fd, path, &opened, err)) return false;
    *file = opened;
    return true;
}

void mapped_file_close(const MappedFile *file) {
    if (file->memory != NULL) munmap(file->memory, file->mapped);
}
