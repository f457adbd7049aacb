// What saved files are to dbt: properties are compared with what the file said before.
#pragma once
#include "base/map.h"
#include "model/dbt_selection.h"
#include "services/project.h"
#include "services/save_watch.h"

typedef struct DbtSaves {
    Arena *arena;  // as long as it is used
    Map texts;     // name of a YAML file, relative to the dbt project → what it says
} DbtSaves;

// Reads what all files with properties say now. Without a dbt project there are none.
bool dbt_saves_begin(Context *ctx, const Project *project, DbtSaves *saves, Error *err) MUST_USE;

// Those of these files that dbt reads, as changes; what dbt itself made is left out.
DbtChangeList dbt_saves_take(Context *ctx, const Project *project, DbtSaves *saves, const FileChangeList *files);
