#include "model/csv.h"

#include <limits.h>
#include <string.h>

#include "base/text.h"

enum { LANES = CSV_LANES, LARGEST_VALUE = 1000 * 1000 * 1000 };  // SQLite's own limit for one value

// Vectors as GCC and Clang have them on every processor: comparing gives 0xff in each byte that matches.
typedef unsigned char Lanes __attribute__((vector_size(LANES)));
typedef uint64_t LaneWords __attribute__((vector_size(LANES)));

static Lanes load_lanes(const char *position) {
    Lanes lanes;
    memcpy(&lanes, position, sizeof lanes);
    return lanes;
}

CsvReader csv_reader(const char *bytes, size_t length, char delimiter, const char *origin) {
    CsvReader reader = {.origin = origin, .start = bytes, .end = bytes + length, .position = bytes, .delimiter = delimiter};
    if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) reader.position += 3;
    reader.record = reader.position;
    memset(reader.delimiters, delimiter, sizeof reader.delimiters);
    return reader;
}

void csv_seek(CsvReader *reader, const char *position) { reader->position = position; }

size_t csv_line_of(const CsvReader *reader, const char *position) {
    size_t line = 1;
    for (const char *p = reader->start; p < position; p++) {
        if (*p == '\n' || (*p == '\r' && (p + 1 == reader->end || p[1] != '\n'))) line++;
    }
    return line;
}

static bool fail_at(const CsvReader *reader, const char *position, const char *problem, Error *err) {
    return error_set(err, ERROR_SEED, "%s:%zu: %s", reader->origin, csv_line_of(reader, position), problem);
}

// --- text -----------------------------------------------------------------------------------------------------------------

static bool is_continuation(const unsigned char *p, const unsigned char *end) { return p < end && (*p & 0xc0) == 0x80; }

// How many bytes the UTF-8 character at `p` has; 0 when it is none (overlong forms, surrogates and anything past U+10FFFF are
// none).
static size_t character_length(const unsigned char *p, const unsigned char *end) {
    if (*p < 0x80) return 1;
    if (*p < 0xc2 || *p > 0xf4 || !is_continuation(p + 1, end)) return 0;
    if (*p < 0xe0) return 2;
    if (!is_continuation(p + 2, end)) return 0;
    if (*p == 0xe0 && p[1] < 0xa0) return 0;
    if (*p == 0xed && p[1] > 0x9f) return 0;
    if (*p < 0xf0) return 3;
    if (!is_continuation(p + 3, end)) return 0;
    if (*p == 0xf0 && p[1] < 0x90) return 0;
    if (*p == 0xf4 && p[1] > 0x8f) return 0;
    return 4;
}

static bool is_plain_ascii(const char *position) {
    Lanes lanes = load_lanes(position);
    LaneWords odd = (LaneWords)((lanes == 0) | (lanes > 0x7f));
    return (odd[0] | odd[1]) == 0;
}

static bool report_bad_text(const CsvReader *reader, const char *position, Error *err) {
    size_t length = (size_t)(reader->end - reader->start);
    if (length >= 2 && (memcmp(reader->start, "\xff\xfe", 2) == 0 || memcmp(reader->start, "\xfe\xff", 2) == 0)) {
        fail_at(reader, position, "the file is UTF-16, seeds are UTF-8", err);
        return error_hint(err, "iconv -f UTF-16 -t UTF-8 %s", reader->origin);
    }
    if (*position == '\0') {
        fail_at(reader, position, "there is a NUL byte in the text", err);
        return error_hint(err, "Export the file again as UTF-8 text");
    }
    const char *line = position;
    while (line > reader->start && line[-1] != '\n' && line[-1] != '\r') line--;
    fail_at(reader, position, arena_format(err->arena, "byte %zu of the line is not valid UTF-8", (size_t)(position - line) + 1),
            err);
    const char *file = text_quote_for_shell(err->arena, reader->origin);
    const char *copy = text_quote_for_shell(err->arena, arena_format(err->arena, "%s.utf-8", reader->origin));
    return error_hint(err, "If it comes from Excel or an old system: iconv -f latin1 -t utf-8 %s > %s && mv %s %s", file, copy,
                      copy, file);
}

bool csv_check_text(const CsvReader *reader, Error *err) {
    const char *p = reader->start;
    while (p < reader->end) {
        if (reader->end - p >= LANES && is_plain_ascii(p)) {
            p += LANES;
            continue;
        }
        const char *stop = reader->end - p >= LANES ? p + LANES : reader->end;
        while (p < stop) {
            size_t length = *p == '\0' ? 0 : character_length((const unsigned char *)p, (const unsigned char *)reader->end);
            if (length == 0) return report_bad_text(reader, p, err);
            p += length;
        }
    }
    return true;
}

// --- records --------------------------------------------------------------------------------------------------------------

static bool ends_plain(const CsvReader *reader, char character) {
    return character == reader->delimiter || character == '\n' || character == '\r' || character == '"';
}

// Which of the lanes' bytes comes first; there is one.
static size_t first_lane(LaneWords hits) {
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the lowest byte of a word is the first in memory");
    return (size_t)(hits[0] != 0 ? __builtin_ctzll(hits[0]) : 64 + __builtin_ctzll(hits[1])) / 8;
}

