// What the git_*.c files share; nobody else includes it.
#pragma once
#include "io/git_repository.h"
#include "io/process.h"

typedef struct GitHandle GitHandle;  // a repository that libgit2 opened

struct GitRepository {
    Context *ctx;
    GitHandle *handle;       // NULL: libgit2 cannot read this repository, the git program does
    const char *folder;      // where it was opened
    const char *root;        // of the working tree; NULL when bare
    const char *git_folder;  // absolute; NULL until known
    bool is_hook;            // git's environment variables are meant for us
};

enum { GIT_MODE_FOLDER = 0040000, GIT_MODE_EXECUTABLE = 0100755, GIT_MODE_LINK = 0120000, GIT_MODE_SUBMODULE = 0160000 };

// One file, link or submodule of a tree.
typedef struct GitEntry {
    const char *path;  // relative to the tree
    unsigned mode;     // as git writes it: 0100644
    GitId id;
} GitEntry;

typedef LIST_OF(GitEntry) GitEntryList;

// All files below a tree, through libgit2 or, where that fails, through git; a path that no checkout may have is an error.
bool git_tree_list(const GitRepository *repository, Arena *arena, const GitId *tree, GitEntryList *entries, Error *err) MUST_USE;
