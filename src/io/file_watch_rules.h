// Which folders a file watch leaves alone, the same on every system.
#pragma once
#include "base/text.h"
#include "io/file_system.h"

#define FILE_WATCH_VENV_MARK "pyvenv.cfg"

// By its name alone: hidden folders and Python's caches.
static inline bool file_watch_ignores_name(const char *folder) {
    const char *name = path_name(folder);
    return *name == '.' || text_equals(name, "__pycache__");
}

// Also by what is in it: virtual environments hold thousands of files that nobody edits.
static inline bool file_watch_ignores(Arena *arena, const char *folder) {
    return file_watch_ignores_name(folder) || file_exists(path_join(arena, folder, FILE_WATCH_VENV_MARK));
}
