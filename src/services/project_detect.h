// What lies in a folder: where its checkout begins, its dbt projects, its requirements and the Airflow version they ask for.
#pragma once
#include "base/context.h"
#include "base/error.h"
#include "base/list.h"

// The checkout around `folder` (absolute, resolved): the nearest devbox.yaml, else dags/, else dbt_project.yml, looking upwards
// but not above the git root or $HOME. NULL when there is none; `*limit` is where the search ended.
const char *project_find_root(Arena *arena, const char *folder, const char **limit);

// The folder with .git that `folder` (absolute) lies in; NULL outside any repository.
const char *project_find_git_root(Arena *arena, const char *folder);

// Folders with a dbt_project.yml at most three levels below `root`, relative to it, the least deep first. Links are not followed.
StringList project_find_dbt(Arena *arena, const char *root);

// What a checkout has, for `devbox init`. Paths are relative to it, NULL when absent.
typedef struct Detection {
    const char *dags, *plugins, *seeds, *requirements, *airflowignore;
    StringList dbt_projects;
    const char *airflow_wanted;   // the version that the requirements ask for
    const char *airflow_origin;   // "requirements.txt:3"
    const char *airflow_version;  // the nearest version with a profile
} Detection;

bool project_detect(Context *ctx, const char *root, Detection *detection, Error *err) MUST_USE;

// The version that comes nearest to `wanted` among `known` (oldest first): the same, the next newer of its major version, its
// newest, the newest of all.
const char *project_nearest_version(const char *wanted, const StringList *known);
