// One at a time: an flock on a file that names its holder. The kernel drops it when the holder dies.
#pragma once
#include <sys/types.h>

#include "base/context.h"
#include "base/error.h"

typedef struct LockHolder {
    pid_t pid;
    long long since_ms;   // wall clock
    const char *purpose;  // "start"
} LockHolder;

// Takes the lock, waiting at most `timeout_ms` (0: not at all). False with ERROR_BUSY names the holder: pid, purpose, age.
// `fd` keeps the lock: close it to let go. It is close-on-exec.
bool lock_file_take(Context *ctx, const char *path, const char *purpose, long long timeout_ms, int *fd, Error *err) MUST_USE;

// True when somebody holds it right now; `holder` may be NULL.
bool lock_file_is_held(Arena *arena, const char *path, LockHolder *holder);
