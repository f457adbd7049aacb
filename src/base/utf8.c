#include "base/utf8.h"

static size_t sequence_length(unsigned char first) {
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return 2;
    if (first >= 0xE0 && first <= 0xEF) return 3;
    return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

size_t utf8_decode(const char *bytes, size_t length, uint32_t *character) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    static const unsigned char first_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    size_t count = length == 0 ? 0 : sequence_length((unsigned char)*bytes);
    if (count == 0 || count > length) return 0;
    uint32_t decoded = (unsigned char)*bytes & first_bits[count];
    for (size_t i = 1; i < count; i++) {
        if (((unsigned char)bytes[i] & 0xC0) != 0x80) return 0;
        decoded = decoded << 6 | ((unsigned char)bytes[i] & 0x3F);
    }
    if (decoded < least[count] || decoded > 0x10FFFF || (decoded >= 0xD800 && decoded <= 0xDFFF)) return 0;
    if (character != NULL) *character = decoded;
    return count;
}

size_t utf8_valid_length(const char *bytes, size_t length) {
    size_t done = 0;
    while (done < length) {
        size_t count = utf8_decode(bytes + done, length - done, NULL);
        if (count == 0) break;
        done += count;
    }
    return done;
}
