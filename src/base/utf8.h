// Reading UTF-8 one character at a time.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Number of bytes of the character at `bytes` (1 to 4), 0 when they are no valid UTF-8 (overlong, surrogate, cut off).
// `character` may be NULL.
size_t utf8_decode(const char *bytes, size_t length, uint32_t *character);

// Bytes from the start that are valid: `length` when all are.
size_t utf8_valid_length(const char *bytes, size_t length);
