#include "services/airflow_native.h"

#include <signal.h>
#include <unistd.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/lock_file.h"
#include "io/network.h"
#include "io/platform.h"
#include "io/process.h"
#include "model/event.h"
#include "services/airflow_wait.h"
#include "services/port.h"
#include "services/service_times.h"
#include "services/supervisor.h"
#include "services/supervisor_stop.h"

enum {
    KILL_ROUNDS = 5,
    LAUNCH_TIMEOUT_MS = 10 * 1000,
    STOP_TIMEOUT_MS = 30 * 1000,
    PAUSE_MS = 20,
    LOG_TAIL_BYTES = 16 * 1024,
    LOG_TAIL_LINES = 15,
    FULL_DISK_MIB = 20,
    MEBIBYTE = 1 << 20
};

#define SUPERVISOR_LOG "logs/supervisor.log"
#define HOST_LOG "logs/airflow-host.log"

bool airflow_native_choose_port(Context *ctx, const Project *project, int *port, Error *err) {
    RuntimeState state;
    int family;
    PortWish wish = {.who = "airflow",
                     .key = "airflow.port",
                     .wanted = project->config.airflow.port,
                     .is_explicit = project->config.airflow.is_port_explicit};
    if (!runtime_state_read(ctx, project, &state, err)) return false;
    if (state.phase != RUNTIME_STOPPED) wish.used = state.port;
    // What a killed supervisor left would look like a stranger on our own port.
    bool is_free = network_port_is_free(port_first_choice(ctx, project, &wish), &family);
    bool is_supervised = lock_file_is_held(ctx->arena, runtime_state_lock_path(ctx->arena, project), NULL);
    if (!is_free && !is_supervised) supervisor_kill_leftovers(ctx, project);
    return port_choose(ctx, project, &wish, port, err);
}

static bool wait_for_release(Context *ctx, const Project *project) {
    long long deadline_ms = clock_now_ms() + STOP_TIMEOUT_MS;
    const char *path = runtime_state_lock_path(ctx->arena, project);
    while (lock_file_is_held(ctx->arena, path, NULL)) {
        if (clock_now_ms() >= deadline_ms) return false;
        event_tick(ctx);
        clock_sleep_ms(PAUSE_MS);
    }
    return true;
}

// Waits until the supervisor holds its lock. One that ended before never will.
static bool wait_for_supervisor(Context *ctx, const Project *project, pid_t pid) {
    ProcessInfo info;
    long long deadline_ms = clock_now_ms() + LAUNCH_TIMEOUT_MS;
    const char *path = runtime_state_lock_path(ctx->arena, project);
    while (!lock_file_is_held(ctx->arena, path, NULL)) {
        bool is_alive = platform_process_info(ctx->arena, pid, &info) && !info.is_zombie;
        if (!is_alive || clock_now_ms() >= deadline_ms) return false;
        event_tick(ctx);
        clock_sleep_ms(PAUSE_MS);
    }
    return true;
}

static bool add_log_tail(Context *ctx, const char *log, Error *err) {
    return error_detail(err, text_last_lines(ctx->arena, file_read_tail(ctx->arena, log, LOG_TAIL_BYTES), LOG_TAIL_LINES));
}

