#include "services/docker_images.h"

#include "base/text.h"

// Names hold nothing but letters, digits and ./:@_-; a slash in them is one of the path.
static const char *name_in_path(Arena *arena, const char *name) {
    const char *encoded = text_encode_for_url(arena, name);
    encoded = text_replace(arena, encoded, "%2F", "/");
    return text_replace(arena, text_replace(arena, encoded, "%3A", ":"), "%40", "@");
}

bool docker_image_exists(Context *ctx, const DockerEngine *engine, const char *name, bool *exists, Error *err) {
    Value *answer;
    const DockerRequest request = {.path = arena_format(ctx->arena, "/images/%s/json", name_in_path(ctx->arena, name)),
                                   .accepts_missing = true};
    if (!docker_request(ctx, engine, &request, &answer, err)) return false;
    *exists = answer != NULL;
    return true;
}
