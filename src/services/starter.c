#include "services/starter.h"

#include "base/text.h"
#include "io/file_system.h"
#include "io/process.h"
#include "services/child_environment.h"
#include "services/project_detect.h"

enum { GIT_TIMEOUT_MS = 30000 };

typedef struct Copy {
    Context *ctx;
    const char *from, *to;
    size_t files;
    bool has_failed;
    Error *err;
} Copy;

// What tools leave behind when they are run in the source tree.
static bool is_left_over(const char *name) {
    static const char *const names[] = {".devbox", "__pycache__", "target", "dbt_packages", "logs", ".env"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (text_equals(name, names[i])) return true;
    }
    return false;
}

static bool copy_entry(void *state, const char *path, const FileInfo *info) {
    Copy *copy = state;
    Arena *arena = copy->ctx->arena;
    const char *target = path_join(arena, copy->to, path_relative(arena, path, copy->from));
    if (copy->has_failed || is_left_over(path_name(path))) return false;
    if (info->kind == FILE_FOLDER) {
        copy->has_failed = !folder_create(arena, target, copy->err);
    } else {
        mode_t mode = (info->mode & 0100) != 0 ? 0755 : 0644;
        copy->has_failed = !file_copy(arena, path, target, mode, copy->err);
        copy->files++;
    }
    return !copy->has_failed;
}

static bool copy_tree(Context *ctx, const char *from, const char *to, size_t *files, Error *err) {
    // In the build tree these are links into the source tree.
    const char *real = path_resolve(ctx->arena, from);
    Copy copy = {.ctx = ctx, .from = real, .to = to, .err = err};
    if (real == NULL) {
        error_set(err, ERROR_FILE, "this devbox is not complete: there is no %s", from);
        return error_hint(err, "install devbox again: ./install.sh in its source folder");
    }
    if (!folder_walk(ctx->arena, real, copy_entry, &copy, err) || copy.has_failed) return false;
    *files += copy.files;
    return true;
}

static bool copy_seeds(Context *ctx, const char *folder, size_t *files, Error *err) {
    StringList names = {0};
    const char *from = path_join(ctx->arena, ctx->share_dir, "seeds"), *to = path_join(ctx->arena, folder, "seeds");
    if (!folder_create(ctx->arena, to, err) || !folder_list(ctx->arena, from, &names, err)) return false;
    list_each(const char *, name, &names) {
        if (!text_ends_with(*name, ".csv")) continue;
        if (!file_copy(ctx->arena, path_join(ctx->arena, from, *name), path_join(ctx->arena, to, *name), 0644, err)) return false;
        *files += 1;
    }
    return true;
}

static bool run_git(Context *ctx, const char *folder, const char *const *argv, ProcessResult *result, Error *err) {
    ChildEnvironment environment = child_environment_create(ctx, NULL);
    ProcessSpec spec = {.argv = argv, .folder = folder, .timeout_ms = GIT_TIMEOUT_MS};
    spec.environment = child_environment_vector(&environment);
    return process_run(ctx, &spec, result, err);
}

static bool git_succeeds(Context *ctx, const char *folder, const char *const *argv, const char **why) {
    ProcessResult result;
    Error err = {.arena = ctx->arena};
    if (!run_git(ctx, folder, argv, &result, &err)) {
        *why = err.message;
        return false;
    }
    if (result.outcome == PROCESS_EXITED && result.exit_code == 0) return true;
    *why = arena_format(ctx->arena, "%s %s: %s", argv[0], argv[1], text_last_lines(ctx->arena, result.errors, 1));
    return false;
}

static bool commit(Context *ctx, const char *folder, const char **why) {
    const char *ignored = NULL;
    bool has_user = git_succeeds(ctx, folder, (const char *[]){"git", "config", "user.email", NULL}, &ignored);
    // Without a configured name git refuses to commit; hooks and signing of the user's other work have no business here.
    const char *name = has_user ? "core.hooksPath=/dev/null" : "user.name=devbox";
    const char *email = has_user ? "core.hooksPath=/dev/null" : "user.email=devbox@localhost";
    return git_succeeds(ctx, folder, (const char *[]){"git", "init", "-q", "-b", "main", NULL}, why) &&
           git_succeeds(ctx, folder, (const char *[]){"git", "add", "--all", NULL}, why) &&
           git_succeeds(ctx, folder,
                        (const char *[]){"git", "-c", "core.hooksPath=/dev/null", "-c", name, "-c", email, "commit", "-q",
                                         "--no-gpg-sign", "-m", "Start from devbox's example platform", NULL},
                        why);
}

bool starter_write(Context *ctx, const char *folder, StarterReport *report, Error *err) {
    StarterReport written = {0};
    const char *repository = project_find_git_root(ctx->arena, path_absolute(ctx->arena, folder));
    if (!folder_create(ctx->arena, folder, err)) return false;
    if (!copy_tree(ctx, path_join(ctx->arena, ctx->share_dir, "starter"), folder, &written.files, err)) return false;
    if (!copy_seeds(ctx, folder, &written.files, err)) return false;
    if (repository != NULL) {
        written.not_committed_why = arena_format(ctx->arena, "it lies in the repository %s", repository);
    } else if (process_find_program(ctx->arena, "git", NULL) == NULL) {
        written.not_committed_why = "git is not installed";
    } else {
        written.is_committed = commit(ctx, folder, &written.not_committed_why);
    }
    *report = written;
    return true;
}
