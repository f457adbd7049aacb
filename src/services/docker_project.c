#include "services/docker_project.h"

#include "base/text.h"
#include "services/docker_containers.h"

enum { REMOVAL_MS = 60000 };

static bool find_containers(Context *ctx, const DockerEngine *engine, const char *label, StringList *ids, Error *err) {
    DockerContainerList containers = {0};
    if (!docker_container_list(ctx, engine, label, &containers, err)) return false;
    list_each(const DockerContainer, container, &containers) {
        if (!string_list_contains(ids, container->id)) list_push(ctx->arena, ids, container->id);
    }
    return true;
}

// The members of a list by this key.
static void take_names(Arena *arena, const Value *list, const char *key, StringList *names) {
    for (size_t i = 0; list != NULL && list->kind == VALUE_ARRAY && i < list->count; i++) {
        const char *name = value_get_string(list->members[i].value, key, NULL);
        if (name != NULL) list_push(arena, names, name);
    }
}

bool docker_project_find(Context *ctx, const DockerEngine *engine, const char *compose_label, const char *own_label,
                         DockerProject *found, Error *err) {
    Arena *arena = ctx->arena;
    Value *networks, *volumes;
    const char *filters = docker_filters(arena, "label", compose_label);
    const DockerRequest for_networks = {.path = arena_format(arena, "/networks?filters=%s", filters)},
                        for_volumes = {.path = arena_format(arena, "/volumes?filters=%s", filters)};
    *found = (DockerProject){0};
    if (!find_containers(ctx, engine, compose_label, &found->containers, err)) return false;
    if (!find_containers(ctx, engine, own_label, &found->containers, err)) return false;
    if (!docker_request(ctx, engine, &for_networks, &networks, err)) return false;
    if (!docker_request(ctx, engine, &for_volumes, &volumes, err)) return false;
    take_names(arena, networks, "Id", &found->networks);
    take_names(arena, volumes == NULL ? NULL : value_get(volumes, "Volumes"), "Name", &found->volumes);
    return true;
}

static bool remove_all(Context *ctx, const DockerEngine *engine, const char *kind, const StringList *names, Error *err) {
    list_each(const char *const, name, names) {
        Value *answer;
        const char *path = arena_format(ctx->arena, "/%s/%s", kind, text_encode_for_url(ctx->arena, *name));
        const DockerRequest request = {.method = "DELETE", .path = path, .timeout_ms = REMOVAL_MS, .accepts_missing = true};
        if (!docker_request(ctx, engine, &request, &answer, err)) return false;
    }
    return true;
}

bool docker_project_remove_containers(Context *ctx, const DockerEngine *engine, const DockerProject *found, Error *err) {
    list_each(const char *const, id, &found->containers) {
        if (!docker_container_remove(ctx, engine, *id, err)) return false;
    }
    return true;
}

bool docker_project_remove_rest(Context *ctx, const DockerEngine *engine, const DockerProject *found, Error *err) {
    return remove_all(ctx, engine, "networks", &found->networks, err) && remove_all(ctx, engine, "volumes", &found->volumes, err);
}
