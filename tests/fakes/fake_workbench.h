// A workbench without containers: what would run inside runs here, with this machine's Python and the workers of the source tree.
// Replaces services/workbench.c and services/workbench_mounts.c.
#pragma once
#include "services/workbench.h"

typedef struct FakeWorkbench {
    bool hides_locks;     // the verdict of the look through the mount
    int programs;         // how many ran inside
    ErrorCode failure;    // instead of a container
    const char *program;  // runs in place of the worker: "sh -c" text; NULL: the worker itself
} FakeWorkbench;

extern FakeWorkbench fake_workbench;
