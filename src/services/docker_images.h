// Images of an engine: is it there, pull it, build it.
#pragma once
#include "services/docker_engine.h"

bool docker_image_exists(Context *ctx, const DockerEngine *engine, const char *name, bool *exists, Error *err) MUST_USE;

// Pulls by name ("postgres:15"), reporting progress for `step` ("pulling postgres:15: 41 of 120 MB"). No registry within reach is
// ERROR_NETWORK, an unknown name ERROR_CONFIG, a rate limit (429) names the remedy `docker login`; each with the image's name.
bool docker_image_pull(Context *ctx, const DockerEngine *engine, const char *name, const char *step, Error *err) MUST_USE;

typedef struct DockerBuild {
    const char *image;      // the name it gets: "devbox/airflow:2.10.3-0f3a9c"
    const char *folder;     // build context with a Dockerfile in it, small enough for memory
    const char *network;    // "host", …; NULL: the engine's default
    PairList arguments;     // build arguments
    PairList labels;
    const char *log_path;   // everything the build says; replaced
} DockerBuild;

// Builds an image (POST /build with the folder as a tar), reporting the current step for `step`. A failed build is ERROR_CHILD with
// the instruction that failed, the last log lines as detail and the log's path in the hint.
bool docker_image_build(Context *ctx, const DockerEngine *engine, const DockerBuild *build, const char *step, Error *err) MUST_USE;
