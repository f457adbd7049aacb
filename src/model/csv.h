// Reading CSV as RFC 4180 writes it, from memory. Pure. Stricter than most readers: what is ambiguous is an error with its line.
#pragma once
#include <stdint.h>

#include "base/error.h"

typedef enum CsvFieldKind {
    CSV_NULL,     // nothing between the delimiters
    CSV_PLAIN,    // as it stands
    CSV_QUOTED,   // was in quotes, holds none itself
    CSV_ESCAPED,  // was in quotes and holds doubled quotes: copy it with csv_copy_value
} CsvFieldKind;

typedef struct CsvField {
    const char *bytes;  // in the caller's buffer, without the outer quotes
    uint32_t length;
    CsvFieldKind kind;
} CsvField;

enum { CSV_LANES = 16 };

typedef struct CsvReader {
    const char *origin;  // file name for messages
    const char *start, *end, *position;
    const char *record;       // where the last record began
    size_t expected_columns;  // a record with any other number of values is an error; 0: any number
    char delimiter;
    char delimiters[CSV_LANES];  // the delimiter again, ready to be compared with as many bytes at once
} CsvReader;

// Reads `length` bytes that the caller keeps; a UTF-8 byte order mark is skipped.
CsvReader csv_reader(const char *bytes, size_t length, char delimiter, const char *origin);

// Fails on the first NUL byte or invalid UTF-8, with its line. The reader itself does not look again.
bool csv_check_text(const CsvReader *reader, Error *err) MUST_USE;

// Reads the next record into `fields`, which has room for `capacity`; more values are an error. Blank lines are skipped.
// *count is 0 at the end. Records end at \n, \r\n or \r.
bool csv_read(CsvReader *reader, CsvField *fields, size_t capacity, size_t *count, Error *err) MUST_USE;

// Starts again right behind `position`, a value that the reader's own position had.
void csv_seek(CsvReader *reader, const char *position);

// The physical line, from 1, that `position` lies on. Costs a scan from the start: for messages only.
size_t csv_line_of(const CsvReader *reader, const char *position);

// Copies the value with doubled quotes made single; `target` has room for field->length bytes. Returns the bytes written.
size_t csv_copy_value(const CsvField *field, char *target);
