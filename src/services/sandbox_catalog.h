// _devbox_tables: which tables of the sandbox database devbox made, and from what. Its shape is part of docs/PROTOCOL.md.
#pragma once
#include "io/database.h"
#include "services/seed_loader.h"

typedef struct CatalogEntry {
    const char *table;
    const char *owner;         // "seed", "dbt"; NULL: not devbox's
    const char *content_hash;  // NULL when not devbox's
    bool exists;               // false: listed, but somebody dropped the table
} CatalogEntry;

typedef LIST_OF(CatalogEntry) CatalogEntryList;

// Creates the list when it is missing.
bool sandbox_catalog_create(Database *db, Error *err) MUST_USE;

// All tables and views, and what is listed without being there.
bool sandbox_catalog_read(Arena *arena, Database *db, CatalogEntryList *entries, Error *err) MUST_USE;

// The entry of this name (compared as SQL does, without case), NULL when there is none.
const CatalogEntry *sandbox_catalog_find(const CatalogEntryList *entries, const char *table);

// Lists the table as a seed's, and forgets one.
bool sandbox_catalog_set_seed(Database *db, const SeedTable *table, const char *content_hash, Error *err) MUST_USE;
bool sandbox_catalog_remove(Database *db, const char *table, Error *err) MUST_USE;
