// Unpredictable text for secrets and names.
#pragma once
#include "base/arena.h"

// `length` hexadecimal digits from the system's generator.
const char *random_hex(Arena *arena, size_t length);

// 32 random bytes in URL-safe base64 with padding: the form of a Fernet key.
const char *random_fernet_key(Arena *arena);
