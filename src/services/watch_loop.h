// One test after each save, until the user has enough: what `devbox watch` and `test dag --watch` share.
#pragma once
#include "model/verdict.h"
#include "services/project.h"
#include "services/save_watch.h"

typedef struct WatchRound {
    const Saves *saves;  // NULL: the first round
    Verdict verdict;     // what the round found
    bool has_tested;     // false: nothing was to be tested, and the last verdict stands
} WatchRound;

typedef struct WatchLoop {
    const Project *project;
    StringList folders, files;  // absolute, as save_watch_create takes them
    const char *what;           // for the line that stays: "dags, plugins, dbt"
    // Tests and emits; ctx->arena is emptied afterwards. A failure ends the loop in the first round; later it is shown.
    bool (*run)(Context *ctx, void *state, WatchRound *round, Error *err);
    // Shows the verdict; NULL: as an event.
    bool (*show)(Context *ctx, void *state, WatchRound *round, Error *err);
    // What can wait until the user has the verdict; NULL: nothing.
    void (*follow_up)(Context *ctx, void *state);
    void *state;
} WatchLoop;

// False only when watching is not possible, or the first round was not; Ctrl-C is how it ends well.
bool watch_loop_run(Context *ctx, const WatchLoop *loop, Error *err) MUST_USE;
