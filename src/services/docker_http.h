// What the files of the engine's client share: requests that are not simply JSON, and how failures are said. Not for others.
#pragma once
#include "io/http.h"
#include "services/docker_engine.h"

// A request to the engine, to be completed: "/containers/ab12/logs?stdout=1".
HttpRequest docker_http_request(Arena *arena, const DockerEngine *engine, const char *method, const char *path);

// After http_… failed: says that the engine is silent (ERROR_TIMEOUT) or gone (ERROR_SERVICE) instead; an interruption stays one.
// `doing` is what was asked: "GET /info". Returns false.
bool docker_report_lost(const DockerEngine *engine, const char *doing, Error *err);

// The engine's own words in an answer of 400 or more.
const char *docker_error_message(Arena *arena, const char *body);

// ERROR_SERVICE with the engine's own words. Returns false.
bool docker_report_refusal(Arena *arena, const char *doing, long status, const char *body, Error *err);
