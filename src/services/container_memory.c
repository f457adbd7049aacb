#include "services/container_memory.h"

#include <stdlib.h>
#include <string.h>

enum { MEBIBYTE_BITS = 20, GIBIBYTE_BITS = 30 };

long long container_memory_bytes(const char *size) {
    char *unit;
    long long number = strtoll(size, &unit, 10);
    return number << (*unit == 'g' || *unit == 'G' ? GIBIBYTE_BITS : MEBIBYTE_BITS);
}

const char *container_memory_more(Arena *arena, const char *size) {
    long long number = strtoll(size, NULL, 10);
    if (container_memory_bytes(size) * 2 < 1LL << GIBIBYTE_BITS) return "1g";
    return arena_format(arena, "%lld%c", number * 2, size[strspn(size, "0123456789")]);
}
