// A checkout as devbox sees it: where it is, what its devbox.yaml and .env say, where its state lives.
#pragma once
#include "base/context.h"
#include "base/error.h"
#include "model/config.h"

typedef struct Project {
    const char *root;      // absolute path of the checkout
    const char *name;      // its folder's name
    const char *state;     // root/.devbox
    const char *instance;  // 12 hex digits that mark every process of this checkout
    Config config;
    PairList dotenv;          // what .env sets
    const char *dags_dir;     // absolute; may be missing
    const char *plugins_dir;  // absolute; may be missing
    const char *seeds_dir;    // absolute; may be missing
    const char *dbt_dir;      // absolute, where dbt_project.yml is; NULL when there is none
} Project;

// Finds the checkout around `folder` (the nearest devbox.yaml upwards, else the nearest dags/ that lies in no other, else
// dbt_project.yml; not above the git root or $HOME), reads devbox.yaml and .env, which nobody else may be able to write.
// ERROR_CHECKOUT when there is nothing to work with, ERROR_CONFIG with file:line:column when a file is wrong.
bool project_open(Context *ctx, const char *folder, Project *project, Error *err) MUST_USE;

// The same for commands that must work though devbox.yaml or .env is wrong (a running platform can always be ended): the mistake
// is a warning, and defaults hold; folders of the project are then unknown (NULL).
bool project_open_with_faults(Context *ctx, const char *folder, Project *project, Error *err) MUST_USE;

// The same project at another place: the tree of a pushed commit in `folder` with its own devbox.yaml and seeds, but the live
// checkout's .env, instance and runtime; its state goes to `state`.
bool project_open_snapshot(Context *ctx, const Project *live, const char *folder, const char *state, Project *snapshot,
                           Error *err) MUST_USE;

// True for a file (absolute path) that the user wrote: inside the checkout or its DAG folder, but not devbox's own state.
bool project_has_file(const Project *project, const char *path);

// Makes .devbox/ with its folders and a .gitignore of `*`. A read-only checkout is an error with the folder's name.
bool project_prepare_state(Context *ctx, const Project *project, Error *err) MUST_USE;

// Holds what `runtime: auto` was decided to mean here: once per checkout, else its history would split between two databases.
#define RUNTIME_FILE "runtime"

// Puts that decision into config.runtime when it is still auto; opening a project does it.
void project_recall_runtime(Context *ctx, Project *project);

// A path below .devbox.
const char *project_state_path(Arena *arena, const Project *project, const char *name);

// A path below the user's cache: $XDG_CACHE_HOME/devbox or ~/.cache/devbox.
const char *user_cache_path(Arena *arena, const char *name);
