// The engine that this process speaks to: found once, then the same for every part of a command.
#pragma once
#include "services/docker_engine.h"

// Finds it at the first call; `describes` also asks once what engine it is.
bool docker_session_engine(Context *ctx, bool describes, const DockerEngine **engine, Error *err) MUST_USE;
