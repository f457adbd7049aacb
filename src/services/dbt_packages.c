#include "services/dbt_packages.h"

#include "base/text.h"
#include "io/file_system.h"
#include "io/hash.h"

#define FOLDER "dbt_packages"

static const char *const manifests[] = {"packages.yml", "dependencies.yml", "package-lock.yml"};

// Everything that decides what gets installed, as one text; "" when the project needs no packages.
static bool read_manifests(Context *ctx, const Project *project, const char **text, Error *err) {
    Text all = {.arena = ctx->arena};
    for (size_t i = 0; i < sizeof manifests / sizeof *manifests; i++) {
        char *content;
        const char *path = path_join(ctx->arena, project->dbt_dir, manifests[i]);
        if (!file_exists(path)) continue;
        if (!file_read(ctx->arena, path, &content, NULL, err)) return false;
        text_append_format(&all, "%s\n%s\n", manifests[i], content);
    }
    *text = text_string(&all);
    return true;
}

static bool names_packages(const char *manifest) { return strstr(manifest, "packages:") != NULL; }

static bool locate_kept(Context *ctx, const char *manifest, const char **folder, Error *err) {
    const char *hex;
    if (!hash_bytes(ctx->arena, manifest, strlen(manifest), &hex, err)) return false;
    *folder = user_cache_path(ctx->arena, arena_format(ctx->arena, "dbt-packages/%.16s", hex));
    return true;
}

bool dbt_packages_restore(Context *ctx, const Project *project, bool *is_missing, Error *err) {
    const char *manifest, *kept, *wanted = path_join(ctx->arena, project->dbt_dir, FOLDER);
    *is_missing = false;
    if (folder_exists(wanted)) return true;
    if (!read_manifests(ctx, project, &manifest, err)) return false;
    if (!names_packages(manifest)) return true;
    if (!locate_kept(ctx, manifest, &kept, err)) return false;
    *is_missing = !folder_exists(kept);
    return *is_missing || folder_copy(ctx->arena, kept, wanted, err);
}

bool dbt_packages_remember(Context *ctx, const Project *project, Error *err) {
    const char *manifest, *kept, *installed = path_join(ctx->arena, project->dbt_dir, FOLDER);
    if (!folder_exists(installed)) return true;
    if (!read_manifests(ctx, project, &manifest, err)) return false;
    if (strstr(manifest, "local:") != NULL) return true;
    if (!locate_kept(ctx, manifest, &kept, err)) return false;
    const char *partial = arena_format(ctx->arena, "%s.partial", kept);
    if (!folder_create(ctx->arena, path_folder(ctx->arena, kept), err) || !folder_remove(ctx->arena, partial, err)) return false;
    if (!folder_copy(ctx->arena, installed, partial, err) || !folder_remove(ctx->arena, kept, err)) return false;
    return file_rename(ctx->arena, partial, kept, err);
}
