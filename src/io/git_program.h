// Running the git program: for what libgit2 cannot read (SHA-256, reftable, missing objects of partial clones) and for what only
// git knows (attributes, filters, core.hooksPath). Never touches the repository's own index, refs or working tree.
#pragma once
#include "io/git_internal.h"

typedef struct GitCommand {
    const char *const *words;     // after "git", NULL-terminated
    const char *input;            // NULL: none
    const char *work_tree;        // NULL: the repository's own
    const char *index;            // a private index file; NULL: no command that needs one
    ProcessLineHandler *on_line;  // per line of stdout
    void *state;
} GitCommand;

// Runs git with a deadline; any exit code is a result.
bool git_program_run(const GitRepository *repository, const GitCommand *command, ProcessResult *result, Error *err) MUST_USE;

// The same; anything but exit code 0 is an error with git's own words as detail.
bool git_program_check(const GitRepository *repository, const GitCommand *command, ProcessResult *result, Error *err) MUST_USE;

// Finds the repository's folder and root as git sees them; git's refusal becomes the error.
bool git_program_locate(GitRepository *repository, Error *err) MUST_USE;

bool git_program_find_commit(const GitRepository *repository, const char *revision, GitCommit *commit, bool *is_commit,
                             Error *err) MUST_USE;
bool git_program_has_object(const GitRepository *repository, const char *hex);
bool git_program_list_tree(const GitRepository *repository, Arena *arena, const GitId *tree, GitEntryList *entries,
                           Error *err) MUST_USE;

// The content of a text file in the repository (everything before a NUL byte).
bool git_program_read_text(const GitRepository *repository, const GitId *id, const char **content, Error *err) MUST_USE;

// A path as git prints it where it holds quotes, backslashes or control characters, and back.
const char *git_path_quote(Arena *arena, const char *path);
const char *git_path_unquote(Arena *arena, const char *quoted);
