#include "services/workbench.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "io/file_system.h"
#include "io/hash.h"
#include "io/lock_file.h"
#include "model/event.h"
#include "services/compose_file.h"
#include "services/container_memory.h"
#include "services/docker_session.h"

enum { LOCK_TIMEOUT_MS = 10 * 60 * 1000, CREATE_TIMEOUT_MS = 60 * 1000, FORCED_GRACE_MS = 1000 };

#define LABEL_ROLE "dev.devbox.role"
#define ROLE_WORKBENCH "workbench"

// A pushed commit is tested in a folder of its own, with its own requirements: it gets a container beside the checkout's.
static bool is_snapshot(const Project *project) { return !path_is_inside(project->state, project->root); }

static const char *name_of(Arena *arena, const Project *project) {
    return arena_format(arena, "%s-%s", compose_project_name(arena, project), is_snapshot(project) ? "gate" : "workbench");
}

// The platform's network, where its database and the team's own services are; "default" while there is none.
static bool find_network(Context *ctx, const Project *project, const DockerEngine *engine, const char **network, Error *err) {
    Value *found;
    const char *name = arena_format(ctx->arena, "%s_default", compose_project_name(ctx->arena, project));
    DockerRequest request = {.path = arena_format(ctx->arena, "/networks/%s", name), .accepts_missing = true};
    if (!docker_request(ctx, engine, &request, &found, err)) return false;
    *network = found == NULL ? "default" : name;
    return true;
}

typedef struct Bench {
    const DockerEngine *engine;
    AirflowContainer container;
    const char *name, *network, *fingerprint;
} Bench;

static bool describe(Context *ctx, const Project *project, Bench *bench, Error *err) {
    const char *settings, *hex;
    if (!docker_session_engine(ctx, true, &bench->engine, err)) return false;
    if (!airflow_container_describe(ctx, project, bench->engine, project->config.airflow.port, &bench->container, err))
        return false;
    if (!find_network(ctx, project, bench->engine, &bench->network, err)) return false;
    if (!airflow_container_fingerprint(ctx, &bench->container, &settings, err)) return false;
    const char *all = arena_format(ctx->arena, "%s %s", settings, bench->network);
    if (!hash_bytes(ctx->arena, all, strlen(all), &hex, err)) return false;
    bench->fingerprint = arena_format(ctx->arena, "%.12s", hex);
    bench->name = name_of(ctx->arena, project);
    return true;
}

static Value *environment_to_value(Arena *arena, const AirflowContainer *container) {
    Value *list = value_array(arena);
    list_each(const Pair, pair, &container->environment) {
        value_append(arena, list, value_string(arena, arena_format(arena, "%s=%s", pair->key, pair->value)));
    }
    // The image would wait for the platform's database before it does anything.
    value_append(arena, list, value_string(arena, "CONNECTION_CHECK_MAX_COUNT=0"));
    return list;
}

static Value *mounts_to_value(Arena *arena, const AirflowContainer *container) {
    Value *list = value_array(arena);
    list_each(const Mount, mount, &container->mounts) {
        Value *item = value_object(arena);
        value_set_string(arena, item, "Type", "bind");
        value_set_string(arena, item, "Source", mount->source);
        value_set_string(arena, item, "Target", mount->target);
        value_append(arena, list, item);
    }
    return list;
}

static Value *strings_to_value(Arena *arena, const char *const *strings) {
    Value *list = value_array(arena);
    for (; *strings != NULL; strings++) value_append(arena, list, value_string(arena, *strings));
    return list;
}

static Value *host_to_value(Arena *arena, const Bench *bench) {
    static const char *const hosts[] = {"host.docker.internal:host-gateway", NULL};
    Value *host = value_object(arena);
    value_set(arena, host, "Mounts", mounts_to_value(arena, &bench->container));
    value_set_string(arena, host, "NetworkMode", bench->network);
    value_set_integer(arena, host, "Memory", container_memory_bytes(bench->container.memory));
    value_set(arena, host, "ExtraHosts", strings_to_value(arena, hosts));
    return host;
}

static Value *labels_to_value(Arena *arena, const Project *project, const Bench *bench) {
    Value *labels = value_object(arena);
    value_set_string(arena, labels, LABEL_INSTANCE, project->instance);
    value_set_string(arena, labels, LABEL_CHECKOUT, project->root);
    value_set_string(arena, labels, LABEL_ROLE, ROLE_WORKBENCH);
    value_set_string(arena, labels, LABEL_FINGERPRINT, bench->fingerprint);
    return labels;
}

