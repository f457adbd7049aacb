#include "io/database.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/database_error.h"

enum { BACKUP_BUSY_MS = 10000, RETRY_PAUSE_MS = 5, STEPS_BETWEEN_LOOKS = 10000 };

struct Database {
    Arena *arena;
    const char *path;
    sqlite3 *handle;
};

struct Statement {
    Database *db;
    sqlite3_stmt *handle;
    const char *sql;
    int bind_code;  // the first binding that failed, told at the next step
    bool has_failed;
};

// `code` is SQLite's extended result code. Its own words name tables, columns and constraints.
static bool refuse(const Database *db, int code, const char *sql, Error *err) {
    // The handle's message belongs to its latest call: after another code it would tell an older story.
    const char *words = sqlite3_extended_errcode(db->handle) == code ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code);
    return database_error_refused(db->path, code, words, sql, err);
}

static bool refuse_open(const char *path, sqlite3 *handle, int code, Error *err) {
    int reason = handle == NULL ? 0 : sqlite3_system_errno(handle);
    const char *words = handle == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(handle);
    const char *system_words = (code & 0xFF) == SQLITE_CANTOPEN && reason != 0 ? strerror(reason) : words;
    return database_error_not_opened(path, code, system_words, err);
}

// SQLite gives its WAL and shared memory files the database's own permissions, so that these have to be right from the start.
// O_EXCL: closing a descriptor of a database that is open already would drop SQLite's locks on it.
static bool create_private(const char *path, Error *err) {
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
        return true;
    }
    return errno == EEXIST || error_set(err, ERROR_DATABASE, "cannot create the database %s: %s", path, strerror(errno));
}

// SQLite opens lazily: only reading shows that a file is no database. Two that change to WAL at once would wait for each other,
// so that SQLite refuses one of them without waiting; a moment later it may.
static int read_first(sqlite3 *handle, DatabaseMode mode, long long busy_ms) {
    const char *sql = mode == DATABASE_CREATE ? "PRAGMA journal_mode = WAL" : "PRAGMA schema_version";
    long long deadline_ms = clock_now_ms() + busy_ms;
    for (;;) {
        int code = sqlite3_exec(handle, sql, NULL, NULL, NULL);
        if ((code & 0xFF) != SQLITE_BUSY || clock_now_ms() >= deadline_ms) return code;
        sqlite3_sleep(RETRY_PAUSE_MS);
    }
}

bool database_open(Arena *arena, const char *path, DatabaseMode mode, long long busy_ms, Database **db, Error *err) {
    if (mode == DATABASE_CREATE && !create_private(path, err)) return false;
    sqlite3 *handle = NULL;
    int flags = mode == DATABASE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    int code = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code == SQLITE_OK) code = sqlite3_busy_timeout(handle, (int)busy_ms);
    if (code == SQLITE_OK) code = read_first(handle, mode, busy_ms);
    if (code != SQLITE_OK) {
        refuse_open(path, handle, code, err);
        sqlite3_close(handle);
        return false;
    }
    Database *opened = arena_allocate(arena, sizeof *opened);
    *opened = (Database){.arena = arena, .path = arena_copy_string(arena, path), .handle = handle};
    *db = opened;
    return true;
}

static int is_to_end(void *cancel) { return *(const volatile sig_atomic_t *)cancel > 0; }

void database_end_with(Database *db, volatile sig_atomic_t *cancel) {
    sqlite3_progress_handler(db->handle, cancel == NULL ? 0 : STEPS_BETWEEN_LOOKS, is_to_end, (void *)(uintptr_t)cancel);
}

void database_close(Database *db) {
    if (db == NULL) return;
    sqlite3_close_v2(db->handle);
    db->handle = NULL;
}

