#include "model/column_type.h"

#include <ctype.h>
#include <math.h>
#include <strings.h>

enum { LONGEST_NUMBER = 400, EXACT_DIGITS = 15, SAFE_DIGITS = 18, MOST_DIGITS = 17, FRACTION_DIGITS = 6 };

typedef struct TypeRow {
    const char *name, *storage;
} TypeRow;

static const TypeRow rows[TYPE_COUNT] = {
    [TYPE_TEXT] = {"text", "TEXT"},       [TYPE_INTEGER] = {"integer", "INTEGER"}, [TYPE_REAL] = {"real", "REAL"},
    [TYPE_BOOLEAN] = {"boolean", "TEXT"}, [TYPE_DATE] = {"date", "TEXT"},          [TYPE_TIMESTAMP] = {"timestamp", "TEXT"},
};

// Part of a value that is still to be read.
typedef struct Cursor {
    const char *position, *end;
} Cursor;

static bool is_digit(char character) { return (unsigned)(character - '0') < 10; }

static size_t skip_digits(Cursor *cursor) {
    const char *start = cursor->position;
    while (cursor->position < cursor->end && is_digit(*cursor->position)) cursor->position++;
    return (size_t)(cursor->position - start);
}

static bool skip_character(Cursor *cursor, char character) {
    if (cursor->position == cursor->end || *cursor->position != character) return false;
    cursor->position++;
    return true;
}

static bool skip_either(Cursor *cursor, char first, char second) {
    return skip_character(cursor, first) || skip_character(cursor, second);
}

// Exactly `digits` digits between the bounds.
static bool read_number(Cursor *cursor, int digits, int least, int most) {
    int number = 0;
    for (int i = 0; i < digits; i++, cursor->position++) {
        if (cursor->position == cursor->end || !is_digit(*cursor->position)) return false;
        number = number * 10 + (*cursor->position - '0');
    }
    return number >= least && number <= most;
}

// --- names ----------------------------------------------------------------------------------------------------------------

const char *column_type_name(ColumnType type) { return rows[type].name; }

const char *column_type_storage(ColumnType type) { return rows[type].storage; }

bool column_type_from_name(const char *name, ColumnType *type) {
    for (int i = 0; i < TYPE_COUNT; i++) {
        if (strcasecmp(name, rows[i].name) != 0) continue;
        *type = (ColumnType)i;
        return true;
    }
    return false;
}

// The first word of SQL types as the usual warehouses spell them; all others are text.
static const char *const sql_names[TYPE_COUNT] = {
    [TYPE_INTEGER] = "int integer bigint smallint tinyint byteint long int2 int4 int8 int64",
    [TYPE_REAL] = "real float float4 float8 float64 double numeric decimal number bignumeric",
    [TYPE_BOOLEAN] = "bool boolean",
    [TYPE_DATE] = "date",
    [TYPE_TIMESTAMP] = "timestamp datetime timestamptz timestamp_ntz timestamp_ltz timestamp_tz",
};

static bool has_word(const char *words, const char *word, size_t length) {
    while (words != NULL && *words != '\0') {
        size_t candidate = strcspn(words, " ");
        if (candidate == length && strncasecmp(words, word, length) == 0) return true;
        words += candidate + (words[candidate] == ' ');
    }
    return false;
}

// numeric(38,0) and number(38) hold whole numbers.
static bool has_no_scale(const char *arguments) {
    const char *comma = strchr(arguments, ',');
    return comma == NULL || strtol(comma + 1, NULL, 10) == 0;
}

bool column_type_from_sql(const char *sql, ColumnType *type) {
    while (isspace((unsigned char)*sql)) sql++;
    if (*sql == '\0' || strstr(sql, "{{") != NULL || strstr(sql, "{%") != NULL) return false;
    size_t length = strcspn(sql, " (\t");
    const char *arguments = strchr(sql, '(');
    ColumnType found = TYPE_TEXT;
    for (int i = 0; i < TYPE_COUNT; i++) {
        if (has_word(sql_names[i], sql, length)) found = (ColumnType)i;
    }
    bool is_exact = strncasecmp(sql, "num", 3) == 0 || strncasecmp(sql, "dec", 3) == 0;
    *type = found == TYPE_REAL && is_exact && arguments != NULL && has_no_scale(arguments) ? TYPE_INTEGER : found;
    return true;
}

// --- numbers --------------------------------------------------------------------------------------------------------------

static bool convert_long_integer(Cursor cursor, bool is_negative, int64_t *integer) {
    int64_t number = 0;
    for (; cursor.position < cursor.end; cursor.position++) {
        if (!is_digit(*cursor.position)) return false;
        int digit = *cursor.position - '0';
        if (__builtin_mul_overflow(number, 10, &number)) return false;
        if (__builtin_add_overflow(number, is_negative ? -digit : digit, &number)) return false;
    }
    *integer = number;
    return true;
}

