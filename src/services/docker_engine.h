// The container engine that answers, and one request to it.
#pragma once
#include "model/config.h"
#include "model/value.h"
#include "services/docker_endpoint.h"

typedef struct DockerEngine {
    DockerEndpoint endpoint;
    const char *api_version;  // spoken with it: "1.41"
    const char *name;  // what answers: "Docker Desktop 4.51", "Docker 20.10.24", "Podman 5.2"; filled by docker_engine_describe
    int processors;    // of the machine or VM that it runs on, likewise
    long long memory_bytes;    // likewise
    const char *architecture;  // "x86_64", "aarch64", likewise
    const char *data_folder;   // where it keeps images, as it names it, likewise
    bool is_rootless;          // likewise: user 0 in a container is the user who runs the engine
} DockerEngine;

// Dials the candidates in order, each for at most two seconds, and takes the first that answers; a stale socket file never wins.
// None answers: ERROR_RUNTIME_MISSING, which names what was tried; its hint is the command that starts the engine that seems to
// be installed, which is then also in engine->endpoint. Permission denied is told apart, with its own remedy. An API older
// than 1.40 is ERROR_RUNTIME_MISSING too.
bool docker_engine_find(Context *ctx, DockerEngine *engine, Error *err) MUST_USE;

// Asks what engine it is (GET /version, /info).
bool docker_engine_describe(Context *ctx, DockerEngine *engine, Error *err) MUST_USE;

typedef struct DockerRequest {
    const char *method;    // NULL: GET
    const char *path;      // without the version: "/containers/json?all=1"
    const Value *body;     // sent as JSON; NULL: none
    long long timeout_ms;  // 0: 10 seconds
    bool accepts_missing;  // 404 is an answer (NULL value, true), not an error
} DockerRequest;

// One request, one answer parsed as JSON (NULL for an empty one). A status of 400 or more is ERROR_SERVICE with the engine's own
// message; a lost or silent engine is ERROR_SERVICE or ERROR_TIMEOUT that says so.
bool docker_request(Context *ctx, const DockerEngine *engine, const DockerRequest *request, Value **answer, Error *err) MUST_USE;

// JSON for the `filters` parameter, percent-encoded: docker_filters(arena, "label", "com.docker.compose.project=shop").
const char *docker_filters(Arena *arena, const char *kind, const char *value);