// The first delimiter, line end or quote at or after `p`, else the end. One byte at a time costs half of the whole load.
static const char *find_plain_end(const CsvReader *reader, const char *p) {
    const Lanes delimiters = load_lanes(reader->delimiters);
    while (reader->end - p >= LANES) {
        Lanes lanes = load_lanes(p);
        LaneWords hits = (LaneWords)((lanes == delimiters) | (lanes == '\n') | (lanes == '\r') | (lanes == '"'));
        if ((hits[0] | hits[1]) != 0) return p + first_lane(hits);
        p += LANES;
    }
    while (p < reader->end && !ends_plain(reader, *p)) p++;
    return p;
}

static bool set_field(const CsvReader *reader, CsvField *field, const char *bytes, size_t length, Error *err) {
    if (length > LARGEST_VALUE) return fail_at(reader, bytes, "a value is longer than 1 GB", err);
    field->bytes = bytes;
    field->length = (uint32_t)length;
    return true;
}

static size_t count_lines(const char *from, const char *to) {
    size_t lines = 0;
    for (; from < to; from++) lines += *from == '\n';
    return lines;
}

static bool read_quoted(CsvReader *reader, CsvField *field, Error *err) {
    const char *start = reader->position + 1, *p = start;
    field->kind = CSV_QUOTED;
    for (;;) {
        p = memchr(p, '"', (size_t)(reader->end - p));
        if (p == NULL) {
            fail_at(reader, start - 1, "a quoted value begins here and never ends", err);
            return error_hint(err, "Close it with a double quote; a quote inside a quoted value is written twice");
        }
        if (p + 1 == reader->end || p[1] != '"') break;
        field->kind = CSV_ESCAPED;
        p += 2;
    }
    if (!set_field(reader, field, start, (size_t)(p - start), err)) return false;
    reader->position = p + 1;
    if (reader->position == reader->end || (*reader->position != '"' && ends_plain(reader, *reader->position))) return true;
    size_t lines = count_lines(start, p);
    const char *began = lines == 0 ? "" : arena_format(err->arena, " that began %zu line%s above", lines, lines == 1 ? "" : "s");
    fail_at(reader, p, arena_format(err->arena, "there is text behind the closing quote of a value%s", began), err);
    return error_hint(err, "A quote inside a quoted value is written twice: \"say \"\"hi\"\"\"");
}

static bool read_plain(CsvReader *reader, CsvField *field, Error *err) {
    const char *start = reader->position, *p = find_plain_end(reader, start);
    if (!set_field(reader, field, start, (size_t)(p - start), err)) return false;
    field->kind = p == start ? CSV_NULL : CSV_PLAIN;
    reader->position = p;
    if (p == reader->end || *p != '"') return true;
    fail_at(reader, p, "there is a quote inside a value that does not start with one", err);
    return error_hint(err, "Put the whole value in double quotes and write the inner quote twice: \"5\"\" pipe\"");
}

static void skip_line_end(CsvReader *reader) {
    if (reader->position < reader->end && *reader->position == '\r') {
        reader->position++;
        if (reader->position < reader->end && *reader->position == '\n') reader->position++;
    } else if (reader->position < reader->end && *reader->position == '\n') {
        reader->position++;
    }
}

static void skip_blank_lines(CsvReader *reader) {
    while (reader->position < reader->end && (*reader->position == '\n' || *reader->position == '\r')) skip_line_end(reader);
}

static bool report_ragged(const CsvReader *reader, size_t count, bool is_cut, Error *err) {
    const char *line = arena_format(err->arena, "%s:%zu", reader->origin, csv_line_of(reader, reader->record));
    bool has_more = count > reader->expected_columns;
    error_set(err, ERROR_SEED, "%s: the header has %zu column%s, this row has %s%zu value%s", line, reader->expected_columns,
              reader->expected_columns == 1 ? "" : "s", is_cut ? "at least " : "", count, count == 1 ? "" : "s");
    if (!has_more) return error_hint(err, "Add the missing values, or the delimiters of empty ones, in line %s", line);
    return error_hint(err, "Put double quotes around a value that holds the delimiter, or take out what is too much in %s", line);
}

bool csv_read(CsvReader *reader, CsvField *fields, size_t capacity, size_t *count, Error *err) {
    size_t found = 0;
    skip_blank_lines(reader);
    reader->record = reader->position;
    while (reader->record < reader->end) {
        if (found == capacity) {
            if (reader->expected_columns > 0) return report_ragged(reader, found + 1, true, err);
            fail_at(reader, reader->record, arena_format(err->arena, "there are more than %zu columns", capacity), err);
            return error_hint(err, "Leave some out, or split the file");
        }
        if (reader->position < reader->end && *reader->position == '"') {
            if (!read_quoted(reader, &fields[found], err)) return false;
        } else if (!read_plain(reader, &fields[found], err)) {
            return false;
        }
        found++;
        if (reader->position == reader->end || *reader->position != reader->delimiter) break;
        reader->position++;
    }
    skip_line_end(reader);
    if (found > 0 && reader->expected_columns > 0 && found != reader->expected_columns)
        return report_ragged(reader, found, false, err);
    *count = found;
    return true;
}

size_t csv_copy_value(const CsvField *field, char *target) {
    if (field->kind != CSV_ESCAPED) {
        if (field->length > 0) memcpy(target, field->bytes, field->length);
        return field->length;
    }
    size_t written = 0;
    for (uint32_t i = 0; i < field->length; i++) {
        target[written++] = field->bytes[i];
        if (field->bytes[i] == '"') i++;
    }
    return written;
}
