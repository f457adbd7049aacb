// What differs between two states of a YAML file with properties of dbt's nodes.
#pragma once
#include "base/error.h"
#include "base/list.h"

// Names of the models, seeds, snapshots, tests and sources ("raw.orders"; "raw.*" for a source as a whole) whose properties
// differ; descriptions do not count. NULL: there is no such file. False when one of them cannot be read.
bool dbt_properties_compare(Arena *arena, const char *before, const char *after, StringList *names) MUST_USE;
