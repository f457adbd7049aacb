// How process.c starts a child: finding the program, the attributes every child gets, and saying why one could not be started.
#pragma once
#include "io/process.h"

typedef struct SpawnRequest {
    const ProcessSpec *spec;
    int streams[3];          // become the child's 0, 1 and 2; -1 passes ours through
    bool is_session_leader;  // cut off from our terminal, for children that outlive us
} SpawnRequest;

// Starts the child with default signals and no file but its three streams; in its own process group unless in the foreground.
bool process_spawn(Context *ctx, const SpawnRequest *request, pid_t *pid, Error *err) MUST_USE;

// A pipe whose ends are close-on-exec and never 0, 1 or 2.
bool process_create_pipe(int ends[2], Error *err) MUST_USE;

// Opens `path` for appending (0600), or /dev/null for reading and writing when it is NULL; close-on-exec and never 0, 1 or 2.
bool process_open_log(const char *path, int *fd, Error *err) MUST_USE;
