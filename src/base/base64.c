#include "base/base64.h"

#include <stdint.h>
#include <string.h>

static int digit_value(char character) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = character == '\0' ? NULL : strchr(digits, character);
    return found == NULL ? -1 : (int)(found - digits);
}

bool base64_decode(Arena *arena, const char *text, char **bytes, size_t *length) {
    unsigned bits = 0, count = 0;
    size_t used = 0, padding = 0;
    unsigned char *decoded = arena_allocate(arena, strlen(text) + 1);
    for (; *text != '\0'; text++) {
        if (strchr(" \t\r\n", *text) != NULL) continue;
        if (*text == '=') {
            padding++;
            continue;
        }
        int value = digit_value(*text);
        if (value < 0 || padding > 0) return false;
        bits = (bits << 6 | (unsigned)value) & 0xFFFF;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        decoded[used++] = (unsigned char)(bits >> count);
    }
    // Six bits left over are no byte, and more padding than a group can lack is none.
    if (count == 6 || padding > 2) return false;
    decoded[used] = '\0';
    *bytes = (char *)decoded;
    *length = used;
    return true;
}

const char *base64_encode_for_url(Arena *arena, const void *bytes, size_t length) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *in = bytes;
    char *text = arena_allocate(arena, length / 3 * 4 + 5), *out = text;
    for (size_t at = 0; at < length; at += 3) {
        size_t count = length - at < 3 ? length - at : 3;
        uint32_t group = (uint32_t)in[at] << 16;
        if (count > 1) group |= (uint32_t)in[at + 1] << 8;
        if (count > 2) group |= in[at + 2];
        for (size_t i = 0; i < 4; i++) *out++ = i <= count ? digits[group >> (18 - 6 * i) & 63] : '=';
    }
    return text;
}
