#include "services/docker_credentials.h"

#include "base/base64.h"
#include "base/text.h"
#include "io/file_system.h"
#include "io/json.h"
#include "io/process.h"
#include "services/docker_context.h"

enum { HELPER_TIMEOUT_MS = 10000 };

static const char hub[] = "https://index.docker.io/v1/";  // under which docker keeps those of Docker Hub

// "ghcr.io/team/image:1" → "ghcr.io": a first part with a dot, a port, or localhost is a registry.
static const char *registry_of(Arena *arena, const char *image) {
    size_t length = strcspn(image, "/");
    if (image[length] == '\0') return hub;
    const char *first = arena_copy_bytes(arena, image, length);
    if (strpbrk(first, ".:") == NULL && !text_equals(first, "localhost")) return hub;
    bool is_hub = text_equals(first, "docker.io") || text_equals(first, "index.docker.io");
    return is_hub ? hub : first;
}

// Keys may be "ghcr.io", "https://ghcr.io" or "https://ghcr.io/v2/".
static const char *host_of(Arena *arena, const char *key) {
    const char *scheme_end = strstr(key, "://"), *host = scheme_end == NULL ? key : scheme_end + 3;
    return arena_copy_bytes(arena, host, strcspn(host, "/"));
}

static const Value *find_kept(Arena *arena, const Value *auths, const char *registry) {
    const char *host = host_of(arena, registry);
    for (size_t i = 0; auths != NULL && auths->kind == VALUE_OBJECT && i < auths->count; i++) {
        if (text_equals(host_of(arena, auths->members[i].key), host)) return auths->members[i].value;
    }
    return NULL;
}

static const char *make_header(Arena *arena, const char *registry, const char *user, const char *secret) {
    Value *credentials = value_object(arena);
    value_set_string(arena, credentials, "serveraddress", registry);
    if (text_equals(user, "<token>")) {
        value_set_string(arena, credentials, "identitytoken", secret);
    } else {
        value_set_string(arena, credentials, "username", user);
        value_set_string(arena, credentials, "password", secret);
    }
    const char *text = json_print(arena, credentials);
    return base64_encode_for_url(arena, text, strlen(text));
}

static const char *ask_helper(Context *ctx, const char *helper, const char *registry) {
    const char *const argv[] = {arena_format(ctx->arena, "docker-credential-%s", helper), "get", NULL};
    const ProcessSpec spec = {.argv = argv, .input = registry, .timeout_ms = HELPER_TIMEOUT_MS};
    ProcessResult result;
    Error err = {.arena = ctx->arena};
    Value *answer;
    if (!process_run(ctx, &spec, &result, &err) || result.outcome != PROCESS_EXITED || result.exit_code != 0) return NULL;
    if (!json_parse(ctx->arena, result.output, argv[0], &answer, &err)) return NULL;
    const char *user = value_get_string(answer, "Username", NULL), *secret = value_get_string(answer, "Secret", NULL);
    return user == NULL || secret == NULL ? NULL : make_header(ctx->arena, registry, user, secret);
}

// {"auth": "base64 of user:password"}, or an identity token beside it.
static const char *read_kept(Arena *arena, const char *registry, const Value *kept) {
    const char *token = value_get_string(kept, "identitytoken", NULL), *encoded = value_get_string(kept, "auth", NULL);
    char *plain;
    size_t length;
    if (!text_is_empty(token)) return make_header(arena, registry, "<token>", token);
    if (encoded == NULL || !base64_decode(arena, encoded, &plain, &length)) return NULL;
    const char *colon = strchr(plain, ':');
    if (colon == NULL) return NULL;
    return make_header(arena, registry, arena_copy_bytes(arena, plain, (size_t)(colon - plain)), colon + 1);
}

const char *docker_credentials_for(Context *ctx, const char *image) {
    const char *folder = docker_context_config_folder(ctx->arena), *registry = registry_of(ctx->arena, image);
    Error err = {.arena = ctx->arena};
    Value *config;
    if (folder == NULL || !json_read_file(ctx->arena, path_join(ctx->arena, folder, "config.json"), &config, &err)) return NULL;
    const char *helper = value_get_string(value_get(config, "credHelpers"), host_of(ctx->arena, registry), NULL);
    if (helper == NULL) helper = value_get_string(value_get(config, "credHelpers"), registry, NULL);
    if (helper == NULL) helper = value_get_string(config, "credsStore", NULL);
    const char *header = text_is_empty(helper) ? NULL : ask_helper(ctx, helper, registry);
    if (header != NULL) return header;
    const Value *kept = find_kept(ctx->arena, value_get(config, "auths"), registry);
    return kept == NULL ? NULL : read_kept(ctx->arena, registry, kept);
}