static int run_to_end(sqlite3_stmt *handle) {
    int code;
    do code = sqlite3_step(handle);
    while (code == SQLITE_ROW);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

bool database_execute(Database *db, const char *sql, Error *err) {
    while (*sql != '\0') {
        sqlite3_stmt *handle = NULL;
        const char *rest = sql;
        int code = sqlite3_prepare_v2(db->handle, sql, -1, &handle, &rest);
        if (code == SQLITE_OK && handle != NULL) code = run_to_end(handle);
        bool is_done = code == SQLITE_OK || refuse(db, code, sql, err);
        sqlite3_finalize(handle);
        if (!is_done) return false;
        sql = rest;
    }
    return true;
}

bool database_execute_with(Database *db, const char *sql, const char *const *parameters, size_t count, Error *err) {
    cleanup_statement Statement *statement = NULL;
    if (!statement_prepare(db, sql, &statement, err)) return false;
    for (size_t i = 0; i < count; i++) {
        statement_bind_text(statement, (int)i + 1, parameters[i], parameters[i] == NULL ? 0 : strlen(parameters[i]));
    }
    for (bool has_row = true; has_row;) {
        if (!statement_step(statement, &has_row, err)) return false;
    }
    return true;
}

// A second statement would be left out without a word, and "SELECT 1; DROP TABLE orders" taken for one that only reads.
static bool is_last_statement(const Database *db, const char *rest) {
    while (*rest != '\0') {
        sqlite3_stmt *next = NULL;
        int code = sqlite3_prepare_v2(db->handle, rest, -1, &next, &rest);
        sqlite3_finalize(next);
        if (code != SQLITE_OK || next != NULL) return false;
    }
    return true;
}

bool statement_prepare(Database *db, const char *sql, Statement **statement, Error *err) {
    sqlite3_stmt *handle = NULL;
    const char *rest = "";
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &handle, &rest);
    if (code != SQLITE_OK) return refuse(db, code, sql, err);
    if (handle == NULL || !is_last_statement(db, rest)) {
        sqlite3_finalize(handle);
        return database_error_not_one(db->path, handle == NULL, sql, err);
    }
    Statement *prepared = arena_allocate(db->arena, sizeof *prepared);
    *prepared = (Statement){.db = db, .handle = handle, .sql = sqlite3_sql(handle)};
    *statement = prepared;
    return true;
}

void statement_finalize(Statement *statement) {
    if (statement == NULL) return;
    sqlite3_finalize(statement->handle);
    statement->handle = NULL;
}

static void keep_first(Statement *statement, int code) {
    if (statement->bind_code == SQLITE_OK) statement->bind_code = code;
}

void statement_bind_text(Statement *statement, int index, const char *text, size_t length) {
    keep_first(statement, sqlite3_bind_text64(statement->handle, index, text, length, SQLITE_STATIC, SQLITE_UTF8));
}

void statement_bind_integer(Statement *statement, int index, int64_t integer) {
    keep_first(statement, sqlite3_bind_int64(statement->handle, index, integer));
}

void statement_bind_real(Statement *statement, int index, double real) {
    keep_first(statement, sqlite3_bind_double(statement->handle, index, real));
}

void statement_bind_null(Statement *statement, int index) { keep_first(statement, sqlite3_bind_null(statement->handle, index)); }

bool statement_step(Statement *statement, bool *has_row, Error *err) {
    if (statement->bind_code != SQLITE_OK) return refuse(statement->db, statement->bind_code, statement->sql, err);
    int code = sqlite3_step(statement->handle);
    statement->has_failed = code != SQLITE_ROW && code != SQLITE_DONE;
    if (statement->has_failed) return refuse(statement->db, code, statement->sql, err);
    *has_row = code == SQLITE_ROW;
    return true;
}

bool statement_reset(Statement *statement, Error *err) {
    int code = sqlite3_reset(statement->handle);
    // sqlite3_reset repeats the error of the last step, which was told already.
    bool was_told = statement->has_failed;
    statement->has_failed = false;
    statement->bind_code = SQLITE_OK;
    return code == SQLITE_OK || was_told || refuse(statement->db, code, statement->sql, err);
}

