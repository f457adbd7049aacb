#include "services/docker_engine.h"

#include <stdio.h>

#include "base/text.h"
#include "io/file_system.h"
#include "io/json.h"
#include "services/docker_http.h"

enum { PING_TIMEOUT_MS = 2000, REQUEST_TIMEOUT_MS = 10000, SPOKEN_MINOR = 47, LEAST_MINOR = 40 };

// What was tried, and the most useful thing to say when nothing answers.
typedef struct Search {
    Text tried;
    const char *start_command;  // of the first engine that seems to be installed but down
    const char *refused;        // a socket that is not ours to open
    const char *too_old;        // what it said of an engine that is
} Search;

HttpRequest docker_http_request(Arena *arena, const DockerEngine *engine, const char *method, const char *path) {
    const DockerEndpoint *endpoint = &engine->endpoint;
    const char *version = engine->api_version == NULL ? "" : arena_format(arena, "/v%s", engine->api_version);
    return (HttpRequest){.method = method,
                         .url = arena_format(arena, "%s%s%s", endpoint->base_url, version, path),
                         .unix_socket = endpoint->unix_socket,
                         .tls_folder = endpoint->tls_folder};
}

static bool parse_version(const char *text, int *major, int *minor) {
    int end = 0;
    return text != NULL && sscanf(text, "%d.%d%n", major, minor, &end) == 2 && text[end] == '\0' && *major >= 0 && *minor >= 0;
}

// Takes the version that both speak; false when that is none.
static bool negotiate(Arena *arena, const char *theirs, DockerEngine *engine) {
    int major, minor;
    if (!parse_version(theirs, &major, &minor)) return false;
    if (major < 1 || (major == 1 && minor < LEAST_MINOR)) return false;
    bool is_newer = major > 1 || minor > SPOKEN_MINOR;
    engine->api_version = arena_format(arena, "1.%d", is_newer ? SPOKEN_MINOR : minor);
    return true;
}

static const char *describe_endpoint(Arena *arena, const DockerEndpoint *endpoint) {
    return arena_format(arena, "%s at %s (%s)", endpoint->provider, endpoint->address, endpoint->reason);
}

static void note(Search *search, const DockerEndpoint *endpoint, const char *outcome) {
    const char *name = describe_endpoint(search->tried.arena, endpoint);
    text_append_format(&search->tried, "%s%s: %s", search->tried.length == 0 ? "" : "\n", name, outcome);
}

// One candidate; false with an error only when the search must end.
static bool dial(Context *ctx, const DockerEndpoint *endpoint, Search *search, DockerEngine *engine, Error *err) {
    DockerEngine candidate = {.endpoint = *endpoint};
    HttpRequest request = docker_http_request(ctx->arena, &candidate, "GET", "/_ping");
    HttpResponse response;
    Error failure = {.arena = ctx->arena};
    request.timeout_ms = PING_TIMEOUT_MS;
    request.wanted_header = "Api-Version";
    if (!http_request(ctx, &request, &response, &failure)) {
        if (failure.code == ERROR_INTERRUPTED) {
            *err = failure;
            return false;
        }
        bool is_refused =
            endpoint->unix_socket != NULL && file_exists(endpoint->unix_socket) && !file_is_writable(endpoint->unix_socket);
        if (is_refused && search->refused == NULL) search->refused = endpoint->unix_socket;
        if (!is_refused && search->start_command == NULL) search->start_command = endpoint->start_command;
        note(search, endpoint, failure.message);
    } else if (response.status != 200 || response.header == NULL) {
        note(search, endpoint,
             arena_format(ctx->arena, "answers with status %ld, but not as a container engine", response.status));
    } else if (!negotiate(ctx->arena, response.header, &candidate)) {
        search->too_old = arena_format(ctx->arena, "%s speaks version %s of the Engine API, and devbox needs 1.%d or newer",
                                       describe_endpoint(ctx->arena, endpoint), response.header, LEAST_MINOR);
        note(search, endpoint, search->too_old);
    } else {
        *engine = candidate;
    }
    return true;
}

static bool advise(const Search *search, Error *err) {
    const char *start_command = search->start_command;
    if (docker_endpoint_is_given()) {
        if (start_command == NULL) return error_hint(err, "start that engine, or unset DOCKER_HOST, which names it");
        return error_hint(err, "start it: %s · or unset DOCKER_HOST, which names it", start_command);
    }
    if (start_command != NULL) return error_hint(err, "start it: %s", start_command);
    return error_hint(err, "install Docker (https://docs.docker.com/get-docker), or set DOCKER_HOST to an engine that runs");
}

