#include "services/airflow_stack_state.h"

#include "base/text.h"
#include "services/compose_file.h"
#include "services/service_health.h"

enum { TERMINATED = 143, KILLED = 137, CRASH_LOOP = 3, WEB_PORT = 8080 };

bool airflow_stack_is_one_shot(const char *service) { return text_equals(service, "airflow-init"); }

// Compose's names are those of Airflow's own compose file, the profile's those of its commands: airflow-apiserver, api-server.
static bool is_same_service(const char *compose, const char *own) {
    for (;; compose++, own++) {
        while (*compose == '-') compose++;
        while (*own == '-') own++;
        if (*compose != *own || *compose == '\0') return *compose == *own;
    }
}

static const AirflowService *find_profile_service(const AirflowProfile *profile, const char *service) {
    static const char prefix[] = "airflow-";
    const char *bare = text_starts_with(service, prefix) ? service + strlen(prefix) : service;
    list_each(const AirflowService, own, &profile->services) {
        if (is_same_service(bare, own->name)) return own;
    }
    return NULL;
}

const char *airflow_stack_short_name(Arena *arena, const AirflowProfile *profile, const char *service) {
    const AirflowService *own = find_profile_service(profile, service);
    return own != NULL ? own->name : arena_copy_string(arena, service);
}

const DockerContainer *airflow_stack_find(const AirflowStack *stack, const char *service) {
    list_each(const DockerContainer, container, &stack->containers) {
        if (text_equals(container->service, service)) return container;
    }
    return NULL;
}

const char *airflow_stack_service_of(const AirflowStack *stack, const ServiceStatus *status) {
    list_each(const DockerContainer, container, &stack->containers) {
        if (text_equals(container->name, status->container)) return container->service;
    }
    return status->name;
}

static const char *describe_limit(Arena *arena, long long bytes) {
    if (bytes <= 0) return "";
    bool is_whole = bytes % (1LL << 30) == 0;
    return is_whole ? arena_format(arena, ", limit %lld GiB", bytes >> 30) : arena_format(arena, ", limit %lld MiB", bytes >> 20);
}

// "exited (137) 12s after its start: out of memory, limit 1 GiB"
static const char *describe_exit(Arena *arena, const DockerContainer *container) {
    Text text = {.arena = arena};
    if (!text_is_empty(container->error)) return container->error;
    text_append_format(&text, "exited (%d)", container->exit_code);
    if (container->finished_ms > container->started_ms && container->started_ms > 0) {
        text_append_format(&text, " %s after its start", text_duration(arena, container->finished_ms - container->started_ms));
    }
    if (container->is_out_of_memory) {
        text_append_format(&text, ": out of memory%s", describe_limit(arena, container->memory_limit_bytes));
    } else if (container->exit_code == KILLED) {
        text_append(&text, ": killed from outside");
    }
    return text_string(&text);
}

// One that ends by itself is restarted by the engine, so that this one was told to: by `stop`, or by hand.
static bool was_stopped(const DockerContainer *container) {
    bool is_clean = container->exit_code == 0 || container->exit_code == TERMINATED;
    return is_clean && text_equals(container->state, "exited") && text_is_empty(container->error) && !container->is_out_of_memory;
}

static const char *describe_health(Arena *arena, const DockerContainer *container) {
    if (text_is_empty(container->health_words)) return "its health check fails";
    return arena_format(arena, "its health check fails: %.100s", container->health_words);
}

static ServiceState judge_running(const DockerContainer *container) {
    switch (container->health) {
        case DOCKER_HEALTH_STARTING:
            return SERVICE_STARTING;
        case DOCKER_HEALTH_UNHEALTHY:
            return SERVICE_UNHEALTHY;
        case DOCKER_HEALTH_NONE:
        case DOCKER_HEALTH_HEALTHY:
            break;
    }
    return SERVICE_HEALTHY;
}