int statement_column_count(const Statement *statement) { return sqlite3_column_count(statement->handle); }

const char *statement_column_name(Arena *arena, const Statement *statement, int column) {
    return arena_copy_string(arena, sqlite3_column_name(statement->handle, column));
}

ColumnKind statement_column_kind(const Statement *statement, int column) {
    switch (sqlite3_column_type(statement->handle, column)) {
        case SQLITE_INTEGER:
            return COLUMN_INTEGER;
        case SQLITE_FLOAT:
            return COLUMN_REAL;
        case SQLITE_TEXT:
            return COLUMN_TEXT;
        case SQLITE_BLOB:
            return COLUMN_BLOB;
        default:
            return COLUMN_NULL;
    }
}

int64_t statement_column_integer(const Statement *statement, int column) {
    return sqlite3_column_int64(statement->handle, column);
}

double statement_column_real(const Statement *statement, int column) { return sqlite3_column_double(statement->handle, column); }

const char *statement_column_text(Arena *arena, const Statement *statement, int column) {
    if (sqlite3_column_type(statement->handle, column) == SQLITE_NULL) return NULL;
    const unsigned char *text = sqlite3_column_text(statement->handle, column);
    int length = sqlite3_column_bytes(statement->handle, column);
    return text == NULL ? "" : arena_copy_bytes(arena, text, (size_t)length);
}

bool database_query_integer(Database *db, const char *sql, int64_t fallback, int64_t *integer, Error *err) {
    cleanup_statement Statement *statement = NULL;
    bool has_row = false;
    if (!statement_prepare(db, sql, &statement, err) || !statement_step(statement, &has_row, err)) return false;
    bool has_value = has_row && statement_column_kind(statement, 0) != COLUMN_NULL;
    *integer = has_value ? statement_column_integer(statement, 0) : fallback;
    return true;
}

bool database_query_text(Arena *arena, Database *db, const char *sql, const char **text, Error *err) {
    cleanup_statement Statement *statement = NULL;
    bool has_row = false;
    if (!statement_prepare(db, sql, &statement, err) || !statement_step(statement, &has_row, err)) return false;
    *text = has_row ? statement_column_text(arena, statement, 0) : NULL;
    return true;
}

bool statement_is_read_only(const Statement *statement) {
    return sqlite3_stmt_readonly(statement->handle) != 0 || sqlite3_stmt_isexplain(statement->handle) != 0;
}

const char *database_quote_identifier(Arena *arena, const char *name) {
    Text quoted = {.arena = arena};
    text_append_char(&quoted, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"') text_append_char(&quoted, '"');
        text_append_char(&quoted, *name);
    }
    text_append_char(&quoted, '"');
    return text_string(&quoted);
}

static bool copy_pages(const Database *source, const Database *target, Error *err) {
    sqlite3_backup *backup = sqlite3_backup_init(target->handle, "main", source->handle, "main");
    if (backup != NULL) sqlite3_backup_step(backup, -1);
    int code = backup == NULL ? sqlite3_extended_errcode(target->handle) : sqlite3_backup_finish(backup);
    if (code == SQLITE_OK) return true;
    error_set(err, ERROR_DATABASE, "cannot copy the database %s to %s: %s", source->path, target->path, sqlite3_errstr(code));
    bool is_source_broken = (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB;
    return database_error_advise(err, code, is_source_broken ? source->path : target->path);
}

bool database_backup(Arena *arena, const char *from, const char *to, Error *err) {
    cleanup_database Database *source = NULL;
    cleanup_database Database *target = NULL;
    if (!database_open(arena, from, DATABASE_READ, BACKUP_BUSY_MS, &source, err)) return false;
    bool is_new = access(to, F_OK) != 0;
    if (!create_private(to, err)) return false;
    bool is_copied = database_open(arena, to, DATABASE_WRITE, BACKUP_BUSY_MS, &target, err) && copy_pages(source, target, err);
    if (!is_copied && is_new) unlink(to);
    return is_copied;
}
