// Shared libraries that are loaded on first use (libcurl, libgit2, libarchive, libcrypto: linking them costs 8 ms at every start).
#pragma once
#include "base/error.h"

typedef struct LibrarySymbol {
    const char *name;
    void *slot;  // address of the function pointer to fill
} LibrarySymbol;

// Opens `soname` and fills every slot; the error names the library and the package that brings it.
bool library_load(const char *soname, const LibrarySymbol *symbols, size_t count, Error *err) MUST_USE;
