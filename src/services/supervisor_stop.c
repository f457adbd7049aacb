#include "services/supervisor_stop.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/platform.h"
#include "services/supervisor.h"

enum { GRACE_MS = 8000, KILL_ROUNDS = 150, ABORT_ROUNDS = 25, PAUSE_MS = 20 };

static ProcessInfoList find_marked(Context *ctx, const Project *project) {
    ProcessInfoList marked = platform_processes_with_marker(ctx->arena, supervisor_marker(ctx->arena, project)), others = {0};
    list_each(ProcessInfo, process, &marked) {
        if (process->pid != getpid()) list_push(ctx->arena, &others, *process);
    }
    return others;
}

size_t supervisor_count_processes(Context *ctx, const Project *project) { return find_marked(ctx, project).count; }

void supervisor_reap(void) {
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
        supervisor_reap();
    }
}

// A process that ends loses its environment, by which it is found, before its sockets: only its disappearance counts.
static bool is_any_ending(Context *ctx, const ProcessInfoList *killed) {
    ProcessInfo info;
    list_each(const ProcessInfo, process, killed) {
        bool is_there = platform_process_info(ctx->arena, process->pid, &info) && info.started_ms == process->started_ms;
        if (is_there && !info.is_zombie) return true;
    }
    return false;
}

void supervisor_kill_leftovers(Context *ctx, const Project *project) {
    ProcessInfoList killed = {0};
    for (int round = 0; round < KILL_ROUNDS; round++) {
        ProcessInfoList left = find_marked(ctx, project);
        if (left.count == 0 && !is_any_ending(ctx, &killed)) return;
        list_each(ProcessInfo, process, &left) {
            kill(process->pid, SIGKILL);
            list_push(ctx->arena, &killed, *process);
        }
        clock_sleep_ms(PAUSE_MS);
        supervisor_reap();
    }
}

static void abort_process(Context *ctx, const ProcessInfo *process) {
    ProcessInfoList aborted = {0};
    list_push(ctx->arena, &aborted, *process);
    if (!is_any_ending(ctx, &aborted)) return;  // its pid may be another's by now
    kill(process->pid, SIGABRT);
    for (int round = 0; round < ABORT_ROUNDS && is_any_ending(ctx, &aborted); round++) clock_sleep_ms(PAUSE_MS);
}

void supervisor_abort_service(Context *ctx, const Project *project, pid_t component) {
    ProcessInfoList marked = find_marked(ctx, project);
    // The component first: it would fork anew what ended before it.
    list_each(ProcessInfo, process, &marked) {
        if (process->pid == component) abort_process(ctx, process);
    }
    list_each(ProcessInfo, process, &marked) {
        if (process->session == component && process->pid != component) abort_process(ctx, process);
    }
}

// The parent of orphans is the subreaper that we are, or on systems without such a thing the first process of all.
static bool is_orphan(const ProcessInfo *process, pid_t host) {
    return process->pid != host && (process->parent == getpid() || process->parent == 1);
}

void supervisor_kill_orphans(Context *ctx, const Project *project, pid_t host) {
    ProcessInfoList killed = {0};
    bool is_any_left = true;
    for (int round = 0; is_any_left && round < KILL_ROUNDS; round++) {
        ProcessInfoList marked = find_marked(ctx, project);
        is_any_left = is_any_ending(ctx, &killed);
        list_each(ProcessInfo, process, &marked) {
            if (!is_orphan(process, host)) continue;
            kill(process->pid, SIGKILL);
            list_push(ctx->arena, &killed, *process);
            is_any_left = true;
        }
        if (is_any_left) clock_sleep_ms(PAUSE_MS);
        supervisor_reap();
    }
}
