// Building and taking apart text. Strings are NUL terminated UTF-8 in an arena.
#pragma once
#include <stdbool.h>

#include "base/list.h"

// Text under construction. Start with (Text){.arena = arena}; `content` is always NUL terminated once something was added.
typedef struct Text {
    Arena *arena;
    char *content;
    size_t length, capacity;
} Text;

void text_append(Text *text, const char *string);
void text_append_bytes(Text *text, const char *bytes, size_t length);
void text_append_char(Text *text, char character);
void text_append_format(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

// The string so far, "" when nothing was added; valid until the next append.
const char *text_string(const Text *text);

bool text_equals(const char *left, const char *right);  // NULL equals only NULL
bool text_is_empty(const char *string);                 // NULL or ""
bool text_starts_with(const char *string, const char *prefix);
bool text_ends_with(const char *string, const char *suffix);

// Splits at every `separator`; "" gives one empty item.
StringList text_split(Arena *arena, const char *string, char separator);

// Splits into lines; \r\n counts as one end, a last line without end is a line, a trailing end adds none.
StringList text_split_lines(Arena *arena, const char *string);

// Joins with `separator` between the items.
const char *text_join(Arena *arena, const StringList *list, const char *separator);

// Without white space at both ends.
const char *text_trim(Arena *arena, const char *string);

// Every occurrence of `from` replaced by `to`.
const char *text_replace(Arena *arena, const char *string, const char *from, const char *to);

// 'it'\''s': one word for sh, whatever is in it.
const char *text_quote_for_shell(Arena *arena, const char *word);
const char *text_as_shell_word(Arena *arena, const char *word);  // quoted only where a shell would not take it as it is

// Everything but letters, digits and -._~ as %XX: a value inside a URL.
const char *text_encode_for_url(Arena *arena, const char *string);

// The last `count` lines.
const char *text_last_lines(Arena *arena, const char *string, size_t count);

// 12408 → "12,408".
const char *text_number(Arena *arena, long long number);

// 412 → "0.4s", 83000 → "1m23s"; for people.
const char *text_duration(Arena *arena, long long duration_ms);

// "2m", "90s", "500ms", "1h", "30" (seconds) → milliseconds; false when it is none of these.
bool text_parse_duration(const char *string, long long *duration_ms);

// The whole string as a decimal number; false when it is not one or does not fit.
bool text_parse_integer(const char *string, long long *number);

// The candidate most like `word`, or NULL when none is near enough to be a typo of it.
const char *text_nearest(const char *word, const char *const *candidates, size_t count);
