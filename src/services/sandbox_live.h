// The live sandbox database as loading seeds reads and changes it: opened here, or through the door where it has one. Not for
// others than sandbox.c.
#pragma once
#include "services/sandbox_catalog.h"

typedef struct SandboxLive {
    Context *ctx;
    const Project *project;
    const char *path;
    bool is_behind_door;
} SandboxLive;

bool sandbox_live_read_catalog(const SandboxLive *live, CatalogEntryList *entries, Error *err) MUST_USE;
bool sandbox_live_count(const SandboxLive *live, const char *table, int64_t *rows, Error *err) MUST_USE;

// Lists what is to be executed when the catalog is this one; may be asked again when somebody changes it meanwhile.
typedef bool SandboxLister(void *state, const CatalogEntryList *entries, SqlStatementList *statements, Error *err);

// One transaction: the list of tables is made if it is missing, then what `list` says is executed. The database `attached` is
// there as "loaded".
bool sandbox_live_change(const SandboxLive *live, const char *attached, SandboxLister *list, void *state, Error *err) MUST_USE;
