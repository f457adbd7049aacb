// Installed dbt packages, kept in the user's cache by what packages.yml says: a fresh worktree or a pushed commit needs no
// network.
#pragma once
#include "services/project.h"

// Puts dbt_packages into the project from the cache when it is needed and absent. *is_missing: `dbt deps` has to run.
bool dbt_packages_restore(Context *ctx, const Project *project, bool *is_missing, Error *err) MUST_USE;

// Keeps what `dbt deps` just installed. Packages from local folders are not kept: their content changes under the same name.
bool dbt_packages_remember(Context *ctx, const Project *project, Error *err) MUST_USE;
