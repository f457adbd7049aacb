#include "services/runtime_state.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/json.h"
#include "io/lock_file.h"

static const char *const service_names[] = {"starting", "healthy", "unhealthy", "restarting", "failed"};
static const char *const phase_names[] = {"stopped", "starting", "healthy", "degraded", "failed", "stopping"};

const char *service_state_name(ServiceState state) { return service_names[state]; }

const char *runtime_phase_name(RuntimePhase phase) { return phase_names[phase]; }

const char *runtime_state_lock_path(Arena *arena, const Project *project) {
    return project_state_path(arena, project, "run/supervisor.lock");
}

static const char *state_path(Context *ctx, const Project *project) {
    return project_state_path(ctx->arena, project, "run/services.json");
}

// The first name stands for one that this devbox does not know.
static size_t find_name(const char *name, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) return i;
    }
    return 0;
}

#define FIND_NAME(name, names) find_name(name, names, sizeof(names) / sizeof *(names))

static ServiceStatus read_service(const Value *member) {
    const char *state = value_get_string(member, "state", "starting");
    return (ServiceStatus){.name = value_get_string(member, "name", ""),
                           .label = value_get_string(member, "label", ""),
                           .state = (ServiceState)FIND_NAME(state, service_names),
                           .pid = (pid_t)value_get_integer(member, "pid", 0),
                           .restarts = (int)value_get_integer(member, "restarts", 0),
                           .started_ms = value_get_integer(member, "startedMs", 0),
                           .message = value_get_string(member, "message", NULL),
                           .log_path = value_get_string(member, "log", NULL)};
}

static void read_state(Arena *arena, const Value *document, RuntimeState *state) {
    *state = (RuntimeState){.phase = (RuntimePhase)FIND_NAME(value_get_string(document, "phase", "stopped"), phase_names),
                            .supervisor = (pid_t)value_get_integer(document, "supervisor", 0),
                            .version = value_get_string(document, "airflowVersion", ""),
                            .fingerprint = value_get_string(document, "fingerprint", ""),
                            .port = (int)value_get_integer(document, "port", 0),
                            .started_ms = value_get_integer(document, "startedMs", 0),
                            .healthy_ms = value_get_integer(document, "healthyMs", 0),
                            .message = value_get_string(document, "message", NULL),
                            .request = value_get_string(document, "request", NULL)};
    const Value *services = value_get(document, "services");
    for (size_t i = 0; services != NULL && i < services->count; i++) {
        list_push(arena, &state->services, read_service(services->members[i].value));
    }
}

bool runtime_state_read(Context *ctx, const Project *project, RuntimeState *state, Error *err) {
    Value *document;
    LockHolder holder = {0};
    RuntimeState read = {.phase = RUNTIME_STOPPED, .version = "", .fingerprint = ""};
    Error unreadable = {.arena = ctx->arena};
    const char *path = state_path(ctx, project);
    bool is_alive = lock_file_is_held(ctx->arena, runtime_state_lock_path(ctx->arena, project), &holder);
    FileInfo info = file_info(path);
    bool is_read = info.kind != FILE_MISSING && json_read_file(ctx->arena, path, &document, &unreadable);
    if (is_read) read_state(ctx->arena, document, &read);
    if (is_alive && info.kind != FILE_MISSING && !is_read) {
        error_set(err, unreadable.code, "%s", unreadable.message);
        return error_hint(err, "devbox stop, then devbox start");
    }
    if (is_read) read.age_ms = clock_wall_ms() - info.modified_ns / 1000000;
    if (!is_alive) read.phase = RUNTIME_STOPPED;
    // The file of an earlier supervisor, which was killed: what it says of health is no longer so. One that has just taken its
    // lock has no pid in it for a moment, and no file yet.
    if (is_alive && (holder.pid == 0 || read.supervisor != holder.pid)) {
        read = (RuntimeState){.phase = RUNTIME_STARTING, .supervisor = holder.pid, .version = "", .fingerprint = ""};
    }
    *state = read;
    return true;
}

static Value *service_to_value(Arena *arena, const ServiceStatus *service) {
    Value *object = value_object(arena);
    value_set_string(arena, object, "name", service->name);
    value_set_string(arena, object, "label", service->label);
    value_set_string(arena, object, "state", service_state_name(service->state));
    value_set_integer(arena, object, "pid", service->pid);
    value_set_integer(arena, object, "restarts", service->restarts);
    value_set_integer(arena, object, "startedMs", service->started_ms);
    value_set_string(arena, object, "message", service->message);
    value_set_string(arena, object, "log", service->log_path);
    return object;
}

bool runtime_state_write(Context *ctx, const Project *project, const RuntimeState *state, Error *err) {
    Arena *arena = ctx->arena;
    Value *document = value_object(arena), *services = value_array(arena);
    value_set_integer(arena, document, "schemaVersion", 1);
    value_set_string(arena, document, "phase", runtime_phase_name(state->phase));
    value_set_integer(arena, document, "supervisor", state->supervisor);
    value_set_string(arena, document, "airflowVersion", state->version);
    value_set_string(arena, document, "fingerprint", state->fingerprint);
    value_set_integer(arena, document, "port", state->port);
    value_set_integer(arena, document, "startedMs", state->started_ms);
    value_set_integer(arena, document, "healthyMs", state->healthy_ms);
    value_set_string(arena, document, "message", state->message);
    value_set_string(arena, document, "request", state->request);
    list_each(const ServiceStatus, service, &state->services) value_append(arena, services, service_to_value(arena, service));
    value_set(arena, document, "services", services);
    return file_write_string(arena, state_path(ctx, project), json_print_indented(arena, document), 0600, err);
}

bool runtime_state_forget(Context *ctx, const Project *project, Error *err) {
    return file_remove(ctx->arena, state_path(ctx, project), err);
}

void runtime_state_touch(Context *ctx, const Project *project) { utimensat(AT_FDCWD, state_path(ctx, project), NULL, 0); }
