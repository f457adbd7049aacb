#include "io/database_error.h"

#include <sqlite3.h>
#include <string.h>

#include "base/text.h"

enum { SHOWN_SQL_BYTES = 200 };

static const char *first_line(Arena *arena, const char *sql) {
    while (*sql == ' ' || *sql == '\t' || *sql == '\n' || *sql == '\r') sql++;
    size_t length = strcspn(sql, "\r\n");
    bool is_longer = length > SHOWN_SQL_BYTES || sql[length] != '\0';
    if (length > SHOWN_SQL_BYTES) length = SHOWN_SQL_BYTES;
    while (length > 0 && ((unsigned char)sql[length] & 0xC0) == 0x80) length--;
    return arena_format(arena, "%.*s%s", (int)length, sql, is_longer ? " …" : "");
}

bool database_error_advise(Error *err, int code, const char *path) {
    switch (code & 0xFF) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return error_hint(err, "another program is writing to it: close it, or try again: lsof '%s'", path);
        case SQLITE_FULL:
            return error_hint(err, "free some disk space: df -h '%s'", path);
        case SQLITE_READONLY:
            return error_hint(err, "look at its owner and permissions: ls -ld '%s'", path);
        case SQLITE_NOTADB:
        case SQLITE_CORRUPT:
            return error_hint(err, "set it aside, and run the command again: mv '%s' '%s.broken'", path, path);
        default:
            return false;
    }
}

bool database_error_refused(const char *path, int code, const char *words, const char *sql, Error *err) {
    if ((code & 0xFF) == SQLITE_INTERRUPT) return error_set(err, ERROR_INTERRUPTED, "the statement was interrupted");
    error_set(err, ERROR_DATABASE, "%s refused a statement: %s", path, words);
    error_detail(err, arena_format(err->arena, "%s\nSQLite %d: %s", first_line(err->arena, sql), code, sqlite3_errstr(code)));
    return database_error_advise(err, code, path);
}

bool database_error_not_opened(const char *path, int code, const char *words, Error *err) {
    error_set(err, ERROR_DATABASE, "cannot open the database %s: %s", path, words);
    return database_error_advise(err, code, path);
}

bool database_error_not_one(const char *path, bool is_none, const char *sql, Error *err) {
    error_set(err, ERROR_DATABASE, "%s takes one statement at a time, and this is %s", path, is_none ? "none" : "more");
    return error_detail(err, first_line(err->arena, sql));
}
