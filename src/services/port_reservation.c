#include "services/port_reservation.h"

#include "base/text.h"
#include "io/file_system.h"
#include "io/lock_file.h"

bool port_reservation_take(Context *ctx, const Project *project, int port, pid_t *holder) {
    int fd;
    LockHolder other = {0};
    Error ignored = {.arena = ctx->arena};
    const char *folder = user_cache_path(ctx->arena, "ports");
    const char *path = path_join(ctx->arena, folder, arena_format(ctx->arena, "%d.lock", port));
    if (!folder_create(ctx->arena, folder, &ignored)) return true;
    // The descriptor is never closed: the lock goes with this process. Steps of one start are processes of one checkout.
    if (lock_file_take(ctx, path, project->instance, 0, &fd, &ignored)) return true;
    if (!lock_file_is_held(ctx->arena, path, &other) || text_equals(other.purpose, project->instance)) return true;
    *holder = other.pid;
    return false;
}
