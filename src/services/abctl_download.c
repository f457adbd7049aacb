#include "base/text.h"
#include "io/archive.h"
#include "io/file_system.h"
#include "io/hash.h"
#include "io/http.h"
#include "model/event.h"
#include "services/abctl.h"

enum {
    DOWNLOAD_TIMEOUT_MS = 15 * 60 * 1000,
    MEBIBYTE = 1 << 20,
    ARCHIVE_LIMIT_MIB = 200,
    CONTENT_LIMIT_MIB = 500,
    REDIRECTS = 5,
};

#define ABCTL_PAGE "https://docs.airbyte.com/platform/deploying-airbyte/abctl"
#define RELEASES "https://github.com/airbytehq/abctl/releases/tag"

static bool advise_to_install(Error *err) {
    return error_hint(err, "install abctl (%s), or name yours in devbox.yaml: airbyte: {abctl: PATH}", ABCTL_PAGE);
}

bool abctl_check_download(const AbctlPins *pins, Error *err) {
    if (pins->asset == NULL) {
        error_set(err, ERROR_RUNTIME_MISSING, "abctl, which installs Airbyte, is not made for this system");
        return error_hint(err, "set airbyte: {enabled: false} in devbox.yaml; abctl runs on Linux and macOS, amd64 and arm64");
    }
    if (pins->sha256.count > 0) return true;
    error_set(err, ERROR_RUNTIME_MISSING,
              "abctl, which installs Airbyte, is not on PATH, and this devbox has no checksum for %s, so it does not fetch it",
              pins->asset);
    return error_hint(
        err, "install abctl (%s), or copy the archive's SHA-256 from %s/%s into devbox.yaml: airbyte: {abctl_sha256: [SHA256]}",
        ABCTL_PAGE, RELEASES, pins->version);
}

// The release's address leads on to a storage server.
static bool fetch(Context *ctx, const char *url, HttpResponse *response, Error *err) {
    HttpRequest request = {.url = url,
                           .wanted_header = "Location",
                           .timeout_ms = ctx->timeout_ms > 0 ? ctx->timeout_ms : DOWNLOAD_TIMEOUT_MS,
                           .size_limit = (size_t)ARCHIVE_LIMIT_MIB * MEBIBYTE};
    for (int i = 0; i <= REDIRECTS; i++) {
        if (!http_request(ctx, &request, response, err)) return false;
        bool leads_on = response->status >= 301 && response->status <= 308 && response->header != NULL;
        if (!leads_on) break;
        request.url = response->header;
    }
    if (response->status == 200) return true;
    error_set(err, ERROR_NETWORK, "%s answered with status %ld", url, response->status);
    return advise_to_install(err);
}

static bool check(Context *ctx, const AbctlPins *pins, const HttpResponse *response, Error *err) {
    const char *sha256;
    if (!hash_bytes(ctx->arena, response->body, response->length, &sha256, err)) return false;
    if (string_list_contains(&pins->sha256, sha256)) return true;
    error_set(err, ERROR_NETWORK, "%s is not the file that this devbox knows: its checksum differs", pins->asset);
    error_detail(err, arena_format(ctx->arena, "expected %s\ngot      %s (%zu bytes)",
                                   text_join(ctx->arena, &pins->sha256, " or "), sha256, response->length));
    return error_hint(err, "nothing was unpacked; a proxy may have put a page of its own there: try another network");
}

// Everything happens in a folder beside the final one, which appears complete or not at all.
static bool unpack(Context *ctx, const AbctlPins *pins, const HttpResponse *response, const char *partial, Error *err) {
    Arena *arena = ctx->arena;
    const char *archive = path_join(arena, partial, pins->asset), *unpacked = path_join(arena, partial, "unpacked");
    const char *stem = arena_copy_bytes(arena, pins->asset, strlen(pins->asset) - strlen(".tar.gz"));
    const char *program = path_join(arena, path_join(arena, unpacked, stem), "abctl");
    if (!folder_create(arena, unpacked, err)) return false;
    if (!file_write(arena, archive, response->body, response->length, 0600, err)) return false;
    if (!archive_extract(arena, archive, unpacked, (long long)CONTENT_LIMIT_MIB * MEBIBYTE, err)) return false;
    if (file_info_of_link(program).kind != FILE_REGULAR)
        return error_set(err, ERROR_FILE, "%s holds no program %s/abctl", pins->asset, stem);
    if (!file_copy(arena, program, path_join(arena, partial, "abctl"), 0700, err)) return false;
    return folder_remove(arena, unpacked, err) && file_remove(arena, archive, err);
}

bool abctl_download(Context *ctx, const AbctlPins *pins, const char *step, const char **path, Error *err) {
    Arena *arena = ctx->arena;
    HttpResponse response;
    Error ignored = {.arena = arena};
    const char *program = abctl_cached_path(ctx, pins), *folder = path_folder(arena, program);
    const char *partial = arena_format(arena, "%s.partial", folder);
    if (!abctl_check_download(pins, err)) return false;
    event_step_progress(ctx, step, "fetching abctl %s", pins->version);
    if (!fetch(ctx, arena_format(arena, "%s/%s", pins->download, pins->asset), &response, err))
        return error_wrap(err, "abctl could not be fetched");
    if (!check(ctx, pins, &response, err)) return false;
    if (!folder_remove(arena, partial, err)) return false;
    if (!unpack(ctx, pins, &response, partial, err)) {
        if (!folder_remove(arena, partial, &ignored)) return false;
        return error_wrap(err, "abctl could not be unpacked");
    }
    if (!folder_remove(arena, folder, err) || !file_rename(arena, partial, folder, err)) return false;
    *path = program;
    return true;
}
