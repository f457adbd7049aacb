#include "io/platform.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "io/file_system.h"

enum { COMMAND_LINE_LENGTH = 200, LISTENING = 0x0A };

typedef LIST_OF(pid_t) PidList;

static FILE *open_process_file(pid_t pid, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return fopen(path, "re");
}

static PidList all_processes(Arena *arena) {
    PidList pids = {0};
    cleanup_directory DIR *directory = opendir("/proc");
    if (directory == NULL) return pids;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        long long pid;
        if (isdigit((unsigned char)*entry->d_name) && text_parse_integer(entry->d_name, &pid)) {
            list_push(arena, &pids, (pid_t)pid);
        }
    }
    return pids;
}

const char *platform_executable_path(Arena *arena) {
    // An executable that was replaced while it runs is called "/usr/bin/devbox (deleted)".
    static const char deleted[] = " (deleted)";
    const char *path = link_read(arena, "/proc/self/exe");
    if (path == NULL || !text_ends_with(path, deleted)) return path;
    return arena_copy_bytes(arena, path, strlen(path) - strlen(deleted));
}

static long long boot_time_ms(void) {
    cleanup_file FILE *file = fopen("/proc/stat", "re");
    char line[256];
    long long seconds = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "btime %lld", &seconds) == 1) break;
    }
    return seconds * 1000;
}

// The name stands in parentheses and may hold blanks and parentheses itself, so the numbers start after the last one.
static bool read_stat(Arena *arena, pid_t pid, ProcessInfo *info) {
    char content[1024];
    cleanup_file FILE *file = open_process_file(pid, "stat");
    size_t length = file == NULL ? 0 : fread(content, 1, sizeof content - 1, file);
    content[length] = '\0';
    char *name = strchr(content, '('), *rest = strrchr(content, ')');
    if (name == NULL || rest == NULL || rest < name) return false;
    char state;
    int parent, session;
    long long user_ticks, system_ticks, start_ticks, resident_pages;
    // Field 3 and on, see proc(5).
    int fields = sscanf(rest + 1, " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %lld %lld %*d %*d %*d %*d %*d %*d %lld %*u %lld",
                        &state, &parent, &session, &user_ticks, &system_ticks, &start_ticks, &resident_pages);
    if (fields != 7) return false;
    long long ticks_per_second = sysconf(_SC_CLK_TCK);
    info->pid = pid;
    info->parent = parent;
    info->session = session;
    info->is_zombie = state == 'Z' || state == 'X';
    info->command = arena_copy_bytes(arena, name + 1, (size_t)(rest - name - 1));
    info->cpu_ms = (user_ticks + system_ticks) * 1000 / ticks_per_second;
    info->started_ms = boot_time_ms() + start_ticks * 1000 / ticks_per_second;
    info->memory_kib = resident_pages * (sysconf(_SC_PAGESIZE) / 1024);
    return true;
}

static const char *read_command_line(Arena *arena, pid_t pid) {
    char content[COMMAND_LINE_LENGTH + 1];
    cleanup_file FILE *file = open_process_file(pid, "cmdline");
    size_t length = file == NULL ? 0 : fread(content, 1, COMMAND_LINE_LENGTH, file);
    for (size_t i = 0; i < length; i++) {
        if (iscntrl((unsigned char)content[i])) content[i] = ' ';
    }
    return text_trim(arena, arena_copy_bytes(arena, content, length));
}

bool platform_process_info(Arena *arena, pid_t pid, ProcessInfo *info) {
    ProcessInfo found = {0};
    FileInfo folder = file_info(arena_format(arena, "/proc/%d", (int)pid));
    if (folder.kind != FILE_FOLDER || !read_stat(arena, pid, &found)) return false;
    found.owner = folder.owner;
    found.command_line = read_command_line(arena, pid);
    *info = found;
    return true;
}

// Entries end with a NUL; read as a stream because an environment may hold megabytes.
static bool environment_holds(pid_t pid, const char *marker) {
    cleanup_file FILE *file = open_process_file(pid, "environ");
    if (file == NULL) return false;
    size_t matched = 0;
    bool is_matching = true;
    for (int byte; (byte = getc_unlocked(file)) != EOF;) {
        if (byte == '\0') {
            if (is_matching && marker[matched] == '\0') return true;
            matched = 0;
            is_matching = true;
        } else if (is_matching) {
            is_matching = marker[matched] == (char)byte;
            matched += is_matching;
        }
    }
    return is_matching && matched > 0 && marker[matched] == '\0';
}

static bool holds_pid(const PidList *pids, pid_t pid) {
    list_each (pid_t, item, pids) {
        if (*item == pid) return true;
    }
    return false;
}