static ServiceStatus describe(Arena *arena, const Project *project, const AirflowProfile *profile,
                              const DockerContainer *container) {
    const AirflowService *own = find_profile_service(profile, container->service);
    const char *name = airflow_stack_short_name(arena, profile, container->service);
    ServiceStatus status = {.name = name,
                            .label = own != NULL ? own->label : name,
                            .container = container->name,
                            .pid = container->pid,
                            .restarts = container->restarts,
                            .started_ms = container->started_ms,
                            .log_path = project_state_path(arena, project, arena_format(arena, "logs/%s.log", name))};
    if (text_equals(container->state, "running")) {
        // A one-shot has no health: the others wait for its end.
        status.state = airflow_stack_is_one_shot(container->service) ? SERVICE_STARTING : judge_running(container);
        if (status.state == SERVICE_UNHEALTHY) status.message = describe_health(arena, container);
        // Up between two crashes: the engine counts from 0 again once somebody starts it.
        if (container->restarts >= CRASH_LOOP && status.state == SERVICE_STARTING) {
            status.state = SERVICE_RESTARTING;
            status.message = "crashes again and again";
        }
    } else if (text_equals(container->state, "restarting")) {
        status.state = container->restarts >= CRASH_LOOP || container->is_out_of_memory ? SERVICE_FAILED : SERVICE_RESTARTING;
        status.message = describe_exit(arena, container);
    } else if (text_equals(container->state, "paused")) {
        status.state = SERVICE_UNHEALTHY;
        status.message = "paused";
    } else if (text_equals(container->state, "created") && text_is_empty(container->error)) {
        status.state = SERVICE_STARTING;
        status.message = "waiting for what it depends on";
    } else {
        status.state = SERVICE_FAILED;
        status.message = was_stopped(container) ? "is stopped; devbox start starts it" : describe_exit(arena, container);
    }
    return status;
}

bool airflow_stack_is_alive(const DockerContainer *container) {
    return text_equals(container->state, "running") || text_equals(container->state, "restarting") ||
           text_equals(container->state, "paused");
}

// Also of the release that ran before the configured one.
static bool is_web_service(const char *service) {
    return text_equals(service, "airflow-webserver") || text_equals(service, "airflow-apiserver");
}

static void take_facts(RuntimeState *state, const DockerContainer *container) {
    const char *version = docker_container_label(container, LABEL_VERSION),
               *fingerprint = docker_container_label(container, LABEL_FINGERPRINT);
    if (version != NULL) state->version = version;
    if (fingerprint != NULL) state->fingerprint = fingerprint;
    if (state->started_ms == 0 || container->started_ms < state->started_ms) state->started_ms = container->started_ms;
    list_each(const DockerPort, port, &container->ports) {
        bool is_page = is_web_service(container->service) && port->inside == WEB_PORT;
        if (is_page && port->outside != 0) state->port = port->outside;
    }
}

// A finished one-shot is no service; one that failed keeps the others from coming up.
static bool is_shown(const DockerContainer *container) {
    bool is_done = text_equals(container->state, "exited") && container->exit_code == 0;
    return !airflow_stack_is_one_shot(container->service) || !is_done;
}

static RuntimePhase judge(const RuntimeState *state, bool has_failed_one_shot, size_t alive) {
    size_t healthy = 0, failed = 0, starting = 0;
    list_each(const ServiceStatus, status, &state->services) {
        healthy += status->state == SERVICE_HEALTHY;
        failed += status->state == SERVICE_FAILED;
        starting += status->state == SERVICE_STARTING;
    }
    if (has_failed_one_shot) return RUNTIME_FAILED;
    if (alive == 0) return RUNTIME_STOPPED;
    if (healthy == state->services.count) return RUNTIME_HEALTHY;
    if (failed > 0) return RUNTIME_FAILED;
    return starting > 0 ? RUNTIME_STARTING : RUNTIME_DEGRADED;
}

// One that ran before, or ought to run by now, and of which nothing is left: removed by hand, or never made.
static void add_missing(Arena *arena, AirflowStack *stack, const char *name, const char *label) {
    RuntimeState *state = &stack->state;
    bool is_ready = false;
    list_each(const ServiceStatus, status, &state->services) {
        if (text_equals(status->name, name)) return;
    }
    list_each(const DockerContainer, container, &stack->containers) {
        bool is_done = text_equals(container->state, "exited") && container->exit_code == 0;
        is_ready = is_ready || (airflow_stack_is_one_shot(container->service) && is_done);
    }
    list_push(arena, &state->services,
              ((ServiceStatus){.name = name,
                               .label = label,
                               .state = is_ready ? SERVICE_FAILED : SERVICE_STARTING,
                               .message = is_ready ? "has no container any more" : "waiting for what it depends on"}));
}

