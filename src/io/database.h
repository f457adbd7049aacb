// SQLite. Handles close themselves at the end of their scope: cleanup_database Database *db = NULL;
#pragma once
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct Database Database;
typedef struct Statement Statement;

typedef enum DatabaseMode { DATABASE_READ, DATABASE_WRITE, DATABASE_CREATE } DatabaseMode;
typedef enum ColumnKind { COLUMN_NULL, COLUMN_INTEGER, COLUMN_REAL, COLUMN_TEXT, COLUMN_BLOB } ColumnKind;

// Opens with a busy timeout; CREATE makes the file (0600) when missing and sets WAL. Errors name the path.
bool database_open(Arena *arena, const char *path, DatabaseMode mode, long long busy_ms, Database **db, Error *err) MUST_USE;
void database_close(Database *db);  // NULL is allowed

// A statement that runs while *cancel becomes positive ends with ERROR_INTERRUPTED, before its first row too; NULL: none does.
void database_end_with(Database *db, volatile sig_atomic_t *cancel);

// Runs one or more statements without results.
bool database_execute(Database *db, const char *sql, Error *err) MUST_USE;

// Runs one statement with text parameters bound to ?1, ?2, … (NULL binds NULL).
bool database_execute_with(Database *db, const char *sql, const char *const *parameters, size_t count, Error *err) MUST_USE;

// Exactly one statement: none or more is an error. Finalize it before the database is closed.
bool statement_prepare(Database *db, const char *sql, Statement **statement, Error *err) MUST_USE;
void statement_finalize(Statement *statement);                                               // NULL is allowed
void statement_bind_text(Statement *statement, int index, const char *text, size_t length);  // not copied: must outlive the step
void statement_bind_integer(Statement *statement, int index, int64_t integer);
void statement_bind_real(Statement *statement, int index, double real);
void statement_bind_null(Statement *statement, int index);

// Moves to the next row; `has_row` false at the end. On an error *err says SQLite's own words.
bool statement_step(Statement *statement, bool *has_row, Error *err) MUST_USE;
bool statement_reset(Statement *statement, Error *err) MUST_USE;

int statement_column_count(const Statement *statement);
const char *statement_column_name(Arena *arena, const Statement *statement, int column);
ColumnKind statement_column_kind(const Statement *statement, int column);
int64_t statement_column_integer(const Statement *statement, int column);
double statement_column_real(const Statement *statement, int column);
const char *statement_column_text(Arena *arena, const Statement *statement, int column);  // NULL for NULL; copied

// First column of the first row, or the fallback when there is none.
bool database_query_integer(Database *db, const char *sql, int64_t fallback, int64_t *integer, Error *err) MUST_USE;
bool database_query_text(Arena *arena, Database *db, const char *sql, const char **text, Error *err) MUST_USE;  // NULL: none

// True when the statement only reads this database. ATTACH and PRAGMA count as reading: who must not write opens with
// DATABASE_READ.
bool statement_is_read_only(const Statement *statement);

// A name as an SQL identifier: orders → "orders" with quotes doubled.
const char *database_quote_identifier(Arena *arena, const char *name);

// A consistent copy of a live database (SQLite's online backup). A new `to` is 0600; an existing database is overwritten in one
// transaction.
bool database_backup(Arena *arena, const char *from, const char *to, Error *err) MUST_USE;

static inline void cleanup_close_database(Database **db) { database_close(*db); }
static inline void cleanup_finalize_statement(Statement **statement) { statement_finalize(*statement); }
#define cleanup_database __attribute__((cleanup(cleanup_close_database)))
#define cleanup_statement __attribute__((cleanup(cleanup_finalize_statement)))
