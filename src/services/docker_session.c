#include "services/docker_session.h"

static DockerEngine known;
static bool is_found, is_described;

bool docker_session_engine(Context *ctx, bool describes, const DockerEngine **engine, Error *err) {
    if (!is_found && !docker_engine_find(ctx, &known, err)) return false;
    is_found = true;
    if (describes && !is_described && !docker_engine_describe(ctx, &known, err)) return false;
    is_described = is_described || describes;
    *engine = &known;
    return true;
}
