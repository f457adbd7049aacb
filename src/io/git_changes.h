// What the working tree changed since it left another branch. Reads only: index, refs and working tree stay as they are.
#pragma once
#include "io/git_repository.h"

typedef struct GitBase {
    GitId commit;
    const char *name;  // what it was found by: "origin/main"
} GitBase;

// The commit where HEAD left `revision`. NULL or "": the default branch of the remote, else the branch that this one follows,
// else main or master, else HEAD itself. A revision that does not exist, or shares no history, is an error.
bool git_base_find(GitRepository *repository, const char *revision, GitBase *base, Error *err) MUST_USE;

// Files that differ from that commit, staged or not, new and removed ones included, ignored ones not: sorted, relative to the
// root. A renamed file is there under both names.
bool git_changed_files(GitRepository *repository, const GitId *base, StringList *paths, Error *err) MUST_USE;

// The file's text in that commit; NULL when it was not there.
bool git_file_before(GitRepository *repository, const GitId *base, const char *path, const char **text, Error *err) MUST_USE;

// Whether that commit has something of this name, a file or a folder.
bool git_was_there(GitRepository *repository, const GitId *base, const char *path, bool *was_there, Error *err) MUST_USE;