static RuntimePhase judge_all(const AirflowStack *stack) {
    size_t alive = 0;
    bool has_failed_one_shot = false;
    list_each(const DockerContainer, container, &stack->containers) {
        bool is_one_shot = airflow_stack_is_one_shot(container->service);
        bool has_failed = text_equals(container->state, "exited") && container->exit_code != 0;
        alive += airflow_stack_is_alive(container) && !is_one_shot;
        has_failed_one_shot = has_failed_one_shot || (is_one_shot && has_failed);
    }
    return judge(&stack->state, has_failed_one_shot, alive);
}

void airflow_stack_judge(Arena *arena, const Project *project, AirflowStack *stack) {
    RuntimeState *state = &stack->state;
    *state = (RuntimeState){.version = project->config.airflow.version, .fingerprint = ""};
    list_each(const DockerContainer, container, &stack->containers) {
        take_facts(state, container);
        if (is_shown(container)) list_push(arena, &state->services, describe(arena, project, &stack->profile, container));
    }
    if (stack->containers.count > 0) {
        list_each(const AirflowService, own, &stack->profile.services) add_missing(arena, stack, own->name, own->label);
        add_missing(arena, stack, AIRFLOW_STACK_DATABASE, AIRFLOW_STACK_DATABASE);
    }
    state->phase = judge_all(stack);
}

// The page may know more of it than the engine does yet. A one-shot is none of its services.
static bool is_for_the_page(const ServiceStatus *status) {
    return status->state == SERVICE_STARTING && status->pid > 0 && !airflow_stack_is_one_shot(status->name);
}

bool airflow_stack_is_waiting(const AirflowStack *stack) {
    list_each(const ServiceStatus, status, &stack->state.services) {
        if (is_for_the_page(status)) return true;
    }
    return false;
}

void airflow_stack_take_page(Arena *arena, const ComponentHealthList *components, long long now_ms, AirflowStack *stack) {
    RuntimeState seen = stack->state;
    list_each(const ComponentHealth, component, components) {
        if (text_equals(component->name, "metadatabase") && !component->is_healthy) return;
    }
    seen.services = (ServiceStatusList){0};
    list_each(const ServiceStatus, status, &stack->state.services) list_push(arena, &seen.services, *status);
    if (!service_health_judge(arena, &seen, components, now_ms)) return;
    // The page tells of what the engine does not know yet; where the engine knows more ("paused"), its word holds.
    for (size_t i = 0; i < seen.services.count; i++) {
        ServiceStatus *status = &stack->state.services.items[i];
        if (is_for_the_page(status)) *status = seen.services.items[i];
    }
    stack->state.phase = judge_all(stack);
}

static bool had_ended(const AirflowStack *before, const DockerContainer *container) {
    list_each(const DockerContainer, earlier, &before->containers) {
        if (text_equals(earlier->id, container->id)) return earlier->finished_ms == container->finished_ms;
    }
    return false;
}

// The engine starts it again and again, and it has not been well since.
static bool has_crashed(const DockerContainer *container) {
    bool is_back = text_equals(container->state, "running") &&
                   (container->health == DOCKER_HEALTH_STARTING || container->health == DOCKER_HEALTH_UNHEALTHY);
    return text_equals(container->state, "restarting") || (is_back && container->restarts > 0);
}

bool airflow_stack_database_crashes(const AirflowStack *stack, const AirflowStack *before) {
    const DockerContainer *database = airflow_stack_find(stack, AIRFLOW_STACK_DATABASE);
    return database != NULL && has_crashed(database) && database->restarts >= CRASH_LOOP && !had_ended(before, database);
}

const char *airflow_stack_find_culprit(const AirflowStack *stack, const AirflowStack *before) {
    const char *culprit = NULL;
    list_each(const DockerContainer, container, &stack->containers) {
        bool has_ended = text_equals(container->state, "exited") && container->exit_code != 0;
        // Version 1 of compose gives up at the first crash.
        bool has_failed = (has_ended || has_crashed(container)) && !had_ended(before, container);
        bool is_sick = text_equals(container->state, "running") && container->health == DOCKER_HEALTH_UNHEALTHY;
        if (has_failed || is_sick) culprit = container->service;
        if (has_failed) break;
    }
    return culprit;
}
