// Taking away what devbox made for a checkout; the user's files and snapshots of the sandbox database stay.
#pragma once
#include "services/docker_project.h"
#include "services/sandbox_snapshots.h"

typedef struct Belongings {
    const DockerEngine *engine;  // NULL: none answers, and none is needed
    DockerProject docker;
    long long size_bytes;  // of .devbox without the snapshots
} Belongings;

// What there is. Where Airflow runs in containers, their engine has to answer.
bool destroy_find(Context *ctx, const Project *project, Belongings *found, Error *err) MUST_USE;

// One line for each kind of thing, as it is told before the user agrees.
StringList destroy_describe(Context *ctx, const Project *project, const Belongings *found);

// Stops what runs, removes containers, keeps a snapshot of the sandbox (no name: there was none), removes the rest. Killed at any
// moment, it can be done again.
bool destroy_execute(Context *ctx, const Project *project, Snapshot *kept, Error *err) MUST_USE;
