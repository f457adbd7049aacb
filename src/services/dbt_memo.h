// What the last green `dbt build` of `devbox start` was made from, so that a start with nothing new builds nothing.
#pragma once
#include "services/project.h"

// True when project, settings, environment and the sandbox's data are as they were then; *summary is what was said of it.
bool dbt_memo_matches(Context *ctx, const Project *project, const char **summary);

// Called after a green build. Not being able to remember only costs a build.
void dbt_memo_remember(Context *ctx, const Project *project, const char *summary);