bool column_type_to_integer(const char *bytes, size_t length, int64_t *integer) {
    Cursor cursor = {bytes, bytes + length};
    bool is_negative = length > 0 && *bytes == '-';
    skip_either(&cursor, '+', '-');
    if (cursor.position == cursor.end) return false;
    if (cursor.end - cursor.position > SAFE_DIGITS) return convert_long_integer(cursor, is_negative, integer);
    int64_t number = 0;
    for (; cursor.position < cursor.end; cursor.position++) {
        if (!is_digit(*cursor.position)) return false;
        number = number * 10 + (*cursor.position - '0');
    }
    *integer = is_negative ? -number : number;
    return true;
}

static const double powers_of_ten[EXACT_DIGITS + 1] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                       1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

// Exact and much faster than strtod: both parts are doubles without rounding, so their quotient is rounded once (Clinger).
static bool convert_short_decimal(const char *bytes, size_t length, double *real) {
    Cursor cursor = {bytes, bytes + length};
    bool is_negative = skip_character(&cursor, '-'), has_point = false;
    if ((size_t)(cursor.end - cursor.position) > EXACT_DIGITS + 1) return false;
    int64_t mantissa = 0;
    int digits = 0, decimals = 0;
    for (; cursor.position < cursor.end; cursor.position++) {
        if (*cursor.position == '.' && !has_point) {
            has_point = true;
        } else {
            if (!is_digit(*cursor.position)) return false;
            mantissa = mantissa * 10 + (*cursor.position - '0');
            digits++;
            decimals += has_point;
        }
    }
    if (digits == 0 || digits > EXACT_DIGITS) return false;
    double magnitude = (double)mantissa / powers_of_ten[decimals];
    *real = is_negative ? -magnitude : magnitude;
    return true;
}

bool column_type_to_real(const char *bytes, size_t length, double *real) {
    if (convert_short_decimal(bytes, length, real)) return true;
    if (length == 0 || length > LONGEST_NUMBER) return false;
    Cursor cursor = {bytes, bytes + length};
    skip_either(&cursor, '+', '-');
    size_t digits = skip_digits(&cursor);
    if (skip_character(&cursor, '.')) digits += skip_digits(&cursor);
    if (digits == 0) return false;
    if (skip_either(&cursor, 'e', 'E')) {
        skip_either(&cursor, '+', '-');
        if (skip_digits(&cursor) == 0) return false;
    }
    if (cursor.position != cursor.end) return false;
    char copy[LONGEST_NUMBER + 1];
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    double number = strtod(copy, NULL);
    if (!isfinite(number)) return false;
    *real = number;
    return true;
}

static bool is_canonical_integer(const char *bytes, size_t length) {
    size_t sign = length > 0 && bytes[0] == '-';
    if (length == sign || (bytes[sign] == '0' && length > 1)) return false;
    int64_t integer;
    return is_digit(bytes[sign]) && column_type_to_integer(bytes, length, &integer);
}

// True when the shortest decimal that gives the same double is this text.
static bool is_shortest_decimal(const char *bytes, size_t length) {
    double real;
    char printed[MOST_DIGITS + 16];
    if (length > MOST_DIGITS + 8 || !column_type_to_real(bytes, length, &real)) return false;
    for (int digits = EXACT_DIGITS; digits <= MOST_DIGITS; digits++) {
        snprintf(printed, sizeof printed, "%.*g", digits, real);
        if (strtod(printed, NULL) == real) break;
    }
    return strlen(printed) == length && memcmp(printed, bytes, length) == 0;
}

// -?(0|[1-9]\d*)\.\d+ that prints the same again; "5.0" counts, as Python and SQLite write it, "-0.0" does not.
static bool is_canonical_decimal(const char *bytes, size_t length, bool *is_point_zero) {
    Cursor cursor = {bytes, bytes + length};
    skip_character(&cursor, '-');
    const char *whole = cursor.position;
    size_t whole_digits = skip_digits(&cursor);
    if (whole_digits == 0 || (whole_digits > 1 && *whole == '0') || !skip_character(&cursor, '.')) return false;
    const char *fraction = cursor.position;
    size_t decimals = skip_digits(&cursor);
    if (decimals == 0 || cursor.position != cursor.end) return false;
    *is_point_zero = decimals == 1 && *fraction == '0';
    if (*is_point_zero) return whole_digits < EXACT_DIGITS && !(*whole == '0' && whole != bytes);
    if (bytes[length - 1] == '0') return false;
    return whole_digits + decimals <= EXACT_DIGITS || is_shortest_decimal(bytes, length);
}

// --- dates and booleans ---------------------------------------------------------------------------------------------------

static bool read_date(Cursor *cursor) {
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const char *start = cursor->position;
    if (!read_number(cursor, 4, 1, 9999) || !skip_character(cursor, '-')) return false;
    if (!read_number(cursor, 2, 1, 12) || !skip_character(cursor, '-')) return false;
    int year = (start[0] - '0') * 1000 + (start[1] - '0') * 100 + (start[2] - '0') * 10 + (start[3] - '0');
    int month = (start[5] - '0') * 10 + (start[6] - '0');
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return read_number(cursor, 2, 1, month == 2 && !is_leap ? 28 : days[month - 1]);
}

static bool is_date(const char *bytes, size_t length) {
    Cursor cursor = {bytes, bytes + length};
    return length == 10 && read_date(&cursor);
}

