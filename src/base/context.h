// What every function of a running command may need: memory, where events go, whether to stop.
#pragma once
#include <signal.h>
#include <stdbool.h>

#include "base/arena.h"

struct EventSink;

typedef struct Context {
    Arena *arena;                   // lives until the command ends
    struct EventSink *sink;         // where events go (model/event.h)
    volatile sig_atomic_t *cancel;  // how often the user asked to stop: 1 = finish what is up, 2 = now
    const char *executable;         // absolute path of this devbox
    const char *share_dir;          // where compose/, seeds/, starter/ and workers/ are found
    int verbosity;                  // 0, or one per -v
    long long timeout_ms;           // --timeout, 0 when not given
    bool is_dry_run, is_confirmed;  // --dry-run, --yes
} Context;

static inline bool context_is_cancelled(const Context *ctx) { return ctx->cancel != NULL && *ctx->cancel > 0; }
