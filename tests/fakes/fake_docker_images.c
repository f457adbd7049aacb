#include "fakes/fake_docker_images.h"

FakeImages fake_images;

bool docker_image_exists(Context *ctx, const DockerEngine *engine, const char *name, bool *exists, Error *err) {
    (void)ctx, (void)engine, (void)err;
    *exists = string_list_contains(&fake_images.there, name);
    return true;
}

static bool make(Arena *arena, StringList *asked, const char *name, Error *err) {
    list_push(arena, asked, name);
    if (fake_images.failure != ERROR_NONE) return error_set(err, fake_images.failure, "%s is not to be had", name);
    list_push(arena, &fake_images.there, name);
    return true;
}

bool docker_image_pull(Context *ctx, const DockerEngine *engine, const char *name, const char *step, Error *err) {
    (void)engine, (void)step;
    return make(ctx->arena, &fake_images.pulled, name, err);
}

bool docker_image_build(Context *ctx, const DockerEngine *engine, const DockerBuild *build, const char *step, Error *err) {
    (void)engine, (void)step;
    return make(ctx->arena, &fake_images.built, build->image, err);
}
