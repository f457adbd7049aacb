#include "services/docker_session.h"

// What is found holds for the whole process: longer than the arena of who asks first, which may be that of one round of a watch.
static Arena *lasting;
static DockerEngine known;
static bool is_found, is_described;

bool docker_session_engine(Context *ctx, bool describes, const DockerEngine **engine, Error *err) {
    if (lasting == NULL) lasting = arena_create();
    Context own = *ctx;
    own.arena = lasting;
    ArenaMark before = arena_mark(lasting);
    if (!is_found && !docker_engine_find(&own, &known, err)) {
        // Who asks again and again, as a watch does, would fill it. The words of an interruption are in it.
        if (err->code != ERROR_INTERRUPTED) arena_reset(lasting, before);
        return false;
    }
    is_found = true;
    if (describes && !is_described && !docker_engine_describe(&own, &known, err)) return false;
    is_described = is_described || describes;
    *engine = &known;
    return true;
}
