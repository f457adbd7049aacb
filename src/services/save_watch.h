// Waits for the user to save: several folders and single files, gathered until the saving is over, since an editor or git writes
// many files in one go.
#pragma once
#include "base/context.h"
#include "io/platform.h"

typedef struct SaveWatch SaveWatch;

typedef struct Saves {
    FileChangeList changes;  // each path once, as below the folders that were given; editors' own files left out
    bool has_overflowed;     // there were more than could be told, or a folder came or went: look at everything
} Saves;

// Watches these folders, and single files outside of them that are looked at once a second. What is missing may come later. The
// strings must live as long as the watch.
bool save_watch_create(Context *ctx, const StringList *folders, const StringList *files, SaveWatch **watch, Error *err) MUST_USE;

// What was saved since the last call, without waiting.
void save_watch_take(Context *ctx, SaveWatch *watch, Saves *saves);

// Waits until something was saved, and then nothing for a moment; `earlier` counts as saved now. False when the user asked to
// stop. Memory of ctx->arena that was taken since the call is used again while nothing happens.
bool save_watch_next(Context *ctx, SaveWatch *watch, const Saves *earlier, Saves *saves);

void save_watch_destroy(SaveWatch *watch);

// Files that editors and Python make for themselves.
bool save_watch_is_noise(const char *path);
