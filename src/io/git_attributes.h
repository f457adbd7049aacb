// Which files of a tree git would not write out as they are stored: those that its .gitattributes hands to a filter or another
// encoding.
#pragma once
#include "base/map.h"
#include "io/git_internal.h"

typedef struct GitConversions {
    const char *index;  // private index file; exists only when there are conversions
    Map paths;          // path → "filter=lfs "; what else the written content depends on
} GitConversions;

// Looks at the tree's own attributes, never at those of the working tree. `work_tree` is any folder that exists.
bool git_find_conversions(const GitRepository *repository, const GitId *tree, const GitEntryList *entries, const char *work_tree,
                          GitConversions *conversions, Error *err) MUST_USE;
