// What SQLite refuses, in one voice: for statements that ran here, and for those that ran inside a container. All return false.
#pragma once
#include "base/error.h"

// `code` is SQLite's extended result code, `words` what it said: they name tables, columns and constraints.
bool database_error_refused(const char *path, int code, const char *words, const char *sql, Error *err);
bool database_error_not_opened(const char *path, int code, const char *words, Error *err);

// A text that should hold one statement and holds none or more.
bool database_error_not_one(const char *path, bool is_none, const char *sql, Error *err);

// Adds what to do about the code, if anything is known.
bool database_error_advise(Error *err, int code, const char *path);
