#include "services/airflow_native.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/lock_file.h"
#include "io/network.h"
#include "io/platform.h"
#include "io/process.h"
#include "model/event.h"
#include "services/state_store.h"
#include "services/supervisor.h"
#include "services/supervisor_stop.h"

enum {
    LAUNCH_TIMEOUT_MS = 10 * 1000,
    HEALTHY_TIMEOUT_MS = 180 * 1000,
    STOP_TIMEOUT_MS = 30 * 1000,
    PAUSE_MS = 100,
    ENDING_TIMEOUT_MS = 2 * 1000,
    LOG_TAIL_BYTES = 16 * 1024,
    LOG_TAIL_LINES = 15
};

static const char *describe_holder(Context *ctx, int family, int port) {
    ProcessInfo holder;
    if (!platform_port_holder(ctx->arena, family, port, &holder) || holder.pid == 0) return "another user's program";
    return arena_format(ctx->arena, "%s (pid %d, %s)", holder.command, (int)holder.pid, holder.command_line);
}

static bool report_busy_port(Context *ctx, int port, int family, Error *err) {
    const char *address = family == AF_INET6 ? "[::1]" : "127.0.0.1";
    error_set(err, ERROR_PORT_BUSY, "port %d on %s is held by %s", port, address, describe_holder(ctx, family, port));
    return error_hint(err, "end that program, or give airflow.port in devbox.yaml another value");
}

static bool remember_port(Context *ctx, const Project *project, int port, Error *err) {
    return state_store_set(ctx, project, "airflow.port", arena_format(ctx->arena, "%d", port), err);
}

static bool substitute_port(Context *ctx, const Project *project, int busy, int family, Error *err) {
    int port = network_find_free_port(busy + 1);
    if (port == 0) return report_busy_port(ctx, busy, family, err);
    event_warning(ctx, NULL, "airflow    port %d is held by %s; using %d from now on", busy, describe_holder(ctx, family, busy),
                  port);
    return remember_port(ctx, project, port, err);
}

// A process that ends gives up its files, by which it is found, a moment before the port itself.
static bool is_holder_ending(Context *ctx, int family, int port) {
    ProcessInfo holder;
    return platform_port_holder(ctx->arena, family, port, &holder) && holder.pid == 0 && holder.owner == geteuid();
}

// What a killed supervisor left would look like a stranger on our own port.
static bool is_port_free(Context *ctx, const Project *project, int port, int *family) {
    long long deadline_ms = clock_now_ms() + ENDING_TIMEOUT_MS;
    if (network_port_is_free(port, family)) return true;
    if (!lock_file_is_held(ctx->arena, runtime_state_lock_path(ctx->arena, project), NULL)) {
        supervisor_kill_leftovers(ctx, project);
    }
    while (is_holder_ending(ctx, *family, port) && clock_now_ms() < deadline_ms) clock_sleep_ms(PAUSE_MS);
    return network_port_is_free(port, family);
}

bool airflow_native_choose_port(Context *ctx, const Project *project, int *port, Error *err) {
    RuntimeState state;
    long long remembered = project->config.airflow.port;
    int family = 0;
    if (!runtime_state_read(ctx, project, &state, err)) return false;
    const char *known = state_store_get(ctx, project, "airflow.port");
    bool is_explicit = project->config.airflow.is_port_explicit;
    if (!is_explicit && known != NULL && !text_parse_integer(known, &remembered)) remembered = project->config.airflow.port;
    *port = (int)remembered;
    if (state.phase != RUNTIME_STOPPED && state.port == *port) return true;
    if (is_port_free(ctx, project, *port, &family)) return is_explicit || remember_port(ctx, project, *port, err);
    if (is_explicit) return report_busy_port(ctx, *port, family, err);
    if (!substitute_port(ctx, project, *port, family, err)) return false;
    return airflow_native_choose_port(ctx, project, port, err);
}

static bool wait_for_lock(Context *ctx, const Project *project, bool is_wanted_held, long long timeout_ms) {
    long long deadline_ms = clock_now_ms() + timeout_ms;
    const char *path = runtime_state_lock_path(ctx->arena, project);
    while (lock_file_is_held(ctx->arena, path, NULL) != is_wanted_held) {
        if (clock_now_ms() >= deadline_ms) return false;
        event_tick(ctx);
        clock_sleep_ms(PAUSE_MS);
    }
    return true;
}

static bool spawn_supervisor(Context *ctx, const Project *project, int port, Error *err) {
    pid_t pid;
    const char *log = project_state_path(ctx->arena, project, "logs/supervisor.log");
    const char *const argv[] = {
        ctx->executable, "-C", project->root, "__supervise", "--port", arena_format(ctx->arena, "%d", port), NULL};
    ProcessSpec spec = {.argv = argv, .folder = project->root, .log_path = log, .timeout_ms = LAUNCH_TIMEOUT_MS};
    if (!process_detach(ctx, &spec, &pid, err)) return false;
    if (wait_for_lock(ctx, project, true, LAUNCH_TIMEOUT_MS)) return true;
    error_set(err, ERROR_SERVICE, "the supervisor of Airflow did not start");
    error_hint(err, "see %s", log);
    return error_detail(err, text_last_lines(ctx->arena, file_read_tail(ctx->arena, log, LOG_TAIL_BYTES), LOG_TAIL_LINES));
}

