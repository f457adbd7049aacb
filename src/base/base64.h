// Base64, as secrets of Kubernetes and logins of container registries have it.
#pragma once
#include <stdbool.h>

#include "base/arena.h"

// Decodes standard base64 (white space is skipped, padding may be left out); the result has a NUL after it. False when a
// character is none of base64's, or the end is cut.
bool base64_decode(Arena *arena, const char *text, char **bytes, size_t *length);

// With the digits - and _ for URLs and headers, padded.
const char *base64_encode_for_url(Arena *arena, const void *bytes, size_t length);
