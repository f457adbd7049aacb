#include "base/text.h"
#include "services/docker_engine.h"

// "20.10.24+dfsg1" → "20.10.24".
static const char *plain_version(Arena *arena, const char *version) {
    return arena_copy_bytes(arena, version, strspn(version, "0123456789."));
}

// "Docker Desktop 4.51.0 (210443)" → "Docker Desktop 4.51.0".
static const char *platform_name_of(Arena *arena, const Value *version) {
    const char *name = value_get_string(value_get(version, "Platform"), "Name", "");
    return text_trim(arena, arena_copy_bytes(arena, name, strcspn(name, "(")));
}

static bool has_component(const Value *version, const char *word) {
    const Value *components = value_get(version, "Components");
    if (components == NULL || components->kind != VALUE_ARRAY) return false;
    for (size_t i = 0; i < components->count; i++) {
        if (strstr(value_get_string(components->members[i].value, "Name", ""), word) != NULL) return true;
    }
    return false;
}

static const char *name_engine(Arena *arena, const DockerEngine *engine, const Value *version, const Value *info) {
    const char *number = plain_version(arena, value_get_string(version, "Version", ""));
    const char *platform = platform_name_of(arena, version), *machine = value_get_string(info, "OperatingSystem", "");
    if (has_component(version, "Podman")) return arena_format(arena, "Podman %s", number);
    if (text_starts_with(platform, "Docker Desktop")) return platform;
    const char *around = engine->endpoint.provider;
    if (text_starts_with(machine, "OrbStack")) around = "OrbStack";
    if (text_starts_with(machine, "Docker Desktop")) around = "Docker Desktop";
    if (text_starts_with(machine, "Rancher Desktop")) around = "Rancher Desktop";
    if (text_equals(around, "Docker")) return arena_format(arena, "Docker %s", number);
    return arena_format(arena, "%s, Docker %s", around, number);
}

static bool is_rootless(Arena *arena, const Value *info) {
    StringList options = value_strings(arena, value_get(info, "SecurityOptions"));
    list_each(const char *const, option, &options) {
        if (text_starts_with(*option, "name=rootless")) return true;
    }
    return false;
}

bool docker_engine_describe(Context *ctx, DockerEngine *engine, Error *err) {
    Value *version, *info;
    if (!docker_request(ctx, engine, &(DockerRequest){.path = "/version"}, &version, err)) return false;
    if (!docker_request(ctx, engine, &(DockerRequest){.path = "/info"}, &info, err)) return false;
    engine->name = name_engine(ctx->arena, engine, version, info);
    engine->processors = (int)value_get_integer(info, "NCPU", 0);
    engine->memory_bytes = value_get_integer(info, "MemTotal", 0);
    engine->architecture = value_get_string(info, "Architecture", "");
    engine->data_folder = value_get_string(info, "DockerRootDir", "");
    engine->is_rootless = is_rootless(ctx->arena, info);
    return true;
}
