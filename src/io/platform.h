// What differs by operating system: platform_linux.c and platform_macos.c implement all of it.
#pragma once
#include <spawn.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/list.h"

typedef struct ProcessInfo {
    pid_t pid, parent, session;
    uid_t owner;
    bool is_zombie;
    const char *command;      // short name: "java"
    const char *command_line; // shortened to 200 bytes
    long long started_ms;     // wall clock
    long long memory_kib;     // resident; platform_process_memory_kib knows the proportional share
    long long cpu_ms;         // user + system so far
} ProcessInfo;

typedef LIST_OF(ProcessInfo) ProcessInfoList;

// Absolute path of the running executable.
const char *platform_executable_path(Arena *arena);

// Fills `info`; false when there is no such process (a zombie is one, with is_zombie set).
bool platform_process_info(Arena *arena, pid_t pid, ProcessInfo *info);

// Processes of ours whose environment holds `marker` ("DEVBOX_INSTANCE=ab12"), or whose session is led by one of them; zombies
// left out.
ProcessInfoList platform_processes_with_marker(Arena *arena, const char *marker);

// Who listens on this TCP port on any address that serves the family (AF_INET or AF_INET6); false when nobody does. Pid 0 (and
// only the owner) when the process belongs to another user, whom macOS does not show at all.
bool platform_port_holder(Arena *arena, int family, int port, ProcessInfo *holder);

// Makes a child that posix_spawn starts keep no file of ours but 0, 1 and 2; returns 0 or an errno. `flags` are the attributes'
// flags.
int platform_spawn_without_files(posix_spawn_file_actions_t *actions, short *flags);

// Orphans of our descendants become our children.
void platform_become_subreaper(void);

// From now on this process is sent SIGTERM when its parent ends; false when the parent is gone already. macOS has no such
// thing and always says true.
bool platform_end_with_parent(void);

// Proportional memory of one process with smaps, in KiB; costs milliseconds. 0 when unknown.
long long platform_process_memory_kib(pid_t pid);

typedef struct FileWatch FileWatch;

typedef struct FileChange {
    const char *path;  // absolute
    bool is_removed;
} FileChange;

typedef LIST_OF(FileChange) FileChangeList;

// Watches a tree (new folders join by themselves; hidden folders, __pycache__ and virtual environments stay out). `fd` becomes
// readable on changes; it belongs to the watch, whose memory is its own.
bool file_watch_create(Arena *arena, const char *folder, FileWatch **watch, int *fd, Error *err) MUST_USE;

// What changed since the last call, each path once; a folder that was moved or removed counts as one change, its files need not
// be named. `has_overflowed` means look at everything.
FileChangeList file_watch_read(Arena *arena, FileWatch *watch, bool *has_overflowed);
void file_watch_destroy(FileWatch *watch);

// Facts for `doctor`.
int platform_processor_count(void);
long long platform_memory_bytes(void);
long long platform_free_disk_bytes(const char *folder);

// The program that opens an address as the desktop would; NULL where there is no desktop.
const char *platform_url_opener(void);

const char *platform_name(Arena *arena);  // "Debian GNU/Linux 12 (bookworm), x86_64"
