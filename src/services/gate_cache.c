#include "services/gate_cache.h"

#include <stdlib.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/hash.h"
#include "library_names.h"

enum { MOST_PASSES = 1000 };

static const long long oldest_pass_ms = 30LL * 24 * 3600 * 1000;

typedef struct Stamp {
    Arena *arena;
    Text text;
} Stamp;

// Size and time of change tell a reinstalled file as well as its content does, and cost no reading.
static bool stamp_file(void *state, const char *path, const FileInfo *info) {
    Stamp *stamp = state;
    if (text_equals(path_name(path), "__pycache__")) return false;
    if (info->kind == FILE_REGULAR) text_append_format(&stamp->text, "%s %lld %lld\n", path, info->size, info->modified_ns);
    return true;
}

static bool stamp_devbox(Context *ctx, Stamp *stamp, Error *err) {
    static const char *const folders[] = {"compose", "workers"};
    text_append(&stamp->text, "devbox " DEVBOX_VERSION "\n");
    if (ctx->executable != NULL) {
        FileInfo info = file_info(ctx->executable);
        stamp_file(stamp, ctx->executable, &info);
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders && ctx->share_dir != NULL; i++) {
        if (!folder_walk(ctx->arena, path_join(ctx->arena, ctx->share_dir, folders[i]), stamp_file, stamp, err)) return false;
    }
    return true;
}

bool gate_cache_key(Context *ctx, const Project *live, const char *prefix, const GitId *tree, const char **key, Error *err) {
    Stamp stamp = {.arena = ctx->arena, .text = {.arena = ctx->arena}};
    text_append_format(&stamp.text, "gate 1\ntree %s\nplace %s\nruntime %d\n", tree->hex, prefix, (int)live->config.runtime);
    if (!stamp_devbox(ctx, &stamp, err)) return false;
    list_each (const Pair, pair, &live->dotenv) text_append_format(&stamp.text, "dotenv %s=%s\n", pair->key, pair->value);
    list_each (const char *, name, &live->config.env_pass) {
        const char *value = getenv(*name);
        if (value != NULL) text_append_format(&stamp.text, "pass %s=%s\n", *name, value);
    }
    return hash_bytes(ctx->arena, text_string(&stamp.text), stamp.text.length, key, err);
}

static const char *passes_folder(Arena *arena) { return user_cache_path(arena, "gate"); }

bool gate_cache_has_passed(Context *ctx, const char *key) {
    return file_exists(path_join(ctx->arena, passes_folder(ctx->arena), key));
}

static void forget_old_passes(Context *ctx, const char *folder) {
    StringList names = {0};
    Error ignored = {.arena = ctx->arena};
    if (!folder_list(ctx->arena, folder, &names, &ignored) || names.count <= MOST_PASSES) return;
    long long oldest_ns = (clock_wall_ms() - oldest_pass_ms) * 1000000;
    list_each (const char *, name, &names) {
        const char *path = path_join(ctx->arena, folder, *name);
        if (file_info(path).modified_ns < oldest_ns && !file_remove(ctx->arena, path, &ignored)) return;
    }
}

void gate_cache_remember(Context *ctx, const char *key, const GitCommit *commit) {
    Error ignored = {.arena = ctx->arena};
    const char *folder = passes_folder(ctx->arena);
    const char *line = arena_format(ctx->arena, "%s %s\n", commit->id.hex, commit->summary);
    if (!folder_create(ctx->arena, folder, &ignored)) return;
    if (file_write_string(ctx->arena, path_join(ctx->arena, folder, key), line, 0600, &ignored)) forget_old_passes(ctx, folder);
}
