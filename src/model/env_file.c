#include "model/env_file.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"

typedef struct Reader {
    Arena *arena;
    const char *origin;
    const char *next, *end;
    int line;
    PairList pairs;
} Reader;

static bool is_at(const Reader *reader, char character) { return reader->next < reader->end && *reader->next == character; }

static bool is_at_line_end(const Reader *reader) {
    if (reader->next == reader->end || *reader->next == '\n') return true;
    return *reader->next == '\r' && reader->next + 1 < reader->end && reader->next[1] == '\n';
}

static void skip_blanks(Reader *reader) {
    while (is_at(reader, ' ') || is_at(reader, '\t')) reader->next++;
}

static void skip_line(Reader *reader) {
    while (reader->next < reader->end && *reader->next != '\n') reader->next++;
    if (reader->next < reader->end) reader->next++;
    reader->line++;
}

static bool is_name_character(char character) {
    return isalnum((unsigned char)character) || (character != '\0' && strchr("_.-", character) != NULL);
}

static void skip_export(Reader *reader) {
    const char *word = "export";
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->next) <= length || memcmp(reader->next, word, length) != 0) return;
    if (reader->next[length] != ' ' && reader->next[length] != '\t') return;
    reader->next += length;
    skip_blanks(reader);
}

static bool fail(const Reader *reader, int line, const char *what, const char *hint, Error *err) {
    error_set(err, ERROR_CONFIG, "%s:%d: %s", reader->origin, line, what);
    return error_hint(err, "%s", hint);
}

static bool read_name(Reader *reader, const char **name, Error *err) {
    const char *start = reader->next;
    while (reader->next < reader->end && is_name_character(*reader->next)) reader->next++;
    if (reader->next == start || isdigit((unsigned char)*start)) {
        return fail(reader, reader->line, "a line must start with a variable's name", "write KEY=value, or # before a comment",
                    err);
    }
    *name = arena_copy_bytes(reader->arena, start, (size_t)(reader->next - start));
    skip_blanks(reader);
    if (!is_at(reader, '=')) {
        const char *what = arena_format(reader->arena, "%s has no = after its name", *name);
        return fail(
            reader, reader->line, what,
            arena_format(reader->arena, "write %s=value, or list %s under env.pass in devbox.yaml to take it from the shell",
                         *name, *name),
            err);
    }
    reader->next++;
    skip_blanks(reader);
    return true;
}

static char unescape(char character) {
    switch (character) {
        case 'n':
            return '\n';
        case 't':
            return '\t';
        case 'r':
            return '\r';
        case '"':
        case '\\':
        case '$':
            return character;
        default:
            return '\0';
    }
}

// Called with the reader behind the opening quote.
static bool read_quoted(Reader *reader, char quote, const char **value, Error *err) {
    Text text = {.arena = reader->arena};
    int opened = reader->line;
    while (reader->next < reader->end && *reader->next != quote) {
        char character = *reader->next++;
        char escaped = character == '\\' && quote == '"' && reader->next < reader->end ? unescape(*reader->next) : '\0';
        if (escaped != '\0') reader->next++;
        if (character == '\n') reader->line++;
        text_append_char(&text, escaped != '\0' ? escaped : character);
    }
    if (reader->next == reader->end) {
        return fail(reader, opened, arena_format(reader->arena, "the quote %c that opens here is never closed", quote),
                    "close it, or put a value that holds a quote in the other kind of quotes", err);
    }
    reader->next++;
    skip_blanks(reader);
    if (!is_at_line_end(reader) && !is_at(reader, '#')) {
        return fail(reader, reader->line, "there is text behind the closing quote",
                    "write \\\" for a quote inside double quotes; a comment starts with #", err);
    }
    *value = text_string(&text);
    return true;
}

static const char *read_bare(Reader *reader) {
    const char *start = reader->next;
    while (!is_at_line_end(reader)) {
        bool starts_comment = *reader->next == '#' && (reader->next == start || isblank((unsigned char)reader->next[-1]));
        if (starts_comment) break;
        reader->next++;
    }
    return text_trim(reader->arena, arena_copy_bytes(reader->arena, start, (size_t)(reader->next - start)));
}

static void keep(Reader *reader, Pair pair) {
    list_each (Pair, known, &reader->pairs) {
        if (!text_equals(known->key, pair.key)) continue;
        *known = pair;
        return;
    }
    list_push(reader->arena, &reader->pairs, pair);
}

static bool read_assignment(Reader *reader, Error *err) {
    Pair pair = {.origin = arena_format(reader->arena, "%s:%d", reader->origin, reader->line)};
    skip_export(reader);
    if (!read_name(reader, &pair.key, err)) return false;
    if (is_at(reader, '"') || is_at(reader, '\'')) {
        if (!read_quoted(reader, *reader->next++, &pair.value, err)) return false;
    } else {
        pair.value = read_bare(reader);
    }
    keep(reader, pair);
    return true;
}

bool env_file_parse(Arena *arena, const char *text, size_t length, const char *origin, PairList *pairs, Error *err) {
    static const char byte_order_mark[] = "\xEF\xBB\xBF";
    Reader reader = {.arena = arena, .origin = origin, .next = text, .end = text + length, .line = 1};
    const char *zero = length == 0 ? NULL : memchr(text, '\0', length);
    if (zero != NULL) {
        for (const char *at = text; at < zero; at++) reader.line += *at == '\n';
        return fail(&reader, reader.line, "there is a NUL byte, so this is no text file", "save the file as UTF-8 text", err);
    }
    if (length >= 3 && memcmp(text, byte_order_mark, 3) == 0) reader.next += 3;
    while (reader.next < reader.end) {
        skip_blanks(&reader);
        if (!is_at_line_end(&reader) && !is_at(&reader, '#') && !read_assignment(&reader, err)) return false;
        skip_line(&reader);
    }
    *pairs = reader.pairs;
    return true;
}
