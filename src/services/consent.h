// Asking the user before something large or lasting is done.
#pragma once
#include "base/context.h"
#include "base/error.h"

// True when the user agrees: by --yes, or by answering the question on a terminal. Off a terminal without --yes, and after a no:
// ERROR_CONFIRMATION_NEEDED with `problem` as message and `hint`.
bool consent_get(Context *ctx, const char *question, const char *problem, const char *hint, Error *err) MUST_USE;
