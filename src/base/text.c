#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void make_room(Text *text, size_t more) {
    size_t needed = text->length + more + 1;
    if (needed <= text->capacity) return;
    size_t capacity = text->capacity == 0 ? 64 : text->capacity;
    while (capacity < needed) capacity *= 2;
    char *moved = arena_allocate(text->arena, capacity);
    if (text->length > 0) memcpy(moved, text->content, text->length);
    text->content = moved;
    text->capacity = capacity;
}

void text_append_bytes(Text *text, const char *bytes, size_t length) {
    make_room(text, length);
    if (length > 0) memcpy(text->content + text->length, bytes, length);
    text->length += length;
    text->content[text->length] = '\0';
}

void text_append(Text *text, const char *string) { text_append_bytes(text, string, strlen(string)); }

void text_append_char(Text *text, char character) { text_append_bytes(text, &character, 1); }

void text_append_format(Text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    text_append(text, arena_format_list(text->arena, format, arguments));
    va_end(arguments);
}

const char *text_string(const Text *text) { return text->content == NULL ? "" : text->content; }

bool text_equals(const char *left, const char *right) {
    if (left == NULL || right == NULL) return left == right;
    return strcmp(left, right) == 0;
}

bool text_is_empty(const char *string) { return string == NULL || *string == '\0'; }

bool text_starts_with(const char *string, const char *prefix) { return strncmp(string, prefix, strlen(prefix)) == 0; }

bool text_ends_with(const char *string, const char *suffix) {
    size_t length = strlen(string), suffix_length = strlen(suffix);
    return length >= suffix_length && strcmp(string + length - suffix_length, suffix) == 0;
}

StringList text_split(Arena *arena, const char *string, char separator) {
    StringList parts = {0};
    for (;;) {
        const char *end = strchr(string, separator);
        size_t length = end == NULL ? strlen(string) : (size_t)(end - string);
        list_push(arena, &parts, arena_copy_bytes(arena, string, length));
        if (end == NULL) return parts;
        string = end + 1;
    }
}

StringList text_split_lines(Arena *arena, const char *string) {
    StringList lines = {0};
    while (*string != '\0') {
        size_t length = strcspn(string, "\n");
        size_t kept = length > 0 && string[length] == '\n' && string[length - 1] == '\r' ? length - 1 : length;
        list_push(arena, &lines, arena_copy_bytes(arena, string, kept));
        string += length + (string[length] == '\n');
    }
    return lines;
}

const char *text_join(Arena *arena, const StringList *list, const char *separator) {
    Text joined = {.arena = arena};
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0) text_append(&joined, separator);
        text_append(&joined, list->items[i]);
    }
    return text_string(&joined);
}

const char *text_trim(Arena *arena, const char *string) {
    while (isspace((unsigned char)*string)) string++;
    size_t length = strlen(string);
    while (length > 0 && isspace((unsigned char)string[length - 1])) length--;
    return arena_copy_bytes(arena, string, length);
}

const char *text_replace(Arena *arena, const char *string, const char *from, const char *to) {
    Text replaced = {.arena = arena};
    for (const char *found; *from != '\0' && (found = strstr(string, from)) != NULL; string = found + strlen(from)) {
        text_append_bytes(&replaced, string, (size_t)(found - string));
        text_append(&replaced, to);
    }
    text_append(&replaced, string);
    return text_string(&replaced);
}

const char *text_quote_for_shell(Arena *arena, const char *word) {
    return arena_format(arena, "'%s'", text_replace(arena, word, "'", "'\\''"));
}

const char *text_as_shell_word(Arena *arena, const char *word) {
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+.,:/@=~^";
    bool is_plain = *word != '\0' && *word != '~' && word[strspn(word, safe)] == '\0';
    return is_plain ? word : text_quote_for_shell(arena, word);
}

const char *text_encode_for_url(Arena *arena, const char *string) {
    Text text = {.arena = arena};
    for (; *string != '\0'; string++) {
        unsigned char byte = (unsigned char)*string;
        bool is_plain = byte < 0x80 && (isalnum(byte) || strchr("-._~", byte) != NULL);
        text_append_format(&text, is_plain ? "%c" : "%%%02X", byte);
    }
    return text_string(&text);
}

const char *text_last_lines(Arena *arena, const char *string, size_t count) {
    StringList lines = text_split_lines(arena, string);
    if (lines.count > count) {
        lines.items += lines.count - count;
        lines.count = count;
    }
    return text_join(arena, &lines, "\n");
}

const char *text_number(Arena *arena, long long number) {
    const char *digits = arena_format(arena, "%lld", number);
    Text grouped = {.arena = arena};
    if (*digits == '-') text_append_char(&grouped, *digits++);
    for (size_t left = strlen(digits); left > 0; left--, digits++) {
        text_append_char(&grouped, *digits);
        if (left % 3 == 1 && left > 1) text_append_char(&grouped, ',');
    }
    return text_string(&grouped);
}

const char *text_duration(Arena *arena, long long duration_ms) {
    if (duration_ms < 60000) return arena_format(arena, "%.1fs", (double)duration_ms / 1000.0);
    long long seconds = duration_ms / 1000;
    if (seconds < 3600) return arena_format(arena, "%lldm%02llds", seconds / 60, seconds % 60);
    return arena_format(arena, "%lldh%02lldm", seconds / 3600, seconds / 60 % 60);
}

bool text_parse_integer(const char *string, long long *number) {
    char *end;
    if (text_is_empty(string) || isspace((unsigned char)*string)) return false;
    errno = 0;
    long long parsed = strtoll(string, &end, 10);
    if (errno != 0 || *end != '\0') return false;
    *number = parsed;
    return true;
}

bool text_parse_duration(const char *string, long long *duration_ms) {
    static const struct {
        const char *unit;
        long long factor;
    } units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    char *unit;
    if (text_is_empty(string) || !isdigit((unsigned char)*string)) return false;
    errno = 0;
    long long amount = strtoll(string, &unit, 10);
    if (errno != 0) return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(unit, units[i].unit) == 0) return !__builtin_mul_overflow(amount, units[i].factor, duration_ms);
    }
    return false;
}

static size_t smallest(size_t first, size_t second, size_t third) {
    size_t least = first < second ? first : second;
    return least < third ? least : third;
}

// Optimal string alignment: a swap of neighbours ("strat" for "start") counts as one typo.
static size_t typo_distance(const char *left, const char *right) {
    enum { LONGEST = 64 };
    size_t distance[LONGEST + 1][LONGEST + 1];
    size_t rows = strlen(left), columns = strlen(right);
    if (rows > LONGEST || columns > LONGEST) return SIZE_MAX;
    for (size_t i = 0; i <= rows; i++) distance[i][0] = i;
    for (size_t j = 0; j <= columns; j++) distance[0][j] = j;
    for (size_t i = 1; i <= rows; i++) {
        for (size_t j = 1; j <= columns; j++) {
            size_t change = tolower((unsigned char)left[i - 1]) != tolower((unsigned char)right[j - 1]);
            distance[i][j] = smallest(distance[i - 1][j] + 1, distance[i][j - 1] + 1, distance[i - 1][j - 1] + change);
            bool swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            if (swapped && distance[i - 2][j - 2] + 1 < distance[i][j]) distance[i][j] = distance[i - 2][j - 2] + 1;
        }
    }
    return distance[rows][columns];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t count) {
    const char *nearest = NULL;
    size_t length = strlen(word), best = length / 3 + 2;
    if (length < 3) best = 2;
    for (size_t i = 0; i < count; i++) {
        size_t distance = typo_distance(word, candidates[i]);
        if (distance < best) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}
