#include "services/docker_context.h"

#include <stdlib.h>

#include "base/text.h"
#include "io/file_system.h"
#include "io/json.h"

const char *docker_context_config_folder(Arena *arena) {
    const char *folder = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
    if (!text_is_empty(folder)) return folder;
    return text_is_empty(home) ? NULL : path_join(arena, home, ".docker");
}

static bool read_current(Arena *arena, const char *folder, const char **name, Error *err) {
    const char *path = path_join(arena, folder, "config.json");
    Value *config;
    if (!file_exists(path)) return true;
    if (!json_read_file(arena, path, &config, err)) {
        err->code = ERROR_CONFIG;
        return false;
    }
    *name = value_get_string(config, "currentContext", NULL);
    return true;
}

// One context of docker's, as its meta.json describes it.
typedef struct StoredContext {
    const char *key;  // name of its folders: SHA-256 of its name
    const Value *meta;
} StoredContext;

// By the name inside the files: hashing would load a library for it.
static bool find_stored(Arena *arena, const char *folder, const char *name, StoredContext *context, Error *err) {
    const char *meta_folder = path_join(arena, folder, "contexts/meta");
    StringList keys = {0};
    if (!folder_list(arena, meta_folder, &keys, err)) return false;
    list_each(const char *const, key, &keys) {
        const char *path = arena_format(arena, "%s/%s/meta.json", meta_folder, *key);
        Error unreadable = {.arena = arena};
        Value *meta;
        if (!json_read_file(arena, path, &meta, &unreadable)) continue;
        if (!text_equals(value_get_string(meta, "Name", NULL), name)) continue;
        *context = (StoredContext){.key = *key, .meta = meta};
    }
    return true;
}

static bool read_stored(Arena *arena, const char *folder, const StoredContext *context, DockerEndpoint *endpoint, Error *err) {
    const char *name = value_get_string(context->meta, "Name", "");
    const char *reason = arena_format(arena, "the Docker context %s", name);
    const char *host = value_get_string(value_get(value_get(context->meta, "Endpoints"), "docker"), "Host", NULL);
    const char *tls_folder = arena_format(arena, "%s/contexts/tls/%s/docker", folder, context->key);
    DockerEndpoint found = {.tls_folder = folder_exists(tls_folder) ? tls_folder : NULL};
    if (text_is_empty(host)) {
        error_set(err, ERROR_CONFIG, "%s has no address", reason);
        return error_hint(err, "docker context inspect %s", name);
    }
    if (!docker_endpoint_parse(arena, host, reason, &found, err)) return false;
    *endpoint = found;
    return true;
}

bool docker_context_find(Arena *arena, DockerEndpoint *endpoint, bool *is_found, Error *err) {
    const char *folder = docker_context_config_folder(arena), *name = getenv("DOCKER_CONTEXT");
    bool is_asked_for = !text_is_empty(name);
    StoredContext context = {0};
    *is_found = false;
    if (folder == NULL) return true;
    if (!is_asked_for && !read_current(arena, folder, &name, err)) return false;
    if (text_is_empty(name) || text_equals(name, "default")) return true;
    if (!find_stored(arena, folder, name, &context, err)) return false;
    if (context.meta == NULL && is_asked_for) {
        error_set(err, ERROR_CONFIG, "DOCKER_CONTEXT names the context %s, which does not exist", name);
        return error_hint(err, "docker context ls");
    }
    if (context.meta == NULL) return true;
    if (!read_stored(arena, folder, &context, endpoint, err)) return false;
    *is_found = true;
    return true;
}
