#include "io/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

enum { MOST_AT_ONCE = 256, FERNET_BYTES = 32 };

static void fill(unsigned char *bytes, size_t count) {
    while (count > 0) {
        size_t part = count < MOST_AT_ONCE ? count : MOST_AT_ONCE;
        if (getentropy(bytes, part) != 0) {
            fputs("devbox: the system gives no random numbers\n", stderr);
            abort();
        }
        bytes += part;
        count -= part;
    }
}

const char *random_hex(Arena *arena, size_t length) {
    unsigned char *bytes = arena_allocate(arena, length + 1);
    char *digits = arena_allocate(arena, length + 1);
    fill(bytes, length);
    for (size_t i = 0; i < length; i++) digits[i] = "0123456789abcdef"[bytes[i] % 16];
    return digits;
}

const char *random_fernet_key(Arena *arena) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // One byte of zero behind the key fills the last group of three; its character is the padding.
    unsigned char bytes[FERNET_BYTES + 1] = {0};
    fill(bytes, FERNET_BYTES);
    char *key = arena_allocate(arena, sizeof bytes / 3 * 4 + 1);
    for (size_t i = 0, out = 0; i < sizeof bytes; i += 3) {
        unsigned group = (unsigned)bytes[i] << 16 | (unsigned)bytes[i + 1] << 8 | bytes[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6) key[out++] = alphabet[group >> shift & 63];
    }
    key[sizeof bytes / 3 * 4 - 1] = '=';
    return key;
}
