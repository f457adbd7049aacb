// Copies of the sandbox database in .devbox/snapshots, to go back to.
#pragma once
#include "services/sandbox.h"

#define SANDBOX_SNAPSHOTS_FOLDER "snapshots"  // below .devbox

typedef struct Snapshot {
    const char *name, *path;
    long long taken_ms;  // wall clock
    long long size_bytes;
} Snapshot;

typedef LIST_OF(Snapshot) SnapshotList;

// Newest first.
bool sandbox_snapshots_list(Context *ctx, const Project *project, SnapshotList *snapshots, Error *err) MUST_USE;

// NULL: the newest one.
bool sandbox_snapshots_find(Context *ctx, const Project *project, const char *name, Snapshot *found, Error *err) MUST_USE;

// Keeps the sandbox as it is now. `name` NULL: the date and time. A name that is taken, or one of devbox's own, is an error.
bool sandbox_snapshots_take(Context *ctx, const Project *project, const char *name, Snapshot *taken, Error *err) MUST_USE;

// Keeps the sandbox under a name of devbox's own before this is done to it ("destroy"). *kept without a name: there was none.
// Like what follows it removes all but the newest three of such snapshots.
bool sandbox_snapshots_keep(Context *ctx, const Project *project, const char *change, Snapshot *kept, Error *err) MUST_USE;

// Makes the sandbox what it was then. What it is until now is kept first, in *kept (no name: there was none).
bool sandbox_snapshots_restore(Context *ctx, const Project *project, const Snapshot *wanted, Snapshot *kept,
                               Error *err) MUST_USE;

// Empties the sandbox and loads the seeds. What it is until now is kept first. When the seeds cannot be loaded it is brought back.
bool sandbox_snapshots_reset(Context *ctx, const Project *project, Snapshot *kept, SeedReport *report, Error *err) MUST_USE;
