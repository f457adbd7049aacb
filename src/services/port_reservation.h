// Checkouts that start at the same moment must not choose the same port: for seconds nobody listens on it yet.
#pragma once
#include "services/project.h"

// Reserves the port for this checkout until the calling process ends, by when the platform listens. False when the start of
// another checkout has it; *holder is its pid then. Without a cache to write to, nothing is reserved and all is true.
bool port_reservation_take(Context *ctx, const Project *project, int port, pid_t *holder);
