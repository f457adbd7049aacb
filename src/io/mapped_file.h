// A whole file as memory, for readers of large files. Closes itself: cleanup_mapped_file MappedFile file = {0};
#pragma once
#include <stddef.h>

#include "base/error.h"

typedef struct MappedFile {
    const char *bytes;  // never NULL once opened; not NUL terminated
    size_t length;
    void *memory;  // what to release, and how much of it
    size_t mapped;
} MappedFile;

// Small files are copied, so that a program that truncates one meanwhile cannot hurt; larger ones are mapped.
bool mapped_file_open(const char *path, MappedFile *file, Error *err) MUST_USE;
void mapped_file_close(const MappedFile *file);

#define cleanup_mapped_file __attribute__((cleanup(mapped_file_close)))
