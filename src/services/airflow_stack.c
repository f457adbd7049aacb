#include "services/airflow_stack.h"

#include "base/text.h"
#include "io/clock.h"
#include "services/airflow_health.h"
#include "services/compose_file.h"
#include "services/service_health.h"

enum { KILLED = 137, PAGE_TIMEOUT_MS = 700, CRASH_LOOP = 3, WEB_PORT = 8080 };

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
        status.state = judge_running(container);
        if (status.state == SERVICE_UNHEALTHY) status.message = "its health check fails";
        if (container->restarts >= CRASH_LOOP && status.state != SERVICE_HEALTHY) status.message = "crashes again and again";
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
        status.message = describe_exit(arena, container);
    }
    return status;
}

static bool is_alive(const DockerContainer *container) {
    return text_equals(container->state, "running") || text_equals(container->state, "restarting") ||
           text_equals(container->state, "paused");
}

static const char *label_of(const DockerContainer *container, const char *key) {
    list_each(const Pair, label, &container->labels) {
        if (text_equals(label->key, key)) return label->value;
    }
    return NULL;
}

static void take_facts(RuntimeState *state, const AirflowProfile *profile, const DockerContainer *container) {
    const char *version = label_of(container, LABEL_VERSION), *fingerprint = label_of(container, LABEL_FINGERPRINT);
    if (version != NULL) state->version = version;
    if (fingerprint != NULL) state->fingerprint = fingerprint;
    if (state->started_ms == 0 || container->started_ms < state->started_ms) state->started_ms = container->started_ms;
    list_each(const DockerPort, port, &container->ports) {
        bool is_page = text_equals(container->service, profile->docker.web_service) && port->inside == WEB_PORT;
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

static void fill_state(Context *ctx, const Project *project, AirflowStack *stack) {
    RuntimeState *state = &stack->state;
    size_t alive = 0;
    bool has_failed_one_shot = false;
    *state = (RuntimeState){.version = project->config.airflow.version, .fingerprint = ""};
    list_each(const DockerContainer, container, &stack->containers) {
        bool is_one_shot = airflow_stack_is_one_shot(container->service);
        take_facts(state, &stack->profile, container);
        alive += is_alive(container) && !is_one_shot;
        has_failed_one_shot =
            has_failed_one_shot || (is_one_shot && text_equals(container->state, "exited") && container->exit_code != 0);
        if (is_shown(container))
            list_push(ctx->arena, &state->services, describe(ctx->arena, project, &stack->profile, container));
    }
    state->phase = judge(state, has_failed_one_shot, alive);
}

// The engine's own checks have their first turn only after a pause: Airflow's page knows earlier.
static void ask_page(Context *ctx, AirflowStack *stack) {
    ComponentHealthList components = {0};
    Error silent = {.arena = ctx->arena};
    RuntimeState *state = &stack->state;
    const DockerContainer *web = airflow_stack_find(stack, stack->profile.docker.web_service);
    if (state->phase != RUNTIME_STARTING || state->port == 0 || web == NULL || !is_alive(web)) return;
    if (!airflow_health_ask(ctx, &stack->profile, state->port, PAGE_TIMEOUT_MS, &components, &silent)) return;
    if (service_health_judge(ctx->arena, state, &components, clock_wall_ms())) return;
}

static bool inspect_all(Context *ctx, const DockerEngine *engine, DockerContainerList *containers, Error *err) {
    list_each(DockerContainer, container, containers) {
        bool is_found;
        DockerContainer whole;
        if (!docker_container_inspect(ctx, engine, container->id, &whole, &is_found, err)) return false;
        // Removed between the two questions: what the list said of it is all there is.
        if (is_found) *container = whole;
    }
    return true;
}

bool airflow_stack_observe(Context *ctx, const Project *project, const DockerEngine *engine, AirflowStack *stack, Error *err) {
    AirflowStack seen = {0};
    const char *label = arena_format(ctx->arena, "com.docker.compose.project=%s", compose_project_name(ctx->arena, project));
    if (!airflow_profile_load(ctx, project->config.airflow.version, &seen.profile, err)) return false;
    if (!docker_container_list(ctx, engine, label, &seen.containers, err)) return false;
    if (!inspect_all(ctx, engine, &seen.containers, err)) return false;
    fill_state(ctx, project, &seen);
    ask_page(ctx, &seen);
    *stack = seen;
    return true;
}
