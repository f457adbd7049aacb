// Base64, as secrets of Kubernetes have it.
#pragma once
#include <stdbool.h>

#include "base/arena.h"

// Decodes standard base64 (white space is skipped, padding may be left out); the result has a NUL after it. False when a
// character is none of base64's, or the end is cut.
bool base64_decode(Arena *arena, const char *text, char **bytes, size_t *length);