static bool report_none(const Search *search, Error *err) {
    if (search->too_old != NULL) {
        error_set(err, ERROR_RUNTIME_MISSING, "%s", search->too_old);
        error_hint(err, "update it: Docker 19.03, Podman 4 or newer");
    } else if (search->refused != NULL) {
        error_set(err, ERROR_RUNTIME_MISSING, "no container engine can be used: you may not open %s", search->refused);
        error_hint(err, "add yourself to the docker group, then log in again: sudo usermod -aG docker $USER");
    } else if (search->tried.length == 0) {
        error_set(err, ERROR_RUNTIME_MISSING, "no container engine is running here: there is no socket of one");
    } else {
        error_set(err, ERROR_RUNTIME_MISSING, "no container engine answers");
    }
    if (search->too_old == NULL && search->refused == NULL) advise(search, err);
    return error_detail(err, search->tried.length == 0 ? NULL : text_string(&search->tried));
}

bool docker_engine_find(Context *ctx, DockerEngine *engine, Error *err) {
    DockerEndpointList endpoints = {0};
    Search search = {.tried = {.arena = ctx->arena}};
    DockerEngine found = {0};
    if (!docker_endpoint_list(ctx, &endpoints, err)) return false;
    list_each(const DockerEndpoint, endpoint, &endpoints) {
        if (!dial(ctx, endpoint, &search, &found, err)) return false;
        if (found.api_version == NULL) continue;
        *engine = found;
        return true;
    }
    if (search.start_command == NULL && !docker_endpoint_is_given()) search.start_command = docker_endpoint_suggest_start(ctx);
    if (search.too_old == NULL && search.refused == NULL) engine->endpoint.start_command = search.start_command;
    return report_none(&search, err);
}

bool docker_report_lost(const DockerEngine *engine, const char *doing, Error *err) {
    const DockerEndpoint *endpoint = &engine->endpoint;
    const char *evidence = err->message, *code_words = "did not answer in time";
    if (err->code == ERROR_INTERRUPTED) return false;
    if (err->code != ERROR_TIMEOUT) {
        err->code = ERROR_SERVICE;
        code_words = "cannot be reached or broke off";
    }
    error_set(err, err->code, "the container engine at %s %s: %s", endpoint->address, code_words, doing);
    err->hint = NULL;
    if (endpoint->start_command != NULL) error_hint(err, "is it still running? start it: %s", endpoint->start_command);
    return error_detail(err, evidence);
}

const char *docker_error_message(Arena *arena, const char *body) {
    Value *answer;
    Error err = {.arena = arena};
    if (!json_parse(arena, body, "the engine's answer", &answer, &err)) return text_trim(arena, body);
    const char *message = value_get_string(answer, "message", NULL);  // Docker's and Podman's
    return message == NULL ? text_trim(arena, body) : text_trim(arena, message);
}

bool docker_report_refusal(Arena *arena, const char *doing, long status, const char *body, Error *err) {
    const char *message = docker_error_message(arena, body);
    if (text_is_empty(message)) message = "without saying why";
    return error_set(err, ERROR_SERVICE, "the container engine refused %s (status %ld): %s", doing, status, message);
}

bool docker_request(Context *ctx, const DockerEngine *engine, const DockerRequest *request, Value **answer, Error *err) {
    HttpRequest http = docker_http_request(ctx->arena, engine, request->method, request->path);
    HttpResponse response;
    Value *parsed = NULL;
    const char *doing = arena_format(ctx->arena, "%s %.*s", request->method == NULL ? "GET" : request->method,
                                     (int)strcspn(request->path, "?"), request->path);
    http.timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : REQUEST_TIMEOUT_MS;
    if (request->body != NULL) {
        http.body = json_print(ctx->arena, request->body);
        list_push(ctx->arena, &http.headers, "Content-Type: application/json");
    }
    if (!http_request(ctx, &http, &response, err)) return docker_report_lost(engine, doing, err);
    bool is_missing = response.status == 404 && request->accepts_missing;
    if (response.status >= 400 && !is_missing) {
        return docker_report_refusal(ctx->arena, doing, response.status, response.body, err);
    }
    if (!is_missing && *text_trim(ctx->arena, response.body) != '\0') {
        if (!json_parse(ctx->arena, response.body, "the engine's answer", &parsed, err)) {
            err->code = ERROR_SERVICE;
            return error_wrap(err, "%s", doing);
        }
    }
    *answer = parsed;
    return true;
}

const char *docker_filters(Arena *arena, const char *kind, const char *value) {
    Value *filters = value_object(arena), *values = value_array(arena);
    value_append(arena, values, value_string(arena, value));
    value_set(arena, filters, kind, values);
    return text_encode_for_url(arena, json_print(arena, filters));
}
