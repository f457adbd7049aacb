// The git pre-push hook as a file: installing, removing, looking at it.
#pragma once
#include "base/context.h"
#include "base/error.h"

typedef enum HookState { HOOK_ABSENT, HOOK_OURS, HOOK_FOREIGN, HOOK_BROKEN } HookState;

typedef struct HookStatus {
    HookState state;
    const char *path;      // where git looks for the hook
    const char *devbox;    // the executable that ours calls; NULL unless ours
    const char *add_line;  // when a foreign hook or core.hooksPath is in the way: the line to add
    const char *add_to;    // and to which file; NULL when nothing is in the way
    const char *reason;    // why it is broken or foreign, or what is worth knowing
} HookStatus;

bool hook_status(Context *ctx, const char *folder, HookStatus *status, Error *err) MUST_USE;

// Writes the shim where nothing is in the way; else changes nothing and says the one line to add (ERROR_DATA_AT_RISK).
bool hook_install(Context *ctx, const char *folder, HookStatus *status, Error *err) MUST_USE;

// Removes our shim; a foreign hook is left alone and said.
bool hook_uninstall(Context *ctx, const char *folder, HookStatus *status, Error *err) MUST_USE;

// Where the shim's project lies, from the folder that git runs hooks in: the working tree's root and `project` below it.
bool hook_find_project_folder(Context *ctx, const char *folder, const char *project, const char **found, Error *err) MUST_USE;
