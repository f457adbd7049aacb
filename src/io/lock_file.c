#include "io/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "io/clock.h"
#include "model/event.h"

enum {
    // lock_file_is_held has to touch the lock for a moment, which is long on a busy machine: one refusal means little.
    SHORTEST_WAIT_MS = 200,
    STEP_MS = 5,
    LONGEST_STEP_MS = 50,
    CONTENT_LENGTH = 200,
};

// The line is written after the lock is taken, so a reader may be too early and learn nothing.
static LockHolder read_holder(Arena *arena, int fd) {
    char content[CONTENT_LENGTH + 1], purpose[CONTENT_LENGTH + 1] = "";
    LockHolder holder = {0};
    ssize_t length = pread(fd, content, CONTENT_LENGTH, 0);
    content[length < 0 ? 0 : length] = '\0';
    int pid = 0;
    long long since_ms = 0;
    if (sscanf(content, "%d %lld %200[^\n]", &pid, &since_ms, purpose) == 3) {
        holder = (LockHolder){.pid = pid, .since_ms = since_ms};
    }
    holder.purpose = arena_copy_string(arena, purpose);
    return holder;
}

static bool write_holder(Context *ctx, int fd, const char *purpose) {
    const char *line = arena_format(ctx->arena, "%d %lld %.*s\n", (int)getpid(), clock_wall_ms(), CONTENT_LENGTH / 2, purpose);
    return ftruncate(fd, 0) == 0 && pwrite(fd, line, strlen(line), 0) == (ssize_t)strlen(line);
}

// The folder may have been removed and made anew while we waited: a lock on the old file holds nobody off.
static bool is_still_the_file(int fd, const char *path) {
    struct stat opened, current;
    return fstat(fd, &opened) == 0 && stat(path, &current) == 0 && opened.st_ino == current.st_ino &&
           opened.st_dev == current.st_dev;
}

static bool set_open_error(const char *path, Error *err) {
    error_set(err, ERROR_FILE, "cannot lock %s: %s", path, strerror(errno));
    return error_hint(err, "devbox must be able to write there: ls -ld %s", path);
}

static bool set_busy_error(Arena *arena, const char *path, int fd, Error *err) {
    LockHolder holder = read_holder(arena, fd);
    if (holder.pid == 0) {
        error_set(err, ERROR_BUSY, "another devbox is at work here and holds %s", path);
        return error_hint(err, "try again in a moment");
    }
    const char *age = text_duration(arena, clock_wall_ms() - holder.since_ms);
    error_set(err, ERROR_BUSY, "another devbox is at work here: %s (pid %d, for %s)", holder.purpose, (int)holder.pid, age);
    return error_hint(err, "wait for it, or end it: kill %d", (int)holder.pid);
}

static bool wait_a_step(Context *ctx, long long *step_ms) {
    event_tick(ctx);
    clock_sleep_ms(*step_ms);
    if (*step_ms < LONGEST_STEP_MS) *step_ms *= 2;
    return !context_is_cancelled(ctx);
}

// False with an error, or true with `is_taken` telling whether the caller has to try again.
static bool try_to_take(const char *path, int *fd, bool *is_taken, Error *err) {
    if (*fd < 0) *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0) return set_open_error(path, err);
    *is_taken = false;
    if (flock(*fd, LOCK_EX | LOCK_NB) != 0) return errno == EWOULDBLOCK || errno == EINTR || set_open_error(path, err);
    *is_taken = is_still_the_file(*fd, path);
    if (*is_taken) return true;
    close(*fd);
    *fd = -1;
    return true;
}

bool lock_file_take(Context *ctx, const char *path, const char *purpose, long long timeout_ms, int *fd, Error *err) {
    cleanup_fd int opened = -1;
    bool is_taken = false;
    long long step_ms = STEP_MS;
    long long deadline_ms = clock_now_ms() + (timeout_ms < SHORTEST_WAIT_MS ? SHORTEST_WAIT_MS : timeout_ms);
    while (true) {
        if (!try_to_take(path, &opened, &is_taken, err)) return false;
        if (is_taken) break;
        if (opened >= 0 && clock_now_ms() >= deadline_ms) return set_busy_error(ctx->arena, path, opened, err);
        if (!wait_a_step(ctx, &step_ms)) return error_set(err, ERROR_INTERRUPTED, "interrupted while waiting for %s", path);
    }
    if (!write_holder(ctx, opened, purpose)) return set_open_error(path, err);
    *fd = opened;
    opened = -1;
    return true;
}

bool lock_file_is_held(Arena *arena, const char *path, LockHolder *holder) {
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0) return false;
    if (holder != NULL) *holder = read_holder(arena, fd);
    return true;
}
