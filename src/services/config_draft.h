// A first devbox.yaml for a checkout that has none, holding only what was found there.
#pragma once
#include "services/project_detect.h"

// The file's text.
const char *config_draft(Arena *arena, const Detection *detection);

// What was found in a few words: "DAGs in dags", "dbt project in dbt"; empty when there is nothing for devbox.
StringList config_draft_summary(Arena *arena, const Detection *detection);
