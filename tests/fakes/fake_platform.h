// A machine that is as a test says: its processes, who holds a port, its memory and disk, what changes in watched folders.
// Replaces io/platform_linux.c or io/platform_macos.c, and io/file_watch_*.c.
#pragma once
#include "io/platform.h"

typedef struct FakePlatform {
    const ProcessInfo *processes;  // those that exist; all carry the marker that is asked for
    size_t process_count;
    const ProcessInfo *holder;  // of every port; NULL: nobody knows
    const FileChange *changes;  // what the next file_watch_read gives
    size_t change_count;
    bool has_overflowed, refuses_watching;
    long long memory_bytes, free_disk_bytes;
    const char *url_opener;  // NULL: no desktop
    int watches;  // created and not destroyed
} FakePlatform;

// Set what a test needs; starts as 16 GiB of memory, 100 GiB of disk, and nothing else.
extern FakePlatform fake_platform;
void fake_platform_reset(void);
