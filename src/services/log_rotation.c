#include "services/log_rotation.h"

#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "io/file_system.h"

static bool rotate(Context *ctx, const char *path, long long limit, Error *err) {
    const char *kept = arena_format(ctx->arena, "%s.1", path);
    if (!file_copy_tail(ctx->arena, path, kept, limit, 0600, err)) return false;
    return truncate(path, 0) == 0 || file_error(err, "cut off", path);
}

void log_rotation_bound(Context *ctx, const Project *project, long long limit) {
    StringList names = {0};
    Error err = {.arena = ctx->arena};
    const char *folder = project_state_path(ctx->arena, project, "logs");
    if (!folder_list(ctx->arena, folder, &names, &err)) return;
    list_each(const char *, name, &names) {
        const char *path = path_join(ctx->arena, folder, *name);
        FileInfo info = file_info_of_link(path);
        bool is_log = text_ends_with(*name, ".log") && info.kind == FILE_REGULAR;
        if (is_log && info.size > limit && !rotate(ctx, path, limit, &err)) fprintf(stderr, "%s\n", err.message);
    }
}
