#include "services/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/hash.h"
#include "io/lock_file.h"
#include "io/network.h"
#include "io/platform.h"
#include "io/signals.h"
#include "services/airflow_host.h"
#include "services/dag_unpause.h"
#include "services/dag_watch.h"
#include "services/log_rotation.h"
#include "services/restart_policy.h"
#include "services/restart_request.h"
#include "services/service_health.h"
#include "services/supervisor_stop.h"

enum {
    TURN_MS = 500,
    STARTING_TURN_MS = 50,
    STARTING_ANSWERS_APART = 4,
    HEALTH_INTERVAL_MS = 5000,
    HEALTH_TIMEOUT_MS = 5000,
    UNPAUSE_INTERVAL_MS = 1000,
    LOG_INTERVAL_MS = 5000,
    END_GRACE_MS = 8000,
    SILENCE_MS = 45 * 1000
};

typedef struct Supervised {
    const AirflowService *service;
    RestartPolicy policy;
    long long due_ms;          // monotonic time of the next start; 0: running, or failed for good
    long long kill_ms;         // monotonic time until which it may end by itself, to be started anew on request; 0: nobody asked
    long long mute_ms;         // monotonic time since which it listens but answers nothing; 0: it does not listen, or answers
    const char *why_we_ended;  // it lived, but served nobody; NULL: we let it be
} Supervised;

typedef struct Supervisor {
    Context *ctx;  // its arena lives as long as the supervisor; turns use their own
    const Project *project;
    AirflowSetup setup;
    ChildEnvironment environment;
    AirflowHost host;
    bool is_host_ready;
    RestartPolicy host_policy;
    long long host_due_ms, next_health_ms, next_unpause_ms, next_log_ms;
    DagWatch *watch;
    int watch_fd;
    Supervised *supervised;  // one per service of the profile, same order as state.services
    RuntimeState state;
    bool is_dirty;
    StringList still_paused;  // ids of airflow.unpause that Airflow has not parsed yet
} Supervisor;

const char *supervisor_marker(Arena *arena, const Project *project) {
    return arena_format(arena, "DEVBOX_SERVICES=%s", project->instance);
}

static bool prepare_environment(Context *ctx, const Project *project, const AirflowSetup *setup, int port,
                                ChildEnvironment *environment, Error *err) {
    if (!airflow_setup_environment(ctx, project, setup, port, environment, err)) return false;
    child_environment_set(environment, "DEVBOX_SERVICES", project->instance);
    return true;
}

bool supervisor_fingerprint(Context *ctx, const Project *project, int port, const char **fingerprint, Error *err) {
    AirflowSetup setup;
    ChildEnvironment environment;
    Text inputs = {.arena = ctx->arena};
    if (!airflow_setup_observe(ctx, project, &setup, err)) return false;
    if (!prepare_environment(ctx, project, &setup, port, &environment, err)) return false;
    list_each(Pair, pair, &environment.variables) {
        // What a shell changes by itself is no reason to restart Airflow.
        bool matters = !text_equals(pair->origin, "shell") && !text_equals(pair->key, "PATH");
        if (matters) text_append_format(&inputs, "%s=%s\n", pair->key, pair->value);
    }
    text_append_format(&inputs, "%s\n%d\n", setup.python.folder, port);
    return hash_bytes(ctx->arena, inputs.content, inputs.length, fingerprint, err);
}

// Something that services.json tells has changed.
static void note(Supervisor *supervisor, bool is_changed) { supervisor->is_dirty = supervisor->is_dirty || is_changed; }

static void set_phase(Supervisor *supervisor, RuntimePhase phase, const char *message) {
    note(supervisor, service_health_set_phase(supervisor->ctx->arena, &supervisor->state, phase, message, clock_wall_ms()));
}

static void set_service(Supervisor *supervisor, size_t index, ServiceState state, const char *message) {
    ServiceStatus *status = &supervisor->state.services.items[index];
    note(supervisor, service_health_set(supervisor->ctx->arena, status, state, message));
    // At once: a start that comes now must not take it for healthy until somebody asks again.
    if (state != SERVICE_HEALTHY && supervisor->state.phase == RUNTIME_HEALTHY) set_phase(supervisor, RUNTIME_DEGRADED, NULL);
}

