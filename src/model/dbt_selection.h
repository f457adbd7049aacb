// Which dbt nodes a set of changed files affects: themselves, all that is made from them, and the tests of those. Pure.
#pragma once
#include "model/dbt_manifest.h"

typedef enum DbtFileKind {
    DBT_FILE_CODE,        // SQL or Python: a node's own file, or macros
    DBT_FILE_PROPERTIES,  // YAML with properties of nodes
    DBT_FILE_DATA,        // CSV: a seed, or the rows of a unit test
    DBT_FILE_SETTINGS     // dbt_project.yml, packages: whatever they mean, it is for all
} DbtFileKind;

typedef struct DbtChange {
    DbtFileKind kind;
    const char *path;    // relative to the dbt project's folder
    const char *before;  // its text where that may name macros that are gone; NULL
    StringList entries;  // of a YAML file: names of what differs in it; "raw.orders" a source's table, "raw.*" all of its tables
} DbtChange;

typedef LIST_OF(DbtChange) DbtChangeList;

typedef struct DbtSelection {
    const char *why_all;   // why everything is to be built: "dbt_project.yml changed"; NULL when it need not be
    StringList selectors;  // else what is to be built, in dbt's words; none: nothing is affected
    size_t changed;        // models, seeds and snapshots that changed themselves
    size_t affected;       // they and those that are made from them
    size_t tests;          // tests that hang on none of those, and changed
} DbtSelection;

DbtSelection dbt_select_changed(Arena *arena, const DbtManifest *manifest, const DbtChangeList *changes);

// Only what changed itself, with its tests: enough between two saves.
DbtSelection dbt_select_saved(Arena *arena, const DbtManifest *manifest, const DbtChangeList *changes);

// "2 models changed, 5 are affected"; for people.
const char *dbt_selection_describe(Arena *arena, const DbtSelection *selection);
