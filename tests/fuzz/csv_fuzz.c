// Reading any bytes as a seed: nothing may be read out of bounds, and what was read must read the same when written again.
#include <stdint.h>

#include "base/text.h"
#include "model/column_type.h"
#include "model/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { CAPACITY = 16 };

static void check_inside(const CsvReader *reader, const CsvField *field) {
    if (field->bytes < reader->start || field->bytes + field->length > reader->end) abort();
    if ((field->kind == CSV_NULL) != (field->length == 0 && field->kind != CSV_QUOTED && field->kind != CSV_ESCAPED)) abort();
}

static void observe(const char *value, size_t length) {
    ColumnGuess guess = {0};
    column_guess_observe(&guess, value, length);
    ColumnType type = column_guess_conclude(&guess);
    if (!column_type_accepts(type, value, length)) abort();
}

// Appends the value as CSV, quoted unless it is NULL.
static void write_again(Text *text, const CsvField *field, bool is_first) {
    char *value = arena_allocate(text->arena, field->length + 1);
    size_t length = csv_copy_value(field, value);
    if (length > field->length) abort();
    observe(value, length);
    if (!is_first) text_append_char(text, ',');
    if (field->kind == CSV_NULL) return;
    text_append_char(text, '"');
    for (size_t i = 0; i < length; i++) {
        if (value[i] == '"') text_append_char(text, '"');
        text_append_bytes(text, &value[i], 1);
    }
    text_append_char(text, '"');
}

static void check_second_reading(Arena *arena, const CsvField *fields, size_t count, const Text *written) {
    CsvField again[CAPACITY];
    size_t found = 0;
    Error err = {.arena = arena};
    CsvReader reader = csv_reader(written->content, written->length, ',', "again");
    if (!csv_read(&reader, again, CAPACITY, &found, &err)) abort();
    if (count == 1 && fields[0].kind == CSV_NULL) return;  // a blank line
    if (found != count) abort();
    for (size_t i = 0; i < count; i++) {
        char *first = arena_allocate(arena, fields[i].length + 1), *second = arena_allocate(arena, again[i].length + 1);
        size_t length = csv_copy_value(&fields[i], first);
        if (length != csv_copy_value(&again[i], second) || memcmp(first, second, length) != 0) abort();
        if ((fields[i].kind == CSV_NULL) != (again[i].kind == CSV_NULL)) abort();
    }
}

static void read_all(Arena *arena, CsvReader *reader) {
    CsvField fields[CAPACITY];
    Error err = {.arena = arena};
    for (;;) {
        size_t count = 0;
        const char *before = reader->position;
        if (!csv_read(reader, fields, CAPACITY, &count, &err) || count == 0) return;
        if (reader->position <= before || reader->position > reader->end) abort();
        reader->expected_columns = count;
        Text written = {.arena = arena};
        for (size_t i = 0; i < count; i++) {
            check_inside(reader, &fields[i]);
            write_again(&written, &fields[i], i == 0);
        }
        text_append_char(&written, '\n');
        check_second_reading(arena, fields, count, &written);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    Arena *arena = arena_create();
    Error err = {.arena = arena};
    CsvReader reader = csv_reader(size == 0 ? "" : (const char *)bytes, size, ',', "fuzz");
    if (!csv_check_text(&reader, &err)) error_clear(&err);
    read_all(arena, &reader);
    arena_destroy(arena);
    return 0;
}
