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

static int find_name(const char *name, const char *const *names, int count) {
    for (int i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) return i;
    }
    return 0;
}

static ServiceStatus read_service(const Value *member) {
    const char *state = value_get_string(member, "state", "starting");
    return (ServiceStatus){.name = value_get_string(member, "name", ""),
                           .label = value_get_string(member, "label", ""),
                           .state = (ServiceState)find_name(state, service_names, 5),
                           .pid = (pid_t)value_get_integer(member, "pid", 0),
                           .restarts = (int)value_get_integer(member, "restarts", 0),
                           .started_ms = value_get_integer(member, "startedMs", 0),
                           .message = value_get_string(member, "message", NULL),
                           .log_path = value_get_string(member, "log", NULL)};
}

static void read_state(Arena *arena, const Value *document, RuntimeState *state) {
    *state = (RuntimeState){.phase = (RuntimePhase)find_name(value_get_string(document, "phase", "stopped"), phase_names, 6),
                            .supervisor = (pid_t)value_get_integer(document, "supervisor", 0),
                            .version = value_get_string(document, "airflowVersion", ""),
                            .fingerprint = value_get_string(document, "fingerprint", ""),
                            .port = (int)value_get_integer(document, "port", 0),
                            .started_ms = value_get_integer(document, "startedMs", 0),
                            .healthy_ms = value_get_integer(document, "healthyMs", 0),
                            .message = value_get_string(document, "message", NULL)};
    const Value *services = value_get(document, "services");
    for (size_t i = 0; services != NULL && i < services->count; i++) {
        list_push(arena, &state->services, read_service(services->members[i].value));
    }
}

bool runtime_state_read(Context *ctx, const Project *project, RuntimeState *state, Error *err) {
    Value *document;
    const char *path = state_path(ctx, project);
    *state = (RuntimeState){.phase = RUNTIME_STOPPED};
    FileInfo info = file_info(path);
    if (info.kind == FILE_MISSING) return true;
    if (!json_read_file(ctx->arena, path, &document, err)) return false;
    read_state(ctx->arena, document, state);
    state->age_ms = clock_wall_ms() - info.modified_ns / 1000000;
    if (!lock_file_is_held(ctx->arena, runtime_state_lock_path(ctx->arena, project), NULL)) state->phase = RUNTIME_STOPPED;
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
    list_each(const ServiceStatus, service, &state->services) value_append(arena, services, service_to_value(arena, service));
    value_set(arena, document, "services", services);
    return file_write_string(arena, state_path(ctx, project), json_print_indented(arena, document), 0600, err);
}

void runtime_state_touch(Context *ctx, const Project *project) { utimensat(AT_FDCWD, state_path(ctx, project), NULL, 0); }
