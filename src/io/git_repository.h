// Reading a git repository (libgit2, loaded on first use). Never touches index, stash, refs or the working tree.
#pragma once
#include "base/context.h"
#include "base/error.h"
#include "base/list.h"

typedef struct GitRepository GitRepository;

typedef struct GitId {
    char hex[65];
} GitId;

typedef struct GitCommit {
    GitId id, tree;
    const char *summary;  // first line of the message
    const char *author;
    long long time_ms;
} GitCommit;

// Opens the repository that `folder` lies in. Inside a hook (`is_hook`) git's own environment decides, and ownership was git's
// business.
bool git_repository_open_at(Context *ctx, const char *folder, bool is_hook, GitRepository **repository, Error *err) MUST_USE;
void git_repository_close(GitRepository *repository);  // NULL is allowed

// Root of the working tree, NULL when bare.
const char *git_repository_root(const GitRepository *repository);

typedef struct GitHooksFolder {
    const char *path;  // absolute; may be missing
    bool is_own;       // below the repository's .git folder, not a folder that core.hooksPath names elsewhere
} GitHooksFolder;

// Where git looks for hooks (core.hooksPath as git resolves it; one folder for all worktrees).
bool git_hooks_folder(const GitRepository *repository, GitHooksFolder *hooks, Error *err) MUST_USE;

// True when a .gitattributes file of the working tree hands files to Git LFS.
bool git_uses_lfs(const GitRepository *repository, bool *uses_lfs, Error *err) MUST_USE;

// The commit that a revision (sha, branch, tag, HEAD~1) means, tags peeled. *is_commit is false when it names a tree or blob.
bool git_commit_find(GitRepository *repository, Arena *arena, const char *revision, GitCommit *commit, bool *is_commit,
                     Error *err) MUST_USE;

// True when the object is in this repository.
bool git_object_exists(GitRepository *repository, const char *hex);

// Paths that differ between two trees (`from` NULL: everything), sorted, relative to the root.
bool git_tree_changes(GitRepository *repository, Arena *arena, const GitId *from, const GitId *to, StringList *paths,
                      Error *err) MUST_USE;

// Writes the tree's files below `folder` as they are in the commit (raw blobs; a path whose attributes ask for a filter goes
// through git). Files that it wrote before and that are unchanged are left alone, whatever else is there is removed. Links that
// would leave `folder` are left out with a warning; submodules are filled from the working tree's own clones, else left empty
// with a warning. Keeps `folder`.manifest beside it.
bool git_tree_materialise(GitRepository *repository, Context *ctx, const GitId *tree, const char *folder, Error *err) MUST_USE;

static inline void cleanup_close_git_repository(GitRepository **repository) { git_repository_close(*repository); }
#define cleanup_git_repository __attribute__((cleanup(cleanup_close_git_repository)))
