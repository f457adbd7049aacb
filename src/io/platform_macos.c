// Written against the documented interfaces of libproc and sysctl; not run yet.
#include "io/platform.h"

#include <ctype.h>
#include <libproc.h>
#include <mach/mach_time.h>
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/text.h"

enum { COMMAND_LINE_LENGTH = 200 };

typedef struct PidList {
    pid_t *items;
    size_t count;
} PidList;

// A process's arguments and environment as the kernel hands them out.
typedef struct Arguments {
    char *bytes;
    size_t length, capacity;
} Arguments;

static PidList all_processes(Arena *arena) {
    int expected = proc_listallpids(NULL, 0);
    if (expected <= 0) return (PidList){0};
    // Some may start between the two calls.
    size_t capacity = (size_t)expected + 128;
    pid_t *pids = arena_allocate_array(arena, capacity, sizeof *pids);
    int count = proc_listallpids(pids, (int)(capacity * sizeof *pids));
    return (PidList){pids, count > 0 ? (size_t)count : 0};
}

// The kernel fills only buffers that hold everything, so this is the largest that can be.
static Arguments create_arguments(Arena *arena) {
    int request[] = {CTL_KERN, KERN_ARGMAX}, capacity = 0;
    size_t size = sizeof capacity;
    if (sysctl(request, 2, &capacity, &size, NULL, 0) != 0 || capacity <= 0) capacity = 1024 * 1024;
    return (Arguments){.bytes = arena_allocate(arena, (size_t)capacity), .capacity = (size_t)capacity};
}

static const char *skip_string(const Arguments *arguments, const char *position) {
    const char *end = arguments->bytes + arguments->length;
    position += strnlen(position, (size_t)(end - position));
    return position < end ? position + 1 : end;
}

// Layout: count of arguments, path of the executable, padding, arguments, environment. Returns the first argument, NULL when
// hidden.
static const char *read_arguments(Arguments *arguments, pid_t pid, int *count) {
    int request[] = {CTL_KERN, KERN_PROCARGS2, pid};
    arguments->length = arguments->capacity;
    if (sysctl(request, 3, arguments->bytes, &arguments->length, NULL, 0) != 0 || arguments->length <= sizeof *count) return NULL;
    memcpy(count, arguments->bytes, sizeof *count);
    const char *position = skip_string(arguments, arguments->bytes + sizeof *count);
    while (position < arguments->bytes + arguments->length && *position == '\0') position++;
    return position;
}

static const char *read_command_line(Arena *arena, pid_t pid) {
    Arena *scratch = arena_create();
    Arguments arguments = create_arguments(scratch);
    int count = 0;
    const char *first = read_arguments(&arguments, pid, &count), *end = first;
    for (int i = 0; i < count && end != NULL; i++) end = skip_string(&arguments, end);
    size_t length = first == NULL ? 0 : (size_t)(end - first);
    char *line = arena_copy_bytes(arena, first == NULL ? "" : first, length < COMMAND_LINE_LENGTH ? length : COMMAND_LINE_LENGTH);
    arena_destroy(scratch);
    for (size_t i = 0; i < length && i < COMMAND_LINE_LENGTH; i++) {
        if (iscntrl((unsigned char)line[i])) line[i] = ' ';
    }
    return text_trim(arena, line);
}

const char *platform_executable_path(Arena *arena) {
    char path[PROC_PIDPATHINFO_MAXSIZE];
    int length = proc_pidpath(getpid(), path, sizeof path);
    return length <= 0 ? NULL : arena_copy_bytes(arena, path, (size_t)length);
}

static long long mach_time_ms(uint64_t ticks) {
    mach_timebase_info_data_t base;
    mach_timebase_info(&base);
    return (long long)((double)ticks * base.numer / base.denom / 1e6);
}

bool platform_process_info(Arena *arena, pid_t pid, ProcessInfo *info) {
    struct proc_bsdinfo process;
    struct proc_taskinfo task = {0};
    // 1: a zombie is wanted too.
    if (proc_pidinfo(pid, PROC_PIDTBSDINFO, 1, &process, sizeof process) != (int)sizeof process) return false;
    if (proc_pidinfo(pid, PROC_PIDTASKINFO, 0, &task, sizeof task) != (int)sizeof task) task = (struct proc_taskinfo){0};
    *info = (ProcessInfo){
        .pid = pid,
        .parent = (pid_t)process.pbi_ppid,
        .session = getsid(pid),
        .owner = process.pbi_uid,
        .is_zombie = process.pbi_status == SZOMB,
        .command = arena_copy_bytes(arena, process.pbi_comm, strnlen(process.pbi_comm, sizeof process.pbi_comm)),
        .command_line = read_command_line(arena, pid),
        .started_ms = (long long)(process.pbi_start_tvsec * 1000 + process.pbi_start_tvusec / 1000),
        .memory_kib = (long long)(task.pti_resident_size / 1024),
        .cpu_ms = mach_time_ms(task.pti_total_user + task.pti_total_system),
    };
    return true;
}

