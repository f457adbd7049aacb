// What went wrong, for people: one sentence what, one next action, and the evidence.
// Functions that can fail return bool, take `Error *err` last, and leave their out-parameters alone on false.
#pragma once
#include <stdbool.h>

#include "base/arena.h"

typedef enum ErrorCode {
    ERROR_NONE,
#define ERROR_ROW(code, exit_code, title) ERROR_##code,
#include "base/errors.def"
#undef ERROR_ROW
    ERROR_CODE_COUNT
} ErrorCode;

typedef struct Error {
    Arena *arena;         // set by whoever declares the Error: Error err = {.arena = arena}
    ErrorCode code;       // ERROR_NONE while nothing failed
    const char *message;  // what failed, with the object's name; no final full stop, no line break
    const char *hint;     // the one next action, a command if possible; or NULL
    const char *detail;   // last lines of a child, a log tail, an SQL error; several lines; or NULL
} Error;

#define MUST_USE __attribute__((warn_unused_result))

// Fills the error and returns false, so that a failing function can `return error_set(err, …)`.
bool error_set(Error *err, ErrorCode code, const char *format, ...) __attribute__((format(printf, 3, 4)));

// Adds the next action, or the evidence; both return false for the same reason.
bool error_hint(Error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool error_detail(Error *err, const char *detail);

// Puts context before the message: "cannot seed orders: " + message. Returns false.
bool error_wrap(Error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Forgets what happened, for callers that go on without.
void error_clear(Error *err);

// ERROR_PORT_BUSY → "PORT_BUSY", its exit code, and a title for `devbox explain`.
const char *error_code_name(ErrorCode code);
int error_code_exit(ErrorCode code);
const char *error_code_title(ErrorCode code);

// The code with this name, ERROR_NONE when there is none.
ErrorCode error_code_from_name(const char *name);