static void note_crash(Supervisor *supervisor, size_t index, const char *how) {
    Supervised *one = &supervisor->supervised[index];
    ServiceStatus *status = &supervisor->state.services.items[index];
    long long pause_ms;
    status->pid = 0;
    if (!restart_policy_note_crash(&one->policy, clock_now_ms(), &pause_ms)) {
        one->due_ms = 0;
        set_service(supervisor, index, SERVICE_FAILED, how);
        return;
    }
    one->due_ms = clock_now_ms() + pause_ms;
    status->restarts++;
    set_service(supervisor, index, SERVICE_RESTARTING, how);
}

static void remove_stale_files(const Supervisor *supervisor) {
    Arena *arena = supervisor->ctx->arena;
    Error ignored = {.arena = arena};
    list_each(const char *const, stale, &supervisor->setup.profile.stale_files) {
        if (!file_remove(arena, path_join(arena, supervisor->setup.home, *stale), &ignored)) return;
    }
}

static void open_host(Supervisor *supervisor, Context *turn) {
    Error err = {.arena = turn->arena};
    const char *log = project_state_path(supervisor->ctx->arena, supervisor->project, "logs/airflow-host.log");
    supervisor->host_due_ms = 0;
    supervisor->is_host_ready = false;
    if (!airflow_host_open(supervisor->ctx, &supervisor->setup, &supervisor->environment, log, &supervisor->host, &err)) {
        set_phase(supervisor, RUNTIME_FAILED, err.message);
    }
}

static void start_due_services(Supervisor *supervisor, Context *turn) {
    // Once it is ready all services are due, so that one that was asked for before would run twice.
    if (!supervisor->is_host_ready) return;
    for (size_t i = 0; i < supervisor->state.services.count; i++) {
        Supervised *one = &supervisor->supervised[i];
        ServiceStatus *status = &supervisor->state.services.items[i];
        if (one->due_ms == 0 || clock_now_ms() < one->due_ms) continue;
        one->due_ms = 0;
        one->why_we_ended = NULL;
        one->mute_ms = 0;
        one->kill_ms = 0;
        status->started_ms = clock_wall_ms();
        // A write to a dead host fails; its end is noticed at its pipe.
        if (airflow_host_start(turn, &supervisor->host, one->service, status->log_path)) {
            set_service(supervisor, i, SERVICE_STARTING, NULL);
        }
        supervisor->next_health_ms = 0;
    }
}

static void handle_host_gone(Supervisor *supervisor) {
    long long pause_ms;
    int status;
    pid_t pid = supervisor->host.pid;
    airflow_host_close(&supervisor->host);
    supervisor->is_host_ready = false;
    // It may only have closed its pipe: a wait for its end must not last.
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    for (size_t i = 0; i < supervisor->state.services.count; i++) {
        supervisor->state.services.items[i].pid = 0;
        supervisor->supervised[i].kill_ms = 0;
        supervisor->state.services.items[i].restarts++;
        set_service(supervisor, i, SERVICE_RESTARTING, "the process that all services come from ended");
    }
    supervisor_kill_leftovers(supervisor->ctx, supervisor->project);
    remove_stale_files(supervisor);
    if (!restart_policy_note_crash(&supervisor->host_policy, clock_now_ms(), &pause_ms)) {
        set_phase(supervisor, RUNTIME_FAILED, "Airflow's parent process ended too often; see .devbox/logs/airflow-host.log");
        return;
    }
    supervisor->host_due_ms = clock_now_ms() + pause_ms;
}

static int find_service(const Supervisor *supervisor, const char *name) {
    for (size_t i = 0; name != NULL && i < supervisor->state.services.count; i++) {
        if (strcmp(supervisor->state.services.items[i].name, name) == 0) return (int)i;
    }
    return -1;
}

static const char *describe_exit(Context *turn, const Supervised *one, const ServiceStatus *status, const HostEvent *event) {
    if (one->why_we_ended != NULL) return one->why_we_ended;
    const char *how = event->signal != 0 ? arena_format(turn->arena, "killed by signal %d", event->signal)
                                         : arena_format(turn->arena, "exited (%d)", event->exit_code);
    return arena_format(turn->arena, "%s %s after its start", how,
                        text_duration(turn->arena, clock_wall_ms() - status->started_ms));
}

