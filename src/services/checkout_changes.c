#include "services/checkout_changes.h"

#include "io/file_system.h"

static bool find(Context *ctx, const Project *project, const char *base, CheckoutChanges *found, Error *err) {
    const char *root = git_repository_root(found->repository);
    if (root == NULL)
        return error_set(err, ERROR_CHECKOUT, "%s lies in a bare repository, which has no working tree", project->root);
    found->git_root = path_resolve_if_there(ctx->arena, root);
    return git_base_find(found->repository, base, &found->base, err) &&
           git_changed_files(found->repository, &found->base.commit, &found->paths, err);
}

bool checkout_changes_find(Context *ctx, const Project *project, const char *base, CheckoutChanges *changes, Error *err) {
    CheckoutChanges found = {0};
    if (!git_repository_open_at(ctx, project->root, false, &found.repository, err)) return false;
    if (!find(ctx, project, base, &found, err)) {
        git_repository_close(found.repository);
        return false;
    }
    *changes = found;
    return true;
}

const char *checkout_changes_since(Arena *arena, const CheckoutChanges *changes) {
    return arena_format(arena, "since %s (%.7s)", changes->base.name, changes->base.commit.hex);
}
