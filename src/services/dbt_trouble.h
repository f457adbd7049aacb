// What dbt's own complaints mean, and the one thing to do about each.
#pragma once
#include "services/project.h"

// One sentence of dbt's message (several lines), with what to do where that is known.
const char *dbt_trouble_summarise(Arena *arena, const char *message);

// `dbt deps` failed: a fault of the packages file, the network, or neither for sure. `message` (may be NULL) is dbt's last
// word, `output` all that it printed. Always returns false.
bool dbt_trouble_with_packages(const Project *project, const char *message, const char *output, Error *err);

// Nothing was selected: a usage error with the selectors as they were probably meant. `manifest` is the path of dbt's
// manifest.json, which need not exist. Always returns false.
bool dbt_trouble_with_selection(const StringList *selectors, const char *manifest, Error *err);