static void note_end(Supervisor *supervisor, Context *turn, size_t index, const HostEvent *event) {
    Supervised *one = &supervisor->supervised[index];
    ServiceStatus *status = &supervisor->state.services.items[index];
    // A web server's workers would keep its port, a scheduler's would go on running tasks that the next one starts again.
    supervisor_kill_orphans(turn, supervisor->project, supervisor->host.pid);
    remove_stale_files(supervisor);
    if (one->kill_ms == 0) {
        note_crash(supervisor, index, describe_exit(turn, one, status, event));
        return;
    }
    status->pid = 0;
    one->due_ms = clock_now_ms();
}

static void handle_event(Supervisor *supervisor, Context *turn, const HostEvent *event) {
    int index = find_service(supervisor, event->service);
    if (event->kind == HOST_GONE) handle_host_gone(supervisor);
    if (event->kind == HOST_READY) {
        supervisor->is_host_ready = true;
        for (size_t i = 0; i < supervisor->state.services.count; i++) supervisor->supervised[i].due_ms = clock_now_ms();
    }
    if (index < 0) return;
    ServiceStatus *status = &supervisor->state.services.items[index];
    if (event->kind == HOST_SERVICE_STARTED) {
        status->pid = event->pid;
        supervisor->is_dirty = true;
    }
    if (event->kind == HOST_SERVICE_EXITED && (status->pid == event->pid || status->pid == 0)) {
        note_end(supervisor, turn, (size_t)index, event);
    }
}

// No crash: it is not counted, and crashes from before are forgotten.
static void begin_restart(Supervisor *supervisor, size_t index) {
    Supervised *one = &supervisor->supervised[index];
    const ServiceStatus *status = &supervisor->state.services.items[index];
    one->policy = (RestartPolicy){0};
    bool is_on_its_way = status->pid <= 0 && status->state == SERVICE_STARTING;
    if (is_on_its_way) return;
    if (status->pid > 0) {
        one->kill_ms = clock_now_ms() + END_GRACE_MS;
        kill(status->pid, SIGTERM);
    } else {
        one->due_ms = clock_now_ms();
    }
    set_service(supervisor, index, SERVICE_RESTARTING, "was asked to end");
}

static void take_request(Supervisor *supervisor, Context *turn) {
    RestartRequest request;
    if (!restart_request_take(turn, supervisor->project, &request)) return;
    supervisor->state.request = arena_copy_string(supervisor->ctx->arena, request.id);
    set_phase(supervisor, RUNTIME_STARTING, NULL);
    list_each(const char *const, name, &request.services) {
        int index = find_service(supervisor, *name);
        if (index >= 0) begin_restart(supervisor, (size_t)index);
    }
    if (supervisor->host.pid <= 0 && supervisor->host_due_ms == 0) {
        supervisor->host_policy = (RestartPolicy){0};
        supervisor->host_due_ms = clock_now_ms();
    }
    supervisor->is_dirty = true;
}

static void end_slow_services(Supervisor *supervisor) {
    for (size_t i = 0; i < supervisor->state.services.count; i++) {
        Supervised *one = &supervisor->supervised[i];
        pid_t pid = supervisor->state.services.items[i].pid;
        if (one->kill_ms == 0 || pid <= 0 || clock_now_ms() < one->kill_ms) continue;
        one->kill_ms = clock_now_ms() + END_GRACE_MS;
        kill(pid, SIGKILL);
    }
}

// A gunicorn whose worker hangs since its fork has an open port all the same. Aborted, it says in its log where it is
// (faulthandler in airflow_api.py); what does not end by that is killed at the next look.
static void end_mute_service(Supervisor *supervisor, Context *turn, size_t index, bool is_mute) {
    Supervised *one = &supervisor->supervised[index];
    pid_t pid = supervisor->state.services.items[index].pid;
    if (one->mute_ms == 0 || !is_mute) one->mute_ms = is_mute ? clock_now_ms() : 0;
    if (!is_mute || clock_now_ms() - one->mute_ms < SILENCE_MS) return;
    if (one->why_we_ended != NULL) kill(pid, SIGKILL);
    if (one->why_we_ended == NULL) supervisor_abort_service(turn, supervisor->project, pid);
    one->why_we_ended = "listened on its port but answered nothing";
}

// Airflow 2's web server outlives a gunicorn that was killed by two minutes, deaf. Its end is noticed like any other.
static void end_deaf_service(Supervised *one, pid_t pid) {
    one->why_we_ended = "did not listen on its port any more";
    kill(pid, SIGKILL);
}

