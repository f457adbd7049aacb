#include "model/http_reader.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

enum { HEAD_LIMIT = 64 * 1024, LINE_LIMIT = 8 * 1024 };

HttpReader http_reader(Arena *arena) { return (HttpReader){.head = {.arena = arena}, .line = {.arena = arena}}; }

bool http_reader_has_head(const HttpReader *reader) { return reader->phase != HTTP_HEAD && reader->phase != HTTP_BROKEN; }

bool http_reader_may_end(const HttpReader *reader) { return reader->phase == HTTP_DONE || reader->phase == HTTP_BODY_TO_END; }

const char *http_reader_header(Arena *arena, const HttpReader *reader, const char *name) {
    size_t name_length = strlen(name);
    for (const char *line = text_string(&reader->head); (line = strchr(line, '\n')) != NULL;) {
        line++;
        if (strncasecmp(line, name, name_length) != 0 || line[name_length] != ':') continue;
        const char *value = line + name_length + 1;
        return text_trim(arena, arena_copy_bytes(arena, value, strcspn(value, "\r\n")));
    }
    return NULL;
}

static bool is_status_line(const char *line) {
    if (!text_starts_with(line, "HTTP/1.") || !isdigit((unsigned char)line[7]) || line[8] != ' ') return false;
    for (int i = 9; i < 12; i++) {
        if (!isdigit((unsigned char)line[i])) return false;
    }
    return line[12] == ' ' || line[12] == '\r' || line[12] == '\n';
}

static bool parse_length(const char *text, int base, long long *length) {
    long long number = 0;
    const char *at = text;
    for (; isxdigit((unsigned char)*at); at++) {
        int digit = isdigit((unsigned char)*at) ? *at - '0' : tolower((unsigned char)*at) - 'a' + 10;
        if (digit >= base || number > (LLONG_MAX - digit) / base) return false;
        number = number * base + digit;
    }
    *length = number;
    return at > text && (*at == '\0' || *at == ';' || *at == ' ');
}

static HttpPhase choose_body(HttpReader *reader) {
    Arena *arena = reader->head.arena;
    const char *encoding = http_reader_header(arena, reader, "Transfer-Encoding");
    const char *length = http_reader_header(arena, reader, "Content-Length");
    if (reader->status == 101) return HTTP_BODY_TO_END;
    if (reader->has_no_body || reader->status == 204 || reader->status == 304) return HTTP_DONE;
    if (encoding != NULL && strcasecmp(encoding, "chunked") == 0) return HTTP_CHUNK_SIZE;
    if (length == NULL) return HTTP_BODY_TO_END;
    if (!parse_length(length, 10, &reader->left)) return HTTP_BROKEN;
    return reader->left == 0 ? HTTP_DONE : HTTP_BODY_COUNTED;
}

static bool ends_head(const Text *head) {
    return text_ends_with(text_string(head), "\n\r\n") || text_ends_with(text_string(head), "\n\n");
}

static void take_head(HttpReader *reader, char character) {
    static const char start[] = "HTTP/1.";
    size_t at = reader->head.length;
    text_append_char(&reader->head, character);
    bool is_strange = character == '\0' || (at < sizeof start - 1 && character != start[at]) || at > HEAD_LIMIT;
    if (is_strange) {
        reader->phase = HTTP_BROKEN;
    } else if (character == '\n' && ends_head(&reader->head)) {
        if (!is_status_line(reader->head.content)) {
            reader->phase = HTTP_BROKEN;
            return;
        }
        const char *digits = reader->head.content + 9;
        reader->status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
        bool is_interim = reader->status >= 100 && reader->status < 200 && reader->status != 101;
        if (is_interim) {
            reader->head.length = 0;
        } else {
            reader->phase = choose_body(reader);
        }
    }
}

// Sizes of chunks, the end of their data, and the trailer are lines.
static void take_line_character(HttpReader *reader, char character) {
    if (character == '\0' || reader->line.length > LINE_LIMIT) {
        reader->phase = HTTP_BROKEN;
        return;
    }
    if (character == '\r') return;
    if (character != '\n') {
        text_append_char(&reader->line, character);
        return;
    }
    bool is_blank = reader->line.length == 0;
    if (reader->phase == HTTP_TRAILER) {
        if (is_blank) reader->phase = HTTP_DONE;
    } else if (reader->phase == HTTP_CHUNK_END) {
        reader->phase = is_blank ? HTTP_CHUNK_SIZE : HTTP_BROKEN;
    } else if (is_blank || !parse_length(reader->line.content, 16, &reader->left)) {
        reader->phase = HTTP_BROKEN;
    } else {
        reader->phase = reader->left == 0 ? HTTP_TRAILER : HTTP_CHUNK_DATA;
    }
    reader->line.length = 0;
    if (reader->line.content != NULL) *reader->line.content = '\0';
}

static size_t take_body(HttpReader *reader, const char *bytes, size_t length, Text *body) {
    bool is_counted = reader->phase != HTTP_BODY_TO_END;
    size_t taken = is_counted && (unsigned long long)reader->left < length ? (size_t)reader->left : length;
    text_append_bytes(body, bytes, taken);
    if (!is_counted) return taken;
    reader->left -= (long long)taken;
    if (reader->left == 0) reader->phase = reader->phase == HTTP_CHUNK_DATA ? HTTP_CHUNK_END : HTTP_DONE;
    return taken;
}

bool http_reader_feed(HttpReader *reader, const char *bytes, size_t length, Text *body) {
    while (length > 0) {
        size_t taken = 1;
        switch (reader->phase) {
            case HTTP_HEAD:
                take_head(reader, *bytes);
                break;
            case HTTP_CHUNK_SIZE:
            case HTTP_CHUNK_END:
            case HTTP_TRAILER:
                take_line_character(reader, *bytes);
                break;
            case HTTP_BODY_COUNTED:
            case HTTP_BODY_TO_END:
            case HTTP_CHUNK_DATA:
                taken = take_body(reader, bytes, length, body);
                break;
            case HTTP_DONE:
                return true;
            case HTTP_BROKEN:
                return false;
        }
        bytes += taken;
        length -= taken;
    }
    return reader->phase != HTTP_BROKEN;
}
