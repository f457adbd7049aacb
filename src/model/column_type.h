// What the values of a seed's column are: declared by the user, or inferred so that nothing is lost. Pure.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ColumnType { TYPE_TEXT, TYPE_INTEGER, TYPE_REAL, TYPE_BOOLEAN, TYPE_DATE, TYPE_TIMESTAMP, TYPE_COUNT } ColumnType;

// "integer", "real", "text", "boolean", "date", "timestamp": as devbox.yaml and _devbox_tables spell them.
const char *column_type_name(ColumnType type);

// The type with this name; false when there is none.
bool column_type_from_name(const char *name, ColumnType *type);

// What an SQL type in dbt's column_types means: varchar(5), numeric(10,2), TIMESTAMP WITH TIME ZONE. False when it is a
// Jinja expression or empty; a type that devbox does not know is text.
bool column_type_from_sql(const char *sql, ColumnType *type);

// How SQLite stores it: "INTEGER", "REAL" or "TEXT" (booleans, dates and timestamps are text that dbt's views cast).
const char *column_type_storage(ColumnType type);

// What a column's values could still be after those seen so far. Starts as {0}.
typedef struct ColumnGuess {
    unsigned excluded;  // a bit per ColumnType
    bool has_values, has_whole_reals, has_point_zeros;
} ColumnGuess;

// Takes one value into account; NULLs are not shown to it.
void column_guess_observe(ColumnGuess *guess, const char *bytes, size_t length);

// The narrowest type that loses nothing: INTEGER and REAL only when every value is written as the number itself is printed
// (007, +1, 1e5, 1_000, 1.50, -0 are text), dates and timestamps only as ISO 8601 without an offset that dbt would drop.
ColumnType column_guess_conclude(const ColumnGuess *guess);

// True when no further value can make the column anything but text.
bool column_guess_is_settled(const ColumnGuess *guess);

// False when a value was seen that a column of this type cannot hold.
bool column_guess_allows(const ColumnGuess *guess, ColumnType type);

// True when a value fits a type that the user declared; more forms than inference takes: 007 is an integer, 1.50 and 1e5 are
// real.
bool column_type_accepts(ColumnType type, const char *bytes, size_t length);

// The number that a value is; false when it does not fit the type.
bool column_type_to_integer(const char *bytes, size_t length, int64_t *integer);
bool column_type_to_real(const char *bytes, size_t length, double *real);
