#include "services/supervisor_stop.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/platform.h"
#include "services/supervisor.h"

enum { GRACE_MS = 8000, KILL_ROUNDS = 50, PAUSE_MS = 50 };

static ProcessInfoList find_marked(Context *ctx, const Project *project) {
    ProcessInfoList marked = platform_processes_with_marker(ctx->arena, supervisor_marker(ctx->arena, project)), others = {0};
    list_each(ProcessInfo, process, &marked) {
        if (process->pid != getpid()) list_push(ctx->arena, &others, *process);
    }
    return others;
}

size_t supervisor_count_processes(Context *ctx, const Project *project) { return find_marked(ctx, project).count; }

// We are a subreaper: orphans become ours, and stay zombies until somebody waits for them.
static void reap(void) {
    while (waitpid(-1, NULL, WNOHANG) > 0) continue;
}

static bool is_any_alive(Context *ctx, const ServiceStatusList *services) {
    ProcessInfo info;
    list_each(const ServiceStatus, status, services) {
        bool is_there = status->pid > 0 && platform_process_info(ctx->arena, status->pid, &info);
        if (is_there && !info.is_zombie) return true;
    }
    return false;
}

void supervisor_stop_services(Context *ctx, const ServiceStatusList *services) {
    long long deadline_ms = clock_now_ms() + GRACE_MS;
    list_each(const ServiceStatus, status, services) {
        if (status->pid > 0) kill(status->pid, SIGTERM);
    }
    while (is_any_alive(ctx, services) && clock_now_ms() < deadline_ms) {
        clock_sleep_ms(PAUSE_MS);
        reap();
    }
}

void supervisor_kill_leftovers(Context *ctx, const Project *project) {
    for (int round = 0; round < KILL_ROUNDS; round++) {
        ProcessInfoList left = find_marked(ctx, project);
        if (left.count == 0) return;
        list_each(ProcessInfo, process, &left) kill(process->pid, SIGKILL);
        reap();
        clock_sleep_ms(PAUSE_MS);
    }
}
