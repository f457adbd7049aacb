// dbt's manifest.json as devbox reads it: what can be built and tested, where it is written and what it is made from. Of every
// version only what is there is taken; unknown keys and kinds are left alone.
#pragma once
#include "base/error.h"
#include "model/value.h"

typedef enum DbtKind {
    DBT_MODEL,
    DBT_SEED,
    DBT_SNAPSHOT,
    DBT_TEST,
    DBT_UNIT_TEST,
    DBT_SOURCE,
    DBT_HOOK,  // on-run-start, on-run-end
    DBT_OTHER  // analyses, functions: never built by `dbt build`
} DbtKind;

typedef struct DbtNode {
    const char *id, *name, *package;  // a source's name is "raw.orders"
    DbtKind kind;
    const char *file;        // as in its package: "models/staging/stg_orders.sql"; "" when unknown
    const char *patch_file;  // the YAML file with its properties; ""
    const char *fqn;         // "shop.staging.stg_orders"
    const char *table;       // of a source or seed: its name in the database
    StringList parents;      // ids of nodes
    StringList macros;       // ids
    StringList fixtures;     // of a unit test: names of the files with its rows
} DbtNode;

typedef struct DbtMacro {
    const char *id, *name, *package, *file;
    StringList macros;  // ids of those that it calls
} DbtMacro;

typedef LIST_OF(DbtNode) DbtNodeList;
typedef LIST_OF(DbtMacro) DbtMacroList;

typedef struct DbtManifest {
    const char *project;  // name of the root project
    DbtNodeList nodes;    // sources and unit tests among them
    DbtMacroList macros;
} DbtManifest;

// False when `root` is no manifest.
bool dbt_manifest_read(Arena *arena, const Value *root, DbtManifest *manifest, Error *err) MUST_USE;

// True for what `dbt build` leaves in the database.
bool dbt_node_is_table(const DbtNode *node);
