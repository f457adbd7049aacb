#include "services/docker_containers.h"

#include "base/text.h"
#include "services/docker_container_facts.h"

enum { STATE_CHANGE_MS = 60000, DEFAULT_GRACE_S = 10 };

static bool list(Context *ctx, const DockerEngine *engine, const char *path, DockerContainerList *containers, Error *err) {
    Value *answer;
    DockerContainerList found = {0};
    if (!docker_request(ctx, engine, &(DockerRequest){.path = path}, &answer, err)) return false;
    if (answer == NULL || answer->kind != VALUE_ARRAY) {
        return error_set(err, ERROR_SERVICE, "the container engine at %s lists its containers in a way that devbox does not know",
                         engine->endpoint.address);
    }
    for (size_t i = 0; i < answer->count; i++) {
        list_push(ctx->arena, &found, docker_container_of_list(ctx->arena, answer->members[i].value));
    }
    *containers = found;
    return true;
}

bool docker_container_list(Context *ctx, const DockerEngine *engine, const char *label, DockerContainerList *containers,
                           Error *err) {
    const char *filters = docker_filters(ctx->arena, "label", label);
    return list(ctx, engine, arena_format(ctx->arena, "/containers/json?all=1&filters=%s", filters), containers, err);
}

bool docker_container_find_port(Context *ctx, const DockerEngine *engine, int port, DockerContainer *container, bool *is_found,
                                Error *err) {
    DockerContainerList containers = {0};
    if (!list(ctx, engine, "/containers/json", &containers, err)) return false;
    *is_found = false;
    list_each(const DockerContainer, candidate, &containers) {
        list_each(const DockerPort, published, &candidate->ports) {
            if (published->outside != port || *is_found) continue;
            *container = *candidate;
            *is_found = true;
        }
    }
    return true;
}

static const char *container_path(Arena *arena, const char *id, const char *rest) {
    return arena_format(arena, "/containers/%s%s", text_encode_for_url(arena, id), rest);
}

bool docker_container_inspect(Context *ctx, const DockerEngine *engine, const char *id, DockerContainer *container,
                              bool *is_found, Error *err) {
    Value *answer;
    const DockerRequest request = {.path = container_path(ctx->arena, id, "/json"), .accepts_missing = true};
    if (!docker_request(ctx, engine, &request, &answer, err)) return false;
    *is_found = answer != NULL;
    if (answer != NULL) *container = docker_container_of_inspection(ctx->arena, answer);
    return true;
}

// 304 (in that state already) is no error to docker_request.
static bool change(Context *ctx, const DockerEngine *engine, const DockerRequest *request, const char *doing, Error *err) {
    Value *answer;
    if (docker_request(ctx, engine, request, &answer, err)) return true;
    return err->code == ERROR_INTERRUPTED ? false : error_wrap(err, "%s", doing);
}

bool docker_container_start(Context *ctx, const DockerEngine *engine, const char *id, Error *err) {
    const DockerRequest request = {
        .method = "POST", .path = container_path(ctx->arena, id, "/start"), .timeout_ms = STATE_CHANGE_MS};
    return change(ctx, engine, &request, arena_format(ctx->arena, "cannot start the container %s", id), err);
}

bool docker_container_unpause(Context *ctx, const DockerEngine *engine, const char *id, Error *err) {
    const DockerRequest request = {
        .method = "POST", .path = container_path(ctx->arena, id, "/unpause"), .timeout_ms = STATE_CHANGE_MS};
    DockerContainer container;
    bool is_found;
    if (!docker_container_inspect(ctx, engine, id, &container, &is_found, err)) return false;
    if (is_found && text_equals(container.state, "running")) return true;
    return change(ctx, engine, &request, arena_format(ctx->arena, "cannot unpause the container %s", id), err);
}

static bool end(Context *ctx, const DockerEngine *engine, const char *id, const char *verb, int grace_s, Error *err) {
    int grace = grace_s > 0 ? grace_s : DEFAULT_GRACE_S;
    const DockerRequest request = {.method = "POST",
                                   .path = container_path(ctx->arena, id, arena_format(ctx->arena, "/%s?t=%d", verb, grace)),
                                   .timeout_ms = grace * 1000LL + STATE_CHANGE_MS};
    return change(ctx, engine, &request, arena_format(ctx->arena, "cannot %s the container %s", verb, id), err);
}

bool docker_container_stop(Context *ctx, const DockerEngine *engine, const char *id, int grace_s, Error *err) {
    return end(ctx, engine, id, "stop", grace_s, err);
}

bool docker_container_restart(Context *ctx, const DockerEngine *engine, const char *id, int grace_s, Error *err) {
    return end(ctx, engine, id, "restart", grace_s, err);
}

// Running or not; its anonymous volumes stay, they may hold data.
bool docker_container_remove(Context *ctx, const DockerEngine *engine, const char *id, Error *err) {
    const DockerRequest request = {.method = "DELETE",
                                   .path = container_path(ctx->arena, id, "?force=1"),
                                   .timeout_ms = STATE_CHANGE_MS,
                                   .accepts_missing = true};
    return change(ctx, engine, &request, arena_format(ctx->arena, "cannot remove the container %s", id), err);
}
