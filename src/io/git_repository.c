#include "io/git_repository.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "base/text.h"
#include "io/file_system.h"
#include "io/git_library.h"
#include "io/git_program.h"

// Objects kept elsewhere: libgit2 looks only below the repository's folder.
static bool has_unusual_layout(void) {
    return getenv("GIT_COMMON_DIR") != NULL || getenv("GIT_OBJECT_DIRECTORY") != NULL ||
           getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES") != NULL;
}

static void take_location(GitRepository *repository) {
    Arena *arena = repository->ctx->arena;
    repository->root = git_library_root(arena, repository->handle);
    repository->git_folder = git_library_folder(arena, repository->handle);
}

// A hook's GIT_WORK_TREE is right where the repository's own idea of its root is not (git --work-tree=… push).
static void prefer_hook_root(GitRepository *repository) {
    const char *work_tree = repository->is_hook ? getenv("GIT_WORK_TREE") : NULL;
    if (!text_is_empty(work_tree)) repository->root = path_absolute(repository->ctx->arena, work_tree);
}

// libgit2 refused. git decides whether there is a repository, and where; libgit2 gets a second chance with git's answer.
static bool open_as_git_does(GitRepository *repository, Error *err) {
    Error refusal = {.arena = err->arena};
    if (!git_program_locate(repository, err)) return false;
    if (repository->is_hook && has_unusual_layout()) return true;
    if (git_library_open(repository->git_folder, false, true, &repository->handle, &refusal)) take_location(repository);
    return true;
}

bool git_repository_open_at(Context *ctx, const char *folder, bool is_hook, GitRepository **repository, Error *err) {
    GitRepository *opened = arena_allocate(ctx->arena, sizeof *opened);
    *opened = (GitRepository){.ctx = ctx, .folder = path_absolute(ctx->arena, folder), .is_hook = is_hook};
    Error refusal = {.arena = ctx->arena};
    const char *named = is_hook ? getenv("GIT_DIR") : NULL;
    const char *start = text_is_empty(named) ? opened->folder : path_absolute(ctx->arena, named);
    bool asks_library = !is_hook || !has_unusual_layout();
    if (asks_library && git_library_open(start, text_is_empty(named), is_hook, &opened->handle, &refusal)) {
        take_location(opened);
    } else if (!open_as_git_does(opened, err)) {
        return false;
    }
    prefer_hook_root(opened);
    *repository = opened;
    return true;
}

void git_repository_close(GitRepository *repository) {
    if (repository == NULL) return;
    git_library_close(repository->handle);
    repository->handle = NULL;
}

const char *git_repository_root(const GitRepository *repository) { return repository->root; }

bool git_hooks_folder(const GitRepository *repository, GitHooksFolder *hooks, Error *err) {
    Arena *arena = repository->ctx->arena;
    ProcessResult result;
    GitCommand command = {.words = (const char *const[]){"rev-parse", "--git-path", "hooks", "--git-common-dir", NULL}};
    if (!git_program_check(repository, &command, &result, err)) return false;
    StringList lines = text_split_lines(arena, result.output);
    if (lines.count != 2) return error_set(err, ERROR_GIT, "git does not say where its hooks are in %s", repository->folder);
    const char *base = repository->root == NULL ? repository->folder : repository->root;
    const char *common = path_absolute(arena, path_join(arena, base, lines.items[1]));
    const char *folder = path_absolute(arena, path_join(arena, base, lines.items[0]));
    const char *real_common = path_resolve(arena, common), *real_folder = path_resolve(arena, folder);
    bool is_inside = real_common != NULL && path_is_inside(real_folder == NULL ? folder : real_folder, real_common);
    *hooks = (GitHooksFolder){.path = folder, .is_own = is_inside || (real_folder == NULL && path_is_inside(folder, common))};
    return true;
}

bool git_uses_lfs(const GitRepository *repository, bool *uses_lfs, Error *err) {
    ProcessResult result;
    const char *const words[] = {
        "grep", "--quiet", "--untracked", "--fixed-strings", "-e", "filter=lfs", "--", ":(glob)**/.gitattributes", NULL};
    GitCommand command = {.words = words};
    *uses_lfs = false;
    if (repository->root == NULL) return true;
    if (!git_program_run(repository, &command, &result, err)) return false;
    *uses_lfs = result.outcome == PROCESS_EXITED && result.exit_code == 0;
    return true;
}

bool git_commit_find(GitRepository *repository, Arena *arena, const char *revision, GitCommit *commit, bool *is_commit,
                     Error *err) {
    Error refusal = {.arena = repository->ctx->arena};
    if (repository->handle != NULL && git_library_find_commit(repository->handle, arena, revision, commit, &refusal)) {
        *is_commit = true;
        return true;
    }
    return git_program_find_commit(repository, revision, commit, is_commit, err);
}

bool git_object_exists(GitRepository *repository, const char *hex) {
    if (repository->handle != NULL && git_library_has_object(repository->handle, hex)) return true;
    return git_program_has_object(repository, hex);
}

// What git itself refuses in a tree: such a path would leave the folder, or turn it into a repository.
static bool is_allowed_path(const char *path) {
    for (const char *part = path;; part++) {
        size_t length = strcspn(part, "/");
        bool is_dots = (length == 1 && *part == '.') || (length == 2 && strncmp(part, "..", 2) == 0);
        bool is_git = (length == 4 && strncasecmp(part, ".git", 4) == 0) || (length == 5 && strncasecmp(part, "git~1", 5) == 0);
        if (length == 0 || is_dots || is_git) return false;
        part += length;
        if (*part == '\0') return true;
    }
}

bool git_tree_list(const GitRepository *repository, Arena *arena, const GitId *tree, GitEntryList *entries, Error *err) {
    Error refusal = {.arena = repository->ctx->arena};
    GitEntryList listed = {0};
    bool is_listed = repository->handle != NULL && git_library_list_tree(repository->handle, arena, tree, &listed, &refusal);
    if (!is_listed && !git_program_list_tree(repository, arena, tree, &listed, err)) return false;
    list_each (GitEntry, entry, &listed) {
        if (!is_allowed_path(entry->path))
            return error_set(err, ERROR_GIT, "the commit holds a path that no checkout may have: '%s'", entry->path);
    }
    *entries = listed;
    return true;
}

static int compare_paths(const void *left, const void *right) {
    return strcmp(((const GitEntry *)left)->path, ((const GitEntry *)right)->path);
}

static void sort_by_path(GitEntryList *entries) {
    if (entries->count > 1) qsort(entries->items, entries->count, sizeof *entries->items, compare_paths);
}

bool git_tree_changes(GitRepository *repository, Arena *arena, const GitId *from, const GitId *to, StringList *paths,
                      Error *err) {
    GitEntryList before = {0}, after = {0};
    StringList changed = {0};
    if (from != NULL && !git_tree_list(repository, arena, from, &before, err)) return false;
    if (!git_tree_list(repository, arena, to, &after, err)) return false;
    sort_by_path(&before);
    sort_by_path(&after);
    for (size_t i = 0, j = 0; i < before.count || j < after.count;) {
        int order = i == before.count ? 1 : j == after.count ? -1 : compare_paths(&before.items[i], &after.items[j]);
        const GitEntry *old = order <= 0 ? &before.items[i++] : NULL;
        const GitEntry *new = order >= 0 ? &after.items[j++] : NULL;
        bool is_same = old != NULL && new != NULL && old->mode == new->mode &&text_equals(old->id.hex, new->id.hex);
        if (!is_same) list_push(arena, &changed, old == NULL ? new->path : old->path);
    }
    *paths = changed;
    return true;
}
