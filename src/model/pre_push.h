// What git tells a pre-push hook on stdin. Pure.
#pragma once
#include "base/error.h"
#include "base/list.h"

typedef struct PushRef {
    const char *local_ref;   // what the user typed: may hold blanks; "(delete)" for a deletion
    const char *local_id;    // hexadecimal, 40 or 64 digits
    const char *remote_ref;  // "refs/heads/main"
    const char *remote_id;
    bool is_deletion, is_new;
} PushRef;

typedef LIST_OF(PushRef) PushRefList;

// Parses from the right, since the first field may hold blanks. Empty text gives no refs; a malformed line is an error with its number.
bool pre_push_parse(Arena *arena, const char *text, size_t length, PushRefList *refs, Error *err) MUST_USE;