ProcessInfoList platform_processes_with_marker(Arena *arena, const char *marker) {
    ProcessInfoList candidates = {0}, found = {0};
    PidList marked = {0}, pids = all_processes(arena);
    list_each (pid_t, pid, &pids) {
        ProcessInfo info;
        if (*pid == getpid() || !platform_process_info(arena, *pid, &info)) continue;
        if (info.owner != geteuid() || info.is_zombie) continue;
        list_push(arena, &candidates, info);
        if (environment_holds(*pid, marker)) list_push(arena, &marked, *pid);
    }
    list_each (ProcessInfo, info, &candidates) {
        if (holds_pid(&marked, info->pid) || holds_pid(&marked, info->session)) list_push(arena, &found, *info);
    }
    return found;
}

typedef struct Listener {
    unsigned long inode;
    uid_t owner;
} Listener;

// In tcp6, what serves IPv4 too: the wildcard address and ::ffff:a.b.c.d, as hexadecimal words in host order.
static bool serves_v4(const char *address) {
    static const char any[] = "00000000000000000000000000000000";
    char mapped[25];
    snprintf(mapped, sizeof mapped, "0000000000000000%08X", (unsigned)htonl(0xFFFF));
    return strcmp(address, any) == 0 || strncmp(address, mapped, 24) == 0;
}

static bool find_listener(const char *table, int port, bool only_v4, Listener *listener) {
    cleanup_file FILE *file = fopen(table, "re");
    char line[512];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char address[33];
        unsigned local_port, state, owner;
        unsigned long inode;
        int fields = sscanf(line, " %*d: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %u %*d %lu", address, &local_port,
                            &state, &owner, &inode);
        if (fields != 5 || state != LISTENING || local_port != (unsigned)port) continue;
        if (only_v4 && !serves_v4(address)) continue;
        *listener = (Listener){inode, owner};
        return true;
    }
    return false;
}

static bool holds_socket(pid_t pid, unsigned long inode) {
    char path[64], wanted[64], target[64];
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    cleanup_directory DIR *directory = opendir(path);
    if (directory == NULL) return false;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        ssize_t length = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
        if (length <= 0) continue;
        target[length] = '\0';
        if (strcmp(target, wanted) == 0) return true;
    }
    return false;
}

bool platform_port_holder(Arena *arena, int family, int port, ProcessInfo *holder) {
    Listener listener;
    bool is_found = family == AF_INET6 ? find_listener("/proc/net/tcp6", port, false, &listener)
                                       : find_listener("/proc/net/tcp", port, false, &listener) ||
                                             find_listener("/proc/net/tcp6", port, true, &listener);
    if (!is_found) return false;
    *holder = (ProcessInfo){.owner = listener.owner};
    PidList pids = all_processes(arena);
    list_each (pid_t, pid, &pids) {
        if (holds_socket(*pid, listener.inode) && platform_process_info(arena, *pid, holder)) break;
    }
    return true;
}

int platform_spawn_without_files(posix_spawn_file_actions_t *actions, short *flags) {
    (void)flags;
    return posix_spawn_file_actions_addclosefrom_np(actions, 3);
}

void platform_become_subreaper(void) { prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

bool platform_end_with_parent(void) {
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    // A parent that ended before the call sends nothing, but it cannot hold the other end of our stdout any more.
    struct pollfd output = {.fd = STDOUT_FILENO};
    return poll(&output, 1, 0) <= 0 || (output.revents & POLLERR) == 0;
}

long long platform_process_memory_kib(pid_t pid) {
    cleanup_file FILE *file = open_process_file(pid, "smaps_rollup");
    char line[256];
    long long memory_kib = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "Pss: %lld kB", &memory_kib) == 1) break;
    }
    return memory_kib;
}

int platform_processor_count(void) {
    cpu_set_t usable;
    if (sched_getaffinity(0, sizeof usable, &usable) == 0) return CPU_COUNT(&usable);
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

// A container's limit, 0 when there is none ("max", or a number beyond any machine in the older cgroups).
static long long memory_limit_bytes(const char *path) {
    cleanup_file FILE *file = fopen(path, "re");
    long long limit = 0;
    return file != NULL && fscanf(file, "%lld", &limit) == 1 && limit > 0 ? limit : 0;
}

long long platform_memory_bytes(void) {
    static const char *const limits[] = {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    long long memory = (long long)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        long long limit = memory_limit_bytes(limits[i]);
        if (limit > 0 && limit < memory) memory = limit;
    }
    return memory;
}

long long platform_free_disk_bytes(const char *folder) {
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0) return 0;
    return (long long)disk.f_bavail * (long long)disk.f_frsize;
}

const char *platform_name(Arena *arena) {
    struct utsname machine;
    uname(&machine);
    cleanup_file FILE *file = fopen("/etc/os-release", "re");
    char line[512], name[256];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "PRETTY_NAME=\"%255[^\"\n]", name) != 1 && sscanf(line, "PRETTY_NAME=%255[^\"\n]", name) != 1) continue;
        return arena_format(arena, "%s, %s", name, machine.machine);
    }
    return arena_format(arena, "%s %s, %s", machine.sysname, machine.release, machine.machine);
}

const char *platform_url_opener(void) {
    return text_is_empty(getenv("DISPLAY")) && text_is_empty(getenv("WAYLAND_DISPLAY")) ? NULL : "xdg-open";
}