// DuckDB's cast to TIMESTAMP ignores an offset (1.5.5: 10:00+02:00 becomes 10:00) and cuts the seventh decimal, so both stay
// text; only UTC is harmless.
static bool is_timestamp(const char *bytes, size_t length) {
    Cursor cursor = {bytes, bytes + length};
    if (length < sizeof "2024-01-01T10:00" - 1 || !read_date(&cursor) || !skip_either(&cursor, ' ', 'T')) return false;
    if (!read_number(&cursor, 2, 0, 23) || !skip_character(&cursor, ':') || !read_number(&cursor, 2, 0, 59)) return false;
    if (skip_character(&cursor, ':')) {
        if (!read_number(&cursor, 2, 0, 59)) return false;
        if (skip_character(&cursor, '.')) {
            size_t decimals = skip_digits(&cursor);
            if (decimals == 0 || decimals > FRACTION_DIGITS) return false;
        }
    }
    size_t rest = (size_t)(cursor.end - cursor.position);
    if (rest == 0 || (rest == 1 && *cursor.position == 'Z')) return true;
    return (rest == 6 && memcmp(cursor.position, "+00:00", 6) == 0) || (rest == 5 && memcmp(cursor.position, "+0000", 5) == 0) ||
           (rest == 3 && memcmp(cursor.position, "+00", 3) == 0);
}

static bool is_word(const char *bytes, size_t length, const char *word) {
    return strlen(word) == length && strncasecmp(bytes, word, length) == 0;
}

static bool is_boolean(const char *bytes, size_t length) {
    return is_word(bytes, length, "true") || is_word(bytes, length, "false");
}

// --- inference ------------------------------------------------------------------------------------------------------------

static unsigned bit(ColumnType type) { return 1U << type; }

static const unsigned all_types = (1U << TYPE_COUNT) - 1;

static bool is_possible(const ColumnGuess *guess, ColumnType type) { return (guess->excluded & bit(type)) == 0; }

static unsigned find_number_types(ColumnGuess *guess, const char *bytes, size_t length) {
    bool is_point_zero = false;
    if (is_canonical_integer(bytes, length)) {
        guess->has_whole_reals = true;
        return bit(TYPE_INTEGER) | (length <= EXACT_DIGITS ? bit(TYPE_REAL) : 0);
    }
    if (!is_possible(guess, TYPE_REAL) || !is_canonical_decimal(bytes, length, &is_point_zero)) return 0;
    guess->has_point_zeros |= is_point_zero;
    return bit(TYPE_REAL);
}

// Which of the types that are still possible the value could be.
static unsigned find_types(ColumnGuess *guess, const char *bytes, size_t length) {
    if (length == 0) return 0;
    if (is_possible(guess, TYPE_INTEGER) || is_possible(guess, TYPE_REAL)) {
        unsigned numbers = find_number_types(guess, bytes, length);
        if (numbers != 0) return numbers;
    }
    if (is_possible(guess, TYPE_DATE) && is_date(bytes, length)) return bit(TYPE_DATE);
    if (is_possible(guess, TYPE_TIMESTAMP) && is_timestamp(bytes, length)) return bit(TYPE_TIMESTAMP);
    return is_possible(guess, TYPE_BOOLEAN) && is_boolean(bytes, length) ? bit(TYPE_BOOLEAN) : 0;
}

bool column_guess_is_settled(const ColumnGuess *guess) { return (guess->excluded | bit(TYPE_TEXT)) == all_types; }

void column_guess_observe(ColumnGuess *guess, const char *bytes, size_t length) {
    guess->has_values = true;
    if (column_guess_is_settled(guess)) return;
    guess->excluded |= all_types & ~find_types(guess, bytes, length);
}

ColumnType column_guess_conclude(const ColumnGuess *guess) {
    static const ColumnType order[] = {TYPE_INTEGER, TYPE_REAL, TYPE_DATE, TYPE_TIMESTAMP, TYPE_BOOLEAN};
    if (!guess->has_values) return TYPE_TEXT;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if ((guess->excluded & bit(order[i])) != 0) continue;
        // "5" and "5.0" would become the same number
        if (order[i] == TYPE_REAL && guess->has_whole_reals && guess->has_point_zeros) return TYPE_TEXT;
        return order[i];
    }
    return TYPE_TEXT;
}

bool column_guess_allows(const ColumnGuess *guess, ColumnType type) { return type == TYPE_TEXT || is_possible(guess, type); }

bool column_type_accepts(ColumnType type, const char *bytes, size_t length) {
    int64_t integer;
    double real;
    switch (type) {
        case TYPE_INTEGER:
            return column_type_to_integer(bytes, length, &integer);
        case TYPE_REAL:
            return column_type_to_real(bytes, length, &real);
        case TYPE_DATE:
            return is_date(bytes, length);
        case TYPE_TIMESTAMP:
            return is_timestamp(bytes, length) || is_date(bytes, length);
        case TYPE_BOOLEAN:
            return is_boolean(bytes, length) || (length == 1 && memchr("tTfF01", *bytes, 6) != NULL);
        default:
            return true;
    }
}
