// One finding of `devbox doctor`, with its remedy.
#pragma once
#include "base/context.h"
#include "base/error.h"
#include "base/list.h"

typedef enum CheckState { CHECK_GOOD, CHECK_WARNING, CHECK_BAD } CheckState;

typedef struct Check {
    const char *name;  // "Python"
    CheckState state;
    const char *finding;  // "Python 3.11 (/usr/bin/python3.11)"
    const char *remedy;   // one command or action; NULL when good
    ErrorCode code;       // what start fails with when it is bad; ERROR_NONE: ERROR_RUNTIME_MISSING
} Check;

typedef LIST_OF(Check) CheckList;
