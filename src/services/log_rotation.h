// Keeps the logs of the running services bounded.
#pragma once
#include "services/project.h"

enum { LOG_LIMIT_BYTES = 10 * 1024 * 1024 };

// Each *.log of .devbox/logs that has grown over `limit` bytes is emptied; its last `limit` bytes are *.log.1 then, in place of
// an older one. The services that append to it need not notice: it is copied and cut off. What they write between the two is
// lost.
void log_rotation_bound(Context *ctx, const Project *project, long long limit);
