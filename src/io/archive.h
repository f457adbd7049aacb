// Archives: packing a folder as a tar, unpacking one that was downloaded. libarchive is loaded on the first call.
#pragma once
#include "base/error.h"

// The folder's content as an uncompressed tar in the arena, paths relative to it, owner 0:0, in a fixed order.
bool archive_pack_folder(Arena *arena, const char *folder, char **bytes, size_t *length, Error *err) MUST_USE;

// Unpacks a .tar.gz, .tar.zst or .zip into an existing folder. Absolute paths, `..` and links out of the folder are refused
// (ERROR_FILE), and so is an archive that holds more than `size_limit` bytes.
bool archive_extract(Arena *arena, const char *archive, const char *folder, long long size_limit, Error *err) MUST_USE;
