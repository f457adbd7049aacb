#include "services/start_lock.h"

#include "io/lock_file.h"

bool start_lock_take(Context *ctx, const Project *project, const char *what, long long wait_ms, int *fd, Error *err) {
    if (!project_prepare_state(ctx, project, err)) return false;
    return lock_file_take(ctx, project_state_path(ctx->arena, project, "run/start.lock"), what, wait_ms, fd, err);
}
