#include "fakes/fake_platform.h"

#include "support/test.h"

#define GIBIBYTE (1LL << 30)

FakePlatform fake_platform;

struct FileWatch {
    const char *folder;
};

void fake_platform_reset(void) {
    fake_platform = (FakePlatform){.memory_bytes = 16 * GIBIBYTE, .free_disk_bytes = 100 * GIBIBYTE};
}

const char *platform_executable_path(Arena *arena) { return arena_copy_string(arena, "/usr/bin/devbox"); }

bool platform_process_info(Arena *arena, pid_t pid, ProcessInfo *info) {
    (void)arena;
    for (size_t i = 0; i < fake_platform.process_count; i++) {
        if (fake_platform.processes[i].pid != pid) continue;
        *info = fake_platform.processes[i];
        return true;
    }
    return false;
}

ProcessInfoList platform_processes_with_marker(Arena *arena, const char *marker) {
    ProcessInfoList marked = {0};
    if (marker == NULL || strchr(marker, '=') == NULL) fail_msg("%s is no marker", marker);
    for (size_t i = 0; i < fake_platform.process_count; i++) {
        if (!fake_platform.processes[i].is_zombie) list_push(arena, &marked, fake_platform.processes[i]);
    }
    return marked;
}

bool platform_port_holder(Arena *arena, int family, int port, ProcessInfo *holder) {
    (void)arena;
    if (family == 0 || port <= 0) fail_msg("asked for port %d of family %d", port, family);
    if (fake_platform.holder == NULL) return false;
    *holder = *fake_platform.holder;
    return true;
}

int platform_spawn_without_files(posix_spawn_file_actions_t *actions, short *flags) {
    (void)actions;
    (void)flags;
    return 0;
}

void platform_become_subreaper(void) {}

long long platform_process_memory_kib(pid_t pid) {
    (void)pid;
    return 0;
}

bool file_watch_create(Arena *arena, const char *folder, FileWatch **watch, int *fd, Error *err) {
    if (fake_platform.refuses_watching) return error_set(err, ERROR_FILE, "cannot watch %s", folder);
    *watch = arena_allocate(arena, sizeof **watch);
    (*watch)->folder = folder;
    *fd = -1;
    fake_platform.watches++;
    return true;
}

FileChangeList file_watch_read(Arena *arena, FileWatch *watch, bool *has_overflowed) {
    FileChangeList changes = {0};
    if (watch->folder == NULL) fail_msg("read after its end");
    for (size_t i = 0; i < fake_platform.change_count; i++) list_push(arena, &changes, fake_platform.changes[i]);
    *has_overflowed = fake_platform.has_overflowed;
    fake_platform.change_count = 0;
    fake_platform.has_overflowed = false;
    return changes;
}

void file_watch_destroy(FileWatch *watch) {
    watch->folder = NULL;
    fake_platform.watches--;
}

int platform_processor_count(void) { return 8; }

long long platform_memory_bytes(void) { return fake_platform.memory_bytes; }

long long platform_free_disk_bytes(const char *folder) {
    if (folder == NULL || *folder != '/') fail_msg("asked for the disk of %s", folder);
    return fake_platform.free_disk_bytes;
}

const char *platform_name(Arena *arena) { return arena_copy_string(arena, "Debian GNU/Linux 12, x86_64"); }

const char *platform_url_opener(void) { return fake_platform.url_opener; }
