// SHA-256, from OpenSSL's libcrypto, loaded on first use.
#pragma once
#include "base/error.h"

// 64 hexadecimal digits.
bool hash_bytes(Arena *arena, const void *bytes, size_t length, const char **hex, Error *err) MUST_USE;
bool hash_file(Arena *arena, const char *path, const char **hex, Error *err) MUST_USE;