static void end_useless_service(Supervisor *supervisor, Context *turn, size_t index, const Error *reason) {
    int family;
    const ServiceStatus *status = &supervisor->state.services.items[index];
    if (status->pid <= 0) return;
    // Where nobody listens a connection is refused at once.
    if (status->state == SERVICE_STARTING) end_mute_service(supervisor, turn, index, reason->code == ERROR_TIMEOUT);
    if (status->state != SERVICE_UNHEALTHY || !network_port_is_free(supervisor->state.port, &family)) return;
    end_deaf_service(&supervisor->supervised[index], status->pid);
}

static void judge_silence(Supervisor *supervisor, Context *turn, const Error *reason) {
    const StringList *components = &supervisor->setup.profile.health_components;
    RuntimeState *state = &supervisor->state;
    note(supervisor, service_health_judge_silence(supervisor->ctx->arena, state, components, reason->message, clock_wall_ms()));
    for (size_t i = 0; i < state->services.count; i++) {
        if (service_health_serves_page(components, state->services.items[i].name))
            end_useless_service(supervisor, turn, i, reason);
    }
}

// The web server answers while the others still import Airflow: asking it must not take their processor.
static long long pause_after(long long answer_ms) {
    long long pause_ms = STARTING_ANSWERS_APART * answer_ms;
    if (pause_ms < STARTING_TURN_MS) return STARTING_TURN_MS;
    return pause_ms < HEALTH_INTERVAL_MS ? pause_ms : HEALTH_INTERVAL_MS;
}

static void check_health(Supervisor *supervisor, Context *turn) {
    ComponentHealthList components = {0};
    Error err = {.arena = turn->arena};
    RuntimeState *state = &supervisor->state;
    long long asked_ms = clock_now_ms();
    if (asked_ms < supervisor->next_health_ms) return;
    if (airflow_health_ask(turn, &supervisor->setup.profile, state->port, HEALTH_TIMEOUT_MS, &components, &err)) {
        note(supervisor, service_health_judge(supervisor->ctx->arena, state, &components, clock_wall_ms()));
    } else {
        judge_silence(supervisor, turn, &err);
    }
    bool is_settled = state->phase == RUNTIME_HEALTHY || state->phase == RUNTIME_FAILED;
    supervisor->next_health_ms = clock_now_ms() + (is_settled ? HEALTH_INTERVAL_MS : pause_after(clock_now_ms() - asked_ms));
    if (!supervisor->is_dirty) runtime_state_touch(turn, supervisor->project);
}

static void unpause_dags(Supervisor *supervisor, Context *turn) {
    if (supervisor->still_paused.count == 0 || clock_now_ms() < supervisor->next_unpause_ms) return;
    supervisor->next_unpause_ms = clock_now_ms() + UNPAUSE_INTERVAL_MS;
    dag_unpause_known(turn, supervisor->setup.database, &supervisor->still_paused);
}

static void bound_logs(Supervisor *supervisor, Context *turn) {
    if (clock_now_ms() < supervisor->next_log_ms) return;
    supervisor->next_log_ms = clock_now_ms() + LOG_INTERVAL_MS;
    log_rotation_bound(turn, supervisor->project, LOG_LIMIT_BYTES);
}

static void write_state(Supervisor *supervisor, Context *turn) {
    Error err = {.arena = turn->arena};
    if (!supervisor->is_dirty) return;
    if (!runtime_state_write(turn, supervisor->project, &supervisor->state, &err)) fprintf(stderr, "%s\n", err.message);
    supervisor->is_dirty = false;
}

static void wait_for_news(Supervisor *supervisor) {
    struct pollfd fds[] = {{.fd = supervisor->host.output_fd, .events = POLLIN},
                           {.fd = supervisor->watch_fd, .events = POLLIN},
                           {.fd = signals_wake_fd(), .events = POLLIN}};
    bool is_starting = supervisor->state.phase == RUNTIME_STARTING;
    poll(fds, sizeof fds / sizeof *fds, is_starting ? STARTING_TURN_MS : TURN_MS);
    signals_drain();
}