static bool create(Context *ctx, const Project *project, const Bench *bench, Error *err) {
    static const char *const command[] = {"bash", "-c", "exec sleep infinity", NULL};
    Arena *arena = ctx->arena;
    Value *body = value_object(arena), *answer;
    value_set_string(arena, body, "Image", bench->container.image.name);
    value_set_string(arena, body, "User", bench->container.user);
    value_set_string(arena, body, "WorkingDir", project->root);
    value_set(arena, body, "Cmd", strings_to_value(arena, command));
    value_set(arena, body, "Env", environment_to_value(arena, &bench->container));
    value_set(arena, body, "Labels", labels_to_value(arena, project, bench));
    value_set(arena, body, "HostConfig", host_to_value(arena, bench));
    DockerRequest request = {.method = "POST",
                             .path = arena_format(arena, "/containers/create?name=%s", bench->name),
                             .body = body,
                             .timeout_ms = CREATE_TIMEOUT_MS};
    if (!docker_request(ctx, bench->engine, &request, &answer, err))
        return error_wrap(err, "the container for tests could not be made");
    return docker_container_start(ctx, bench->engine, bench->name, err);
}

static bool is_ready(const DockerContainer *container, const char *fingerprint) {
    bool is_same = text_equals(docker_container_label(container, LABEL_FINGERPRINT), fingerprint);
    return is_same && text_equals(container->state, "running");
}

bool workbench_ensure(Context *ctx, const Project *project, const char *step, const char **container, Error *err) {
    cleanup_fd int lock_fd = -1;
    Bench bench = {0};
    DockerContainer found;
    bool is_found, was_there;
    if (!describe(ctx, project, &bench, err)) return false;
    *container = bench.name;
    if (!docker_container_inspect(ctx, bench.engine, bench.name, &found, &is_found, err)) return false;
    if (is_found && is_ready(&found, bench.fingerprint)) return true;
    AirflowImageUse use = {.engine = bench.engine, .image = &bench.container.image, .step = step};
    if (!airflow_image_ensure(ctx, project, &use, &was_there, err)) return false;
    const char *lock = project_state_path(ctx->arena, project, "run/workbench.lock");
    if (!folder_create(ctx->arena, path_folder(ctx->arena, lock), err)) return false;
    if (!lock_file_take(ctx, lock, "workbench", LOCK_TIMEOUT_MS, &lock_fd, err)) return false;
    if (!docker_container_inspect(ctx, bench.engine, bench.name, &found, &is_found, err)) return false;
    if (is_found && is_ready(&found, bench.fingerprint)) return true;
    event_step_progress(ctx, step, "starting the container for tests");
    if (is_found && !docker_container_remove(ctx, bench.engine, bench.name, err)) return false;
    return create(ctx, project, &bench, err);
}

bool workbench_wrap(Context *ctx, const Project *project, const char *step, const PairList *variables, ProcessSpec *spec,
                    Error *err) {
    const char *container;
    StringList argv = {0};
    Arena *arena = ctx->arena;
    if (!workbench_ensure(ctx, project, step, &container, err)) return false;
    const char *const head[] = {ctx->executable, spec->is_relay ? "__relay" : "__exec", container,
                                spec->folder == NULL ? project->root : spec->folder};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) list_push(arena, &argv, head[i]);
    list_each(const Pair, variable, variables)
        list_push(arena, &argv, arena_format(arena, "%s=%s", variable->key, variable->value));
    list_push(arena, &argv, "--");
    for (const char *const *word = spec->argv; *word != NULL; word++) list_push(arena, &argv, *word);
    spec->argv = string_list_to_argv(arena, &argv);
    spec->environment = NULL;
    spec->forced_grace_ms = FORCED_GRACE_MS;
    return true;
}

bool workbench_remove_all(Context *ctx, const Project *project, size_t *count, Error *err) {
    const DockerEngine *engine;
    DockerContainerList found = {0};
    const char *label = arena_format(ctx->arena, LABEL_INSTANCE "=%s", project->instance);
    *count = 0;
    if (!docker_session_engine(ctx, false, &engine, err)) return false;
    if (!docker_container_list(ctx, engine, label, &found, err)) return false;
    list_each(const DockerContainer, container, &found) {
        list_each(const Pair, mark, &container->labels) {
            if (!text_equals(mark->key, LABEL_ROLE)) continue;
            if (!docker_container_remove(ctx, engine, container->id, err)) return false;
            (*count)++;
        }
    }
    return true;
}