static bool environment_holds(Arguments *arguments, pid_t pid, const char *marker) {
    int count = 0;
    const char *position = read_arguments(arguments, pid, &count);
    if (position == NULL) return false;
    for (int i = 0; i < count; i++) position = skip_string(arguments, position);
    const char *end = arguments->bytes + arguments->length;
    size_t length = strlen(marker);
    for (; position < end; position = skip_string(arguments, position)) {
        if (strnlen(position, (size_t)(end - position)) == length && memcmp(position, marker, length) == 0) return true;
    }
    return false;
}

static bool holds_pid(const PidList *pids, pid_t pid) {
    for (size_t i = 0; i < pids->count; i++) {
        if (pids->items[i] == pid) return true;
    }
    return false;
}

ProcessInfoList platform_processes_with_marker(Arena *arena, const char *marker) {
    ProcessInfoList candidates = {0}, found = {0};
    PidList pids = all_processes(arena);
    PidList marked = {arena_allocate_array(arena, pids.count, sizeof(pid_t)), 0};
    Arena *scratch = arena_create();
    Arguments arguments = create_arguments(scratch);
    for (size_t i = 0; i < pids.count; i++) {
        ProcessInfo info;
        if (pids.items[i] == getpid() || !platform_process_info(arena, pids.items[i], &info)) continue;
        if (info.owner != geteuid() || info.is_zombie) continue;
        list_push(arena, &candidates, info);
        if (environment_holds(&arguments, info.pid, marker)) marked.items[marked.count++] = info.pid;
    }
    arena_destroy(scratch);
    list_each (ProcessInfo, info, &candidates) {
        if (holds_pid(&marked, info->pid) || holds_pid(&marked, info->session)) list_push(arena, &found, *info);
    }
    return found;
}

static bool is_listener(pid_t pid, const struct proc_fdinfo *file, int family, int port) {
    struct socket_fdinfo socket;
    if (file->proc_fdtype != PROX_FDTYPE_SOCKET) return false;
    if (proc_pidfdinfo(pid, file->proc_fd, PROC_PIDFDSOCKETINFO, &socket, sizeof socket) != (int)sizeof socket) return false;
    if (socket.psi.soi_kind != SOCKINFO_TCP || socket.psi.soi_proto.pri_tcp.tcpsi_state != TSI_S_LISTEN) return false;
    const struct in_sockinfo *address = &socket.psi.soi_proto.pri_tcp.tcpsi_ini;
    if (ntohs((uint16_t)address->insi_lport) != port) return false;
    return (address->insi_vflag & (family == AF_INET6 ? INI_IPV6 : INI_IPV4)) != 0;
}

static bool listens(Arena *arena, pid_t pid, int family, int port) {
    int size = proc_pidinfo(pid, PROC_PIDLISTFDS, 0, NULL, 0);
    if (size <= 0) return false;
    struct proc_fdinfo *files = arena_allocate(arena, (size_t)size);
    size = proc_pidinfo(pid, PROC_PIDLISTFDS, 0, files, size);
    for (int i = 0; i < size / (int)sizeof *files; i++) {
        if (is_listener(pid, &files[i], family, port)) return true;
    }
    return false;
}

bool platform_port_holder(Arena *arena, int family, int port, ProcessInfo *holder) {
    PidList pids = all_processes(arena);
    for (size_t i = 0; i < pids.count; i++) {
        if (listens(arena, pids.items[i], family, port)) return platform_process_info(arena, pids.items[i], holder);
    }
    return false;
}

int platform_spawn_without_files(posix_spawn_file_actions_t *actions, short *flags) {
    (void)actions;
    *flags = (short)(*flags | POSIX_SPAWN_CLOEXEC_DEFAULT);
    return 0;
}

// macOS gives orphans to launchd and knows no other reaper; a stop finds them by their marker.
void platform_become_subreaper(void) {}

bool platform_end_with_parent(void) { return true; }

long long platform_process_memory_kib(pid_t pid) {
    struct rusage_info_v2 usage;
    if (proc_pid_rusage(pid, RUSAGE_INFO_V2, (rusage_info_t *)&usage) != 0) return 0;
    return (long long)(usage.ri_phys_footprint / 1024);
}

int platform_processor_count(void) { return (int)sysconf(_SC_NPROCESSORS_ONLN); }

long long platform_memory_bytes(void) {
    uint64_t bytes = 0;
    size_t size = sizeof bytes;
    return sysctlbyname("hw.memsize", &bytes, &size, NULL, 0) == 0 ? (long long)bytes : 0;
}

long long platform_free_disk_bytes(const char *folder) {
    struct statfs disk;
    if (statfs(folder, &disk) != 0) return 0;
    return (long long)disk.f_bavail * (long long)disk.f_bsize;
}

const char *platform_name(Arena *arena) {
    struct utsname machine;
    char version[64] = "";
    size_t size = sizeof version;
    uname(&machine);
    if (sysctlbyname("kern.osproductversion", version, &size, NULL, 0) != 0) *version = '\0';
    return arena_format(arena, "macOS %s, %s", version, machine.machine);
}

const char *platform_url_opener(void) { return "open"; }