static bool spawn_supervisor(Context *ctx, const Project *project, int port, Error *err) {
    pid_t pid;
    const char *log = project_state_path(ctx->arena, project, SUPERVISOR_LOG);
    const char *const argv[] = {
        ctx->executable, "-C", project->root, "__supervise", "--port", arena_format(ctx->arena, "%d", port), NULL};
    ProcessSpec spec = {.argv = argv, .folder = project->root, .log_path = log, .timeout_ms = LAUNCH_TIMEOUT_MS};
    if (!runtime_state_forget(ctx, project, err) || !process_detach(ctx, &spec, &pid, err)) return false;
    if (wait_for_supervisor(ctx, project, pid)) return true;
    error_set(err, ERROR_SERVICE, "the supervisor of Airflow did not start");
    error_hint(err, "full log: %s", log);
    return add_log_tail(ctx, log, err);
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

static bool report_failed_service(Context *ctx, const Project *project, const RuntimeState *state, Error *err) {
    const ServiceStatus *failed = airflow_wait_find(state, SERVICE_FAILED);
    const char *why = failed == NULL ? state->message : failed->message;
    if (why == NULL) why = "failed";
    if (failed == NULL || failed->log_path == NULL) {
        const char *log = project_state_path(ctx->arena, project, HOST_LOG);
        error_set(err, ERROR_SERVICE, "Airflow could not be started: %s", why);
        error_hint(err, "full log: %s · after mending the cause: devbox start", log);
        return add_log_tail(ctx, log, err);
    }
    error_set(err, ERROR_SERVICE, "%s %s, restarted %d×", failed->label, why, failed->restarts);
    error_hint(err, "full log: %s · after mending the cause: devbox start", failed->log_path);
    return add_log_tail(ctx, failed->log_path, err);
}

typedef enum WaitState { WAIT_GOES_ON, WAIT_HEALTHY, WAIT_FAILED } WaitState;

typedef struct Wait {
    const Project *project;
    ServiceTimes times;
    WaitNews news;
} Wait;

static bool report_slow_start(Context *ctx, const Wait *wait, const SlowService *service, Error *err) {
    const ServiceStatus *slow = service->status;
    bool has_log = slow != NULL && slow->log_path != NULL;
    const char *log = has_log ? slow->log_path : project_state_path(ctx->arena, wait->project, HOST_LOG);
    const char *name = slow == NULL ? "Airflow" : slow->label, *duration = text_duration(ctx->arena, service->limit_ms);
    long long free_mib = platform_free_disk_bytes(wait->project->state) / MEBIBYTE;
    error_set(err, ERROR_TIMEOUT, "%s is still starting after %s", name, duration);
    if (free_mib < FULL_DISK_MIB) {
        error_set(err, ERROR_TIMEOUT, "%s is still starting after %s, and the disk that holds .devbox is full (%lld MiB left)",
                  name, duration, free_mib);
        error_hint(err, "make room there, then: devbox stop && devbox start · full log: %s", log);
        return add_log_tail(ctx, log, err);
    }
    error_hint(err, "it goes on starting; look with: devbox status · full log: %s", log);
    return add_log_tail(ctx, log, err);
}

static bool report_lost_supervisor(Context *ctx, const Project *project, Error *err) {
    const char *log = project_state_path(ctx->arena, project, SUPERVISOR_LOG);
    error_set(err, ERROR_SERVICE, "the supervisor of Airflow ended while Airflow was starting");
    error_hint(err, "full log: %s · then run devbox start again", log);
    return add_log_tail(ctx, log, err);
}

static WaitState look_once(Context *turn, Wait *wait, Error *err) {
    RuntimeState state;
    SlowService slow;
    bool goes_on = runtime_state_read(turn, wait->project, &state, err);
    if (!goes_on) return WAIT_FAILED;
    if (state.phase == RUNTIME_HEALTHY) return WAIT_HEALTHY;
    if (state.phase == RUNTIME_FAILED) {
        goes_on = report_failed_service(turn, wait->project, &state, err);
    } else if (context_is_cancelled(turn)) {
        goes_on = error_set(err, ERROR_INTERRUPTED, "interrupted while Airflow was starting");
    } else if (state.phase == RUNTIME_STOPPED) {
        goes_on = report_lost_supervisor(turn, wait->project, err);
    } else if (service_times_are_over(&wait->times, &state, &slow)) {
        goes_on = report_slow_start(turn, wait, &slow, err);
    }
    if (!goes_on) return WAIT_FAILED;
    airflow_wait_report(turn, &wait->news, &state);
    return WAIT_GOES_ON;
}

bool airflow_native_wait_healthy(Context *ctx, const Project *project, const char *step, Error *err) {
    Context turn = *ctx;
    AirflowProfile profile;
    if (!airflow_profile_load(ctx, project->config.airflow.version, &profile, err)) return false;
    Wait wait = {.project = project, .news = {.step = step, .arena = ctx->arena}};
    wait.times = service_times_begin(ctx->arena, &profile);
    wait.times.whole_ms = ctx->timeout_ms;
    turn.arena = arena_create();
    ArenaMark mark = arena_mark(turn.arena);
    WaitState state;
    while ((state = look_once(&turn, &wait, err)) == WAIT_GOES_ON) {
        arena_reset(turn.arena, mark);
        clock_sleep_ms(PAUSE_MS);
    }
    arena_destroy(turn.arena);
    return state == WAIT_HEALTHY;
}

static bool stop_supervisor(Context *ctx, const Project *project, pid_t pid, Error *err) {
    // Nobody knows its pid for the moment between taking the lock and writing it down; 0 would be our own process group.
    if (pid > 0) kill(pid, SIGTERM);
    if (wait_for_release(ctx, project)) return true;
    if (pid > 0) kill(pid, SIGKILL);
    if (wait_for_release(ctx, project)) return true;
    if (pid <= 0) return error_set(err, ERROR_TIMEOUT, "somebody holds %s", runtime_state_lock_path(ctx->arena, project));
    error_set(err, ERROR_TIMEOUT, "the supervisor (pid %d) does not end", (int)pid);
    return error_hint(err, "end it: kill -9 %d", (int)pid);
}

bool airflow_native_stop(Context *ctx, const Project *project, bool *was_running, Error *err) {
    LockHolder holder;
    const char *lock_path = runtime_state_lock_path(ctx->arena, project);
    bool is_supervised = lock_file_is_held(ctx->arena, lock_path, &holder);
    bool is_there = is_supervised || supervisor_count_processes(ctx, project) > 0;
    if (is_supervised && !stop_supervisor(ctx, project, holder.pid, err)) return false;
    size_t left = supervisor_count_processes(ctx, project);
    // A start that was killed may have begun processes that show only now.
    for (int round = 0; round < KILL_ROUNDS && (round == 0 || left > 0); round++) {
        supervisor_kill_leftovers(ctx, project);
        left = supervisor_count_processes(ctx, project);
    }
    if (left > 0) {
        error_set(err, ERROR_SERVICE, "%zu processes of the platform do not end", left);
        return error_hint(err, "look at them: ps -ef | grep airflow");
    }
    *was_running = is_there;
    return true;
}
