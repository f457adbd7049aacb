#include "services/abctl.h"

#include <sys/utsname.h>

#include "base/text.h"
#include "io/file_system.h"
#include "io/process.h"
#include "io/yaml.h"

const char *abctl_asset_name(Arena *arena, const char *version, const char *kernel, const char *machine) {
    static const char *const systems[][2] = {{"Linux", "linux"}, {"Darwin", "darwin"}};
    static const char *const machines[][2] = {{"x86_64", "amd64"}, {"amd64", "amd64"}, {"aarch64", "arm64"}, {"arm64", "arm64"}};
    const char *os = NULL, *architecture = NULL;
    for (size_t i = 0; i < sizeof systems / sizeof *systems; i++) {
        if (strcmp(kernel, systems[i][0]) == 0) os = systems[i][1];
    }
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        if (strcmp(machine, machines[i][0]) == 0) architecture = machines[i][1];
    }
    if (os == NULL || architecture == NULL) return NULL;
    return arena_format(arena, "abctl-%s-%s-%s.tar.gz", version, os, architecture);
}

static bool is_sha256(const char *text) { return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64; }

static bool add_checksum(Arena *arena, AbctlPins *pins, const char *digest, const char *origin, Error *err) {
    if (text_is_empty(digest)) return true;
    if (!is_sha256(digest)) return error_set(err, ERROR_CONFIG, "%s: %s is no SHA-256 (64 digits, 0-9 and a-f)", origin, digest);
    list_push(arena, &pins->sha256, digest);
    return true;
}

bool abctl_pins_load(Context *ctx, const Project *project, AbctlPins *pins, Error *err) {
    YamlNode *root;
    struct utsname names;
    const char *path = path_join(ctx->arena, ctx->share_dir, "compose/airbyte/abctl.yaml");
    if (!yaml_read_file(ctx->arena, path, &root, err)) return false;
    AbctlPins read = {.version = yaml_get_string(root, "abctl", ""),
                      .chart = yaml_get_string(root, "chart", ""),
                      .download = yaml_get_string(root, "download", "")};
    if (*read.version == '\0' || *read.chart == '\0' || *read.download == '\0')
        return error_set(err, ERROR_CONFIG, "%s must name abctl, chart and download", path);
    if (uname(&names) == 0) read.asset = abctl_asset_name(ctx->arena, read.version, names.sysname, names.machine);
    const char *digest = read.asset == NULL ? NULL : yaml_get_string(yaml_get(root, "sha256"), read.asset, NULL);
    if (!add_checksum(ctx->arena, &read, digest, path, err)) return false;
    list_each(const char *const, given, &project->config.airbyte.abctl_sha256) {
        if (!add_checksum(ctx->arena, &read, *given, "airbyte.abctl_sha256", err)) return false;
    }
    *pins = read;
    return true;
}

const char *abctl_cached_path(Context *ctx, const AbctlPins *pins) {
    return user_cache_path(ctx->arena, arena_format(ctx->arena, "tools/abctl-%s/abctl", pins->version));
}

bool abctl_find(Context *ctx, const Project *project, const AbctlPins *pins, const char **path, Error *err) {
    const char *configured = project->config.airbyte.abctl;
    if (configured != NULL) {
        const char *own = path_join(ctx->arena, project->root, configured);
        if (!file_exists(own)) {
            error_set(err, ERROR_CONFIG, "airbyte.abctl: there is no file %s", own);
            return error_hint(err, "correct airbyte.abctl in devbox.yaml, or remove it to use the abctl on PATH");
        }
        *path = own;
        return true;
    }
    const char *found = process_find_program(ctx->arena, "abctl", NULL);
    if (found == NULL && file_exists(abctl_cached_path(ctx, pins))) found = abctl_cached_path(ctx, pins);
    *path = found;
    return true;
}