static void take_turn(Supervisor *supervisor, Context *turn) {
    Error err = {.arena = turn->arena};
    supervisor_reap();
    if (supervisor->host_due_ms != 0 && clock_now_ms() >= supervisor->host_due_ms) open_host(supervisor, turn);
    if (supervisor->host.pid > 0) {
        HostEventList events = airflow_host_read(turn, &supervisor->host);
        list_each(HostEvent, event, &events) handle_event(supervisor, turn, event);
    }
    take_request(supervisor, turn);
    end_slow_services(supervisor);
    start_due_services(supervisor, turn);
    if (supervisor->host.pid > 0) check_health(supervisor, turn);
    if (supervisor->state.healthy_ms != 0) unpause_dags(supervisor, turn);
    if (supervisor->watch != NULL && !dag_watch_forward(turn, supervisor->watch, &err)) fprintf(stderr, "%s\n", err.message);
    bound_logs(supervisor, turn);
    write_state(supervisor, turn);
    wait_for_news(supervisor);
}

static void prepare_services(Supervisor *supervisor) {
    Arena *arena = supervisor->ctx->arena;
    const AirflowServiceList *services = &supervisor->setup.profile.services;
    supervisor->supervised = arena_allocate_array(arena, services->count, sizeof *supervisor->supervised);
    for (size_t i = 0; i < services->count; i++) {
        const AirflowService *service = &services->items[i];
        const char *log = project_state_path(arena, supervisor->project, arena_format(arena, "logs/%s.log", service->name));
        supervisor->supervised[i].service = service;
        ServiceStatus status = {.name = service->name, .label = service->label, .log_path = log};
        list_push(arena, &supervisor->state.services, status);
    }
}

static bool prepare(Supervisor *supervisor, int port, Error *err) {
    Context *ctx = supervisor->ctx;
    const Project *project = supervisor->project;
    Error watch_error = {.arena = ctx->arena};
    if (!airflow_setup_observe(ctx, project, &supervisor->setup, err)) return false;
    if (!prepare_environment(ctx, project, &supervisor->setup, port, &supervisor->environment, err)) return false;
    supervisor->state = (RuntimeState){.phase = RUNTIME_STARTING,
                                       .supervisor = getpid(),
                                       .version = supervisor->setup.profile.version,
                                       .port = port,
                                       .started_ms = clock_wall_ms()};
    if (!supervisor_fingerprint(ctx, project, port, &supervisor->state.fingerprint, err)) return false;
    list_each(const char *const, dag_id, &project->config.airflow.unpause)
        list_push(ctx->arena, &supervisor->still_paused, *dag_id);
    prepare_services(supervisor);
    restart_request_withdraw(ctx, project);
    remove_stale_files(supervisor);
    supervisor->watch_fd = -1;
    if (!dag_watch_create(ctx, project, &supervisor->setup, &supervisor->watch, &supervisor->watch_fd, &watch_error)) {
        fprintf(stderr, "%s\n", watch_error.message);
    }
    supervisor->host = (AirflowHost){.input_fd = -1, .output_fd = -1};
    supervisor->host_due_ms = 1;
    supervisor->is_dirty = true;
    return true;
}

static void stop_everything(Supervisor *supervisor) {
    set_phase(supervisor, RUNTIME_STOPPING, NULL);
    write_state(supervisor, supervisor->ctx);
    supervisor_stop_services(supervisor->ctx, &supervisor->state.services);
    airflow_host_close(&supervisor->host);
    supervisor_kill_leftovers(supervisor->ctx, supervisor->project);
    dag_watch_destroy(supervisor->watch);
    set_phase(supervisor, RUNTIME_STOPPED, NULL);
    write_state(supervisor, supervisor->ctx);
}

bool supervisor_run(Context *ctx, const Project *project, int port, Error *err) {
    cleanup_fd int lock_fd = -1;
    Supervisor supervisor = {.ctx = ctx, .project = project};
    Context turn = *ctx;
    const char *lock_path = runtime_state_lock_path(ctx->arena, project);
    if (!lock_file_take(ctx, lock_path, "supervisor", 0, &lock_fd, err)) return false;
    platform_become_subreaper();
    supervisor_kill_leftovers(ctx, project);
    if (!prepare(&supervisor, port, err)) return false;
    turn.arena = arena_create();
    ArenaMark mark = arena_mark(turn.arena);
    while (!context_is_cancelled(ctx)) {
        take_turn(&supervisor, &turn);
        arena_reset(turn.arena, mark);
    }
    arena_destroy(turn.arena);
    stop_everything(&supervisor);
    return true;
}
