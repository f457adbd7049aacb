// An answer of the engine that goes on for a while: one JSON object per line (pull, build, events). Not for others than the files of
// the engine's client.
#pragma once
#include "base/text.h"
#include "io/http_stream.h"
#include "services/docker_engine.h"

typedef struct DockerLines {
    const DockerEngine *engine;
    const char *doing;  // for messages: "the pull of postgres:15"
    HttpStream *stream;
    Text pending;       // bytes behind the last line that was given
    size_t taken;       // of these: lines that were given
    bool has_ended;
} DockerLines;

// Sends the request and waits for the head of its answer; a status of 400 or more is given as it is, its body comes as lines.
bool docker_lines_open(Context *ctx, const DockerEngine *engine, const HttpRequest *request, const char *doing, DockerLines *lines,
                       Error *err) MUST_USE;

// The next object, in ctx->arena; NULL when none came within `wait_ms` or at the end. What is no JSON is ERROR_SERVICE.
bool docker_lines_next(Context *ctx, DockerLines *lines, long long wait_ms, const Value **value, Error *err) MUST_USE;

// One line; false ends the reading with its error.
typedef struct DockerLineReader {
    bool (*take)(void *state, const Value *line, Error *err);  // the line's memory is gone after the call
    void *state;
    long long silence_ms;  // how long nothing may come
} DockerLineReader;

// Hands all lines over until the end. Too long a silence is ERROR_TIMEOUT, and so is a --timeout that is over.
bool docker_lines_follow(Context *ctx, DockerLines *lines, const DockerLineReader *reader, Error *err) MUST_USE;

void docker_lines_close(DockerLines *lines);
