#include "services/service_health.h"

#include "base/text.h"

bool service_health_set(Arena *arena, ServiceStatus *status, ServiceState state, const char *message) {
    if (status->state == state && text_equals(status->message, message)) return false;
    status->state = state;
    status->message = arena_copy_string(arena, message);
    return true;
}

bool service_health_set_phase(Arena *arena, RuntimeState *state, RuntimePhase phase, const char *message, long long now_ms) {
    if (state->phase == phase) return false;
    state->phase = phase;
    state->message = arena_copy_string(arena, message);
    if (phase == RUNTIME_HEALTHY && state->healthy_ms == 0) state->healthy_ms = now_ms;
    return true;
}

// Airflow's health page says dag_processor where its command line says dag-processor.
static bool is_component_of(const char *component, const char *service) {
    for (; *component != '\0' && *service != '\0'; component++, service++) {
        if (*component != (*service == '-' ? '_' : *service)) return false;
    }
    return *component == *service;
}

bool service_health_serves_page(const StringList *components, const char *service) {
    list_each(const char *const, component, components) {
        if (is_component_of(*component, service)) return false;
    }
    return true;
}

static const ComponentHealth *find_component(const ComponentHealthList *components, const char *service) {
    list_each(const ComponentHealth, component, components) {
        if (is_component_of(component->name, service)) return component;
    }
    return NULL;
}

// The web server has no heartbeat of its own: it is healthy because it answered.
static bool is_healthy(const ComponentHealthList *components, const ServiceStatus *status) {
    const ComponentHealth *component = find_component(components, status->name);
    if (component == NULL) return status->pid > 0;
    // The first heartbeat must not be that of the one before it. Later a clock that was put back makes them all look old.
    bool was_seen = status->state == SERVICE_HEALTHY || status->state == SERVICE_UNHEALTHY;
    bool is_its_own = component->heartbeat_ms >= status->started_ms || (was_seen && component->heartbeat_ms > 0);
    return component->is_healthy && is_its_own && status->pid > 0;
}

static bool judge_one(Arena *arena, ServiceStatus *status, const ComponentHealthList *components) {
    bool was_healthy = status->state == SERVICE_HEALTHY || status->state == SERVICE_UNHEALTHY;
    if (status->state == SERVICE_FAILED || status->state == SERVICE_RESTARTING) return false;
    if (is_healthy(components, status)) return service_health_set(arena, status, SERVICE_HEALTHY, NULL);
    return was_healthy && service_health_set(arena, status, SERVICE_UNHEALTHY, "no fresh heartbeat");
}

static bool fail_with_a_failed_service(Arena *arena, RuntimeState *state, long long now_ms) {
    list_each(const ServiceStatus, status, &state->services) {
        if (status->state != SERVICE_FAILED) continue;
        return service_health_set_phase(arena, state, RUNTIME_FAILED, "a service crashed too often", now_ms);
    }
    return false;
}

bool service_health_judge(Arena *arena, RuntimeState *state, const ComponentHealthList *components, long long now_ms) {
    const ComponentHealth *metadata = find_component(components, "metadatabase");
    bool all_healthy = metadata == NULL || metadata->is_healthy, is_changed = false;
    list_each(ServiceStatus, status, &state->services) {
        is_changed = judge_one(arena, status, components) || is_changed;
        all_healthy = all_healthy && status->state == SERVICE_HEALTHY;
    }
    if (all_healthy) return service_health_set_phase(arena, state, RUNTIME_HEALTHY, NULL, now_ms) || is_changed;
    bool is_worse = state->phase == RUNTIME_HEALTHY;
    if (is_worse) is_changed = service_health_set_phase(arena, state, RUNTIME_DEGRADED, NULL, now_ms);
    return fail_with_a_failed_service(arena, state, now_ms) || is_changed;
}

bool service_health_judge_silence(Arena *arena, RuntimeState *state, const StringList *components, const char *reason,
                                  long long now_ms) {
    bool is_changed = false;
    list_each(ServiceStatus, status, &state->services) {
        bool is_to_blame = status->state == SERVICE_HEALTHY && service_health_serves_page(components, status->name);
        if (is_to_blame) is_changed = service_health_set(arena, status, SERVICE_UNHEALTHY, reason) || is_changed;
    }
    bool is_worse = state->phase == RUNTIME_HEALTHY;
    if (is_worse) is_changed = service_health_set_phase(arena, state, RUNTIME_DEGRADED, reason, now_ms);
    return fail_with_a_failed_service(arena, state, now_ms) || is_changed;
}
