// Reading a repository through libgit2, which is loaded on first use. Every function may fail where git itself would not: callers
// ask git then.
#pragma once
#include "io/git_internal.h"

// Opens the repository at `folder`, or around it when `searches` is set. `trusts_owner`: git itself has accepted this repository
// already.
bool git_library_open(const char *folder, bool searches, bool trusts_owner, GitHandle **handle, Error *err) MUST_USE;
void git_library_close(GitHandle *handle);  // NULL is allowed

// Absolute, without a slash at the end; the root is NULL when bare.
const char *git_library_root(Arena *arena, GitHandle *handle);
const char *git_library_folder(Arena *arena, GitHandle *handle);

bool git_library_find_commit(GitHandle *handle, Arena *arena, const char *revision, GitCommit *commit, Error *err) MUST_USE;
bool git_library_has_object(GitHandle *handle, const char *hex);
bool git_library_list_tree(GitHandle *handle, Arena *arena, const GitId *tree, GitEntryList *entries, Error *err) MUST_USE;

// The content with a NUL after it.
bool git_library_read_blob(GitHandle *handle, Arena *arena, const GitId *id, const char **content, size_t *length,
                           Error *err) MUST_USE;
