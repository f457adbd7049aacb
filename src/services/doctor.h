// Looks at everything that `devbox start` needs, each with its remedy.
#pragma once
#include "model/event.h"
#include "services/project.h"

typedef enum CheckState { CHECK_GOOD, CHECK_WARNING, CHECK_BAD } CheckState;

typedef struct Check {
    const char *name;  // "Python"
    CheckState state;
    const char *finding;  // "Python 3.11 (/usr/bin/python3.11)"
    const char *remedy;   // one command or action; NULL when good
} Check;

typedef LIST_OF(Check) CheckList;

// All checks; nothing is changed.
CheckList doctor_examine(Context *ctx, const Project *project);

// Only what would stop a start, as an error: too little disk.
bool doctor_check_prerequisites(Context *ctx, const Project *project, Error *err) MUST_USE;
