// The example platform that `devbox init --example` writes.
#pragma once
#include "base/context.h"
#include "base/error.h"

typedef struct StarterReport {
    size_t files;
    bool is_committed;              // a repository was made, with everything in its first commit
    const char *not_committed_why;  // else
} StarterReport;

// Writes starter/ and the seeds into `folder` (absolute; new or empty), and makes it a git repository when it lies in none and
// git is there.
bool starter_write(Context *ctx, const char *folder, StarterReport *report, Error *err) MUST_USE;
