// Pulling an image: progress over its layers, and what a registry's refusal means.
#include "services/docker_pull.h"
#include "base/map.h"
#include "base/text.h"
#include "io/clock.h"
#include "model/event.h"
#include "services/docker_credentials.h"
#include "services/docker_http.h"
#include "services/docker_images.h"
#include "services/docker_lines.h"

enum { REGISTRY_MS = 90000, SILENCE_MS = 300000, REPORT_EVERY_MS = 250, MEGABYTE = 1000 * 1000 };

typedef struct Layer {
    long long current, total;
    bool is_downloaded, is_unpacked;
} Layer;

typedef struct Pull {
    Context *ctx;
    const char *image, *step;
    Map layers;
    long long reported_ms;
} Pull;

static Layer *find_layer(Pull *pull, const char *id) {
    Layer *layer = map_get(&pull->layers, id);
    if (layer != NULL) return layer;
    layer = arena_allocate(pull->ctx->arena, sizeof *layer);
    map_set(pull->ctx->arena, &pull->layers, arena_copy_string(pull->ctx->arena, id), layer);
    return layer;
}

static void take_status(Pull *pull, const Value *line) {
    const char *status = value_get_string(line, "status", ""), *id = value_get_string(line, "id", NULL);
    const Value *detail = value_get(line, "progressDetail");
    bool is_layer = id != NULL && !text_starts_with(status, "Pulling from");
    if (!is_layer) return;
    Layer *layer = find_layer(pull, id);
    if (text_equals(status, "Downloading")) {
        layer->current = value_get_integer(detail, "current", layer->current);
        layer->total = value_get_integer(detail, "total", layer->total);
    } else if (text_equals(status, "Download complete") || text_equals(status, "Extracting")) {
        layer->is_downloaded = true;
    } else if (text_equals(status, "Pull complete") || text_equals(status, "Already exists")) {
        layer->is_downloaded = layer->is_unpacked = true;
    }
}

static void report_progress(Pull *pull) {
    long long current = 0, total = 0, now_ms = clock_now_ms();
    size_t downloaded = 0, unpacked = 0;
    if (pull->step == NULL || now_ms - pull->reported_ms < REPORT_EVERY_MS) return;
    for (size_t i = 0; i < pull->layers.count; i++) {
        const Layer *layer = pull->layers.entries[i].value;
        current += layer->is_downloaded ? layer->total : layer->current;
        total += layer->total;
        downloaded += layer->is_downloaded;
        unpacked += layer->is_unpacked;
    }
    if (pull->layers.count == 0) return;
    pull->reported_ms = now_ms;
    if (downloaded == pull->layers.count) {
        event_step_progress(pull->ctx, pull->step, "unpacking %s: %zu of %zu layers", pull->image, unpacked, pull->layers.count);
    } else {
        event_step_progress(pull->ctx, pull->step, "pulling %s: %lld of %lld MB", pull->image, current / MEGABYTE,
                            total / MEGABYTE);
    }
}

static bool holds_any(const char *text, const char *const *words) {
    for (; *words != NULL; words++) {
        if (strcasestr(text, *words) != NULL) return true;
    }
    return false;
}

bool docker_report_pull(const char *image, const char *message, Error *err) {
    static const char *const limited[] = {"toomanyrequests", "rate limit", "429 Too Many", NULL};
    static const char *const foreign[] = {"no matching manifest", "no image found in manifest list", NULL};
    static const char *const full[] = {"no space left", "disk quota", NULL};
    static const char *const unknown[] = {"manifest unknown", "not found",         "does not exist",
                                          "access denied",    "invalid reference", "unauthorized",
                                          "denied:",          "no such image",     NULL};
    static const char *const unreached[] = {
        "dial tcp",    "no such host", "lookup ",        "timeout",           "TLS",           "EOF", "refused", "x509",
        "unreachable", "proxyconnect", "Client.Timeout", "deadline exceeded", "reset by peer", NULL};
    if (holds_any(message, limited)) {
        error_set(err, ERROR_NETWORK, "the registry of %s allows no more downloads for now", image);
        error_hint(err, "log in for a higher limit: docker login");
    } else if (holds_any(message, foreign)) {
        error_set(err, ERROR_CONFIG, "the image %s does not exist for this machine's processor", image);
        error_hint(err, "choose an image that is built for it");
    } else if (holds_any(message, full)) {
        error_set(err, ERROR_SERVICE, "the disk of the container engine is full: %s cannot be pulled", image);
        error_hint(err, "see what uses it: docker system df");
    } else if (holds_any(message, unreached)) {
        error_set(err, ERROR_NETWORK, "the registry of %s cannot be reached", image);
        error_hint(err, "check the network connection (VPN, proxy of the container engine), then try again: docker pull %s",
                   image);
    } else if (holds_any(message, unknown)) {
        error_set(err, ERROR_CONFIG, "the registry has no image %s, or shows it only to those who log in", image);
        error_hint(err, "check the name, and try by hand: docker pull %s", image);
    } else {
        error_set(err, ERROR_SERVICE, "the image %s cannot be pulled", image);
        error_hint(err, "try by hand: docker pull %s", image);
    }
    return error_detail(err, message);
}

// A name without tag or digest would pull all of its tags.
static const char *pull_path(Arena *arena, const char *image) {
    const char *slash = strrchr(image, '/'), *last = slash == NULL ? image : slash + 1;
    const char *tag = strpbrk(last, ":@") == NULL ? "&tag=latest" : "";
    return arena_format(arena, "/images/create?fromImage=%s%s", text_encode_for_url(arena, image), tag);
}

static bool take_line(void *state, const Value *line, Error *err) {
    Pull *pull = state;
    const char *message = value_get_string(line, "error", NULL);
    if (message == NULL) message = value_get_string(line, "message", NULL);  // a status of 400 or more
    if (message == NULL) message = value_get_string(value_get(line, "errorDetail"), "message", NULL);
    if (message != NULL) return docker_report_pull(pull->image, message, err);
    take_status(pull, line);
    report_progress(pull);
    return true;
}

bool docker_image_pull(Context *ctx, const DockerEngine *engine, const char *name, const char *step, Error *err) {
    __attribute__((cleanup(docker_lines_close))) DockerLines lines = {0};
    Pull pull = {.ctx = ctx, .image = name, .step = step};
    const char *doing = arena_format(ctx->arena, "the pull of %s", name);
    HttpRequest request = docker_http_request(ctx->arena, engine, "POST", pull_path(ctx->arena, name));
    bool exists = false;
    const char *credentials = docker_credentials_for(ctx, name);
    request.timeout_ms = REGISTRY_MS;
    if (credentials != NULL) {
        list_push(ctx->arena, &request.headers, arena_format(ctx->arena, "X-Registry-Auth: %s", credentials));
    }
    if (step != NULL) event_step_progress(ctx, step, "pulling %s", name);
    if (!docker_lines_open(ctx, engine, &request, doing, &lines, err)) return false;
    const DockerLineReader reader = {.take = take_line, .state = &pull, .silence_ms = SILENCE_MS};
    if (!docker_lines_follow(ctx, &lines, &reader, err)) return false;
    if (http_stream_status(lines.stream) >= 400) return docker_report_pull(name, "the container engine does not say why", err);
    // An engine that goes down ends the answer as if all were well.
    if (!docker_image_exists(ctx, engine, name, &exists, err)) return false;
    return exists || error_set(err, ERROR_SERVICE, "the pull of %s ended without the image", name);
}
