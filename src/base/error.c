#include "base/error.h"

#include <stdarg.h>
#include <string.h>

typedef struct ErrorRow {
    const char *name, *title;
    int exit_code;
} ErrorRow;

static const ErrorRow rows[ERROR_CODE_COUNT] = {
    [ERROR_NONE] = {"NONE", "Nothing failed", 0},
#define ERROR_ROW(code, exit_status, text) [ERROR_##code] = {#code, text, exit_status},
#include "base/errors.def"
#undef ERROR_ROW
};

bool error_set(Error *err, ErrorCode code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *message = arena_format_list(err->arena, format, arguments);
    va_end(arguments);
    *err = (Error){.arena = err->arena, .code = code, .message = message};
    return false;
}

bool error_hint(Error *err, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    err->hint = arena_format_list(err->arena, format, arguments);
    va_end(arguments);
    return false;
}

bool error_detail(Error *err, const char *detail) {
    err->detail = detail == NULL || *detail == '\0' ? NULL : arena_copy_string(err->arena, detail);
    return false;
}

bool error_wrap(Error *err, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *context = arena_format_list(err->arena, format, arguments);
    va_end(arguments);
    err->message = arena_format(err->arena, "%s: %s", context, err->message);
    return false;
}

void error_clear(Error *err) { *err = (Error){.arena = err->arena}; }

const char *error_code_name(ErrorCode code) { return rows[code].name; }

int error_code_exit(ErrorCode code) { return rows[code].exit_code; }

const char *error_code_title(ErrorCode code) { return rows[code].title; }

ErrorCode error_code_from_name(const char *name) {
    for (int code = 1; code < ERROR_CODE_COUNT; code++) {
        if (strcmp(rows[code].name, name) == 0) return (ErrorCode)code;
    }
    return ERROR_NONE;
}