bool airflow_native_launch(Context *ctx, const Project *project, int port, bool *already_runs, Error *err) {
    RuntimeState state;
    const char *fingerprint;
    bool was_running;
    if (!runtime_state_read(ctx, project, &state, err)) return false;
    if (!supervisor_fingerprint(ctx, project, port, &fingerprint, err)) return false;
    bool is_up = state.phase == RUNTIME_STARTING || state.phase == RUNTIME_HEALTHY || state.phase == RUNTIME_DEGRADED;
    *already_runs = is_up && text_equals(state.fingerprint, fingerprint);
    if (*already_runs) return true;
    bool is_known = !text_is_empty(state.fingerprint);
    if (is_up && is_known) event_note(ctx, "the settings of Airflow changed since it was started: restarting it");
    if (!airflow_native_stop(ctx, project, &was_running, err)) return false;
    return spawn_supervisor(ctx, project, port, err);
}

static const ServiceStatus *find_state(const RuntimeState *state, ServiceState wanted) {
    list_each(const ServiceStatus, status, &state->services) {
        if (status->state == wanted) return status;
    }
    return NULL;
}

static bool report_failed_service(Context *ctx, const RuntimeState *state, Error *err) {
    const ServiceStatus *failed = find_state(state, SERVICE_FAILED);
    if (failed == NULL) return error_set(err, ERROR_SERVICE, "Airflow could not be started: %s", state->message);
    error_set(err, ERROR_SERVICE, "%s %s, restarted %d×", failed->label, failed->message, failed->restarts);
    error_hint(err, "full log: %s · after mending the cause: devbox start", failed->log_path);
    const char *tail = file_read_tail(ctx->arena, failed->log_path, LOG_TAIL_BYTES);
    return error_detail(err, text_last_lines(ctx->arena, tail, LOG_TAIL_LINES));
}

static void report_progress(Context *ctx, const char *step, const RuntimeState *state) {
    Text waiting = {.arena = ctx->arena};
    const ServiceStatus *restarting = find_state(state, SERVICE_RESTARTING);
    if (restarting != NULL && restarting->message != NULL) {
        event_step_progress(ctx, step, "%s %s; starting it again", restarting->label, restarting->message);
        return;
    }
    list_each(const ServiceStatus, status, &state->services) {
        if (status->state == SERVICE_HEALTHY) continue;
        text_append_format(&waiting, "%s%s", waiting.length > 0 ? ", " : "", status->label);
    }
    event_step_progress(ctx, step, "waiting for %s", waiting.length > 0 ? text_string(&waiting) : "Airflow");
}

static bool report_slow_start(Context *ctx, const Project *project, const RuntimeState *state, Error *err) {
    const ServiceStatus *slow = find_state(state, SERVICE_STARTING);
    if (slow == NULL) slow = find_state(state, SERVICE_UNHEALTHY);
    const char *log = slow == NULL ? project_state_path(ctx->arena, project, "logs/airflow-host.log") : slow->log_path;
    error_set(err, ERROR_TIMEOUT, "%s is still starting after %d s", slow == NULL ? "Airflow" : slow->label,
              HEALTHY_TIMEOUT_MS / 1000);
    error_hint(err, "it goes on starting; look with: devbox status · full log: %s", log);
    return error_detail(err, text_last_lines(ctx->arena, file_read_tail(ctx->arena, log, LOG_TAIL_BYTES), LOG_TAIL_LINES));
}

bool airflow_native_wait_healthy(Context *ctx, const Project *project, const char *step, Error *err) {
    RuntimeState state = {0};
    long long deadline_ms = clock_now_ms() + (ctx->timeout_ms > 0 ? ctx->timeout_ms : HEALTHY_TIMEOUT_MS);
    for (;;) {
        ArenaMark mark = arena_mark(ctx->arena);
        if (!runtime_state_read(ctx, project, &state, err)) return false;
        if (state.phase == RUNTIME_HEALTHY) return true;
        if (state.phase == RUNTIME_FAILED) return report_failed_service(ctx, &state, err);
        if (context_is_cancelled(ctx)) return error_set(err, ERROR_INTERRUPTED, "interrupted while Airflow was starting");
        if (!lock_file_is_held(ctx->arena, runtime_state_lock_path(ctx->arena, project), NULL)) {
            error_set(err, ERROR_SERVICE, "the supervisor of Airflow ended while Airflow was starting");
            return error_hint(err, "see .devbox/logs/supervisor.log, then run devbox start again");
        }
        if (clock_now_ms() >= deadline_ms) return report_slow_start(ctx, project, &state, err);
        report_progress(ctx, step, &state);
        arena_reset(ctx->arena, mark);
        clock_sleep_ms(PAUSE_MS);
    }
}

bool airflow_native_stop(Context *ctx, const Project *project, bool *was_running, Error *err) {
    LockHolder holder;
    const char *lock_path = runtime_state_lock_path(ctx->arena, project);
    bool is_supervised = lock_file_is_held(ctx->arena, lock_path, &holder);
    *was_running = is_supervised || supervisor_count_processes(ctx, project) > 0;
    if (is_supervised && holder.pid > 0) kill(holder.pid, SIGTERM);
    if (is_supervised && !wait_for_lock(ctx, project, false, STOP_TIMEOUT_MS)) {
        kill(holder.pid, SIGKILL);
        if (!wait_for_lock(ctx, project, false, STOP_TIMEOUT_MS)) {
            return error_set(err, ERROR_TIMEOUT, "the supervisor (pid %d) does not end", (int)holder.pid);
        }
    }
    supervisor_kill_leftovers(ctx, project);
    size_t left = supervisor_count_processes(ctx, project);
    if (left == 0) return true;
    return error_set(err, ERROR_SERVICE, "%zu processes of the platform do not end", left);
}
