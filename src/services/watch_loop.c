#include "services/watch_loop.h"

#include "base/map.h"
#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "model/event.h"

enum { TIME_OFFSET = 11, TIME_LENGTH = 8 };  // in "2026-11-23T08:12:44+01:00"

typedef struct Running {
    const WatchLoop *loop;
    SaveWatch *watch;
    Arena *arena;     // as long as the loop
    Map written[2];   // files that changed while the last round ran, and the one before it
    Map left_alone;   // files that the tests themselves write
    char status[80];  // how the last test ended
} Running;

static const char *time_of_day(Arena *arena) {
    return arena_copy_bytes(arena, clock_format(arena, clock_wall_ms()) + TIME_OFFSET, TIME_LENGTH);
}

static void keep_status(Running *running, Arena *arena, const Verdict *verdict) {
    bool is_green = verdict_is_green(verdict);
    const char *outcome = is_green ? "passed" : verdict->failed + verdict->errors > 0 ? "failed" : "could not test";
    snprintf(running->status, sizeof running->status, " · %s %s in %.2fs", time_of_day(arena), outcome,
             (double)verdict->duration_ms / 1000.0);
}

static void announce(Context *ctx, const WatchLoop *loop, const Saves *saves) {
    const FileChangeList *changes = &saves->changes;
    const char *time = time_of_day(ctx->arena);
    if (changes->count == 0) {
        event_headline(ctx, "%s · much has changed", time);
        return;
    }
    // Programs that save by renaming leave names that are gone already: what is there counts.
    const FileChange *first = &changes->items[0];
    size_t saved = 0;
    list_each(const FileChange, change, changes) {
        if (!change->is_removed && saved++ == 0) first = change;
    }
    const char *name = path_relative(ctx->arena, first->path, loop->project->root), *verb = saved == 0 ? "removed" : "saved";
    size_t others = (saved == 0 ? changes->count : saved) - 1;
    if (others == 0) event_headline(ctx, "%s · %s %s", time, name, verb);
    if (others > 0) event_headline(ctx, "%s · %s and %zu more %s", time, name, others, verb);
}

// What was red may just be gone.
static bool has_removed(const Saves *saves) {
    if (saves == NULL) return false;
    list_each(const FileChange, change, &saves->changes) {
        if (change->is_removed) return true;
    }
    return false;
}

static bool play_round(Context *ctx, Running *running, const Saves *saves, Error *err) {
    const WatchLoop *loop = running->loop;
    WatchRound round = {.saves = saves};
    if (!loop->run(ctx, loop->state, &round, err)) return false;
    if (!round.has_tested && has_removed(saves)) running->status[0] = '\0';
    if (!round.has_tested) return true;
    keep_status(running, ctx->arena, &round.verdict);
    if (loop->show != NULL) return loop->show(ctx, loop->state, &round, err);
    event_round(ctx, &round.verdict);
    return true;
}

static void show_status(const Context *ctx, const Running *running) {
    event_status(ctx, "watching %s%s · Ctrl-C ends", running->loop->what, running->status);
}

// What could not run now may run after the next save.
static bool play_later_round(Context *ctx, Running *running, const Saves *saves, Error *err) {
    Error trouble = {.arena = ctx->arena};
    announce(ctx, running->loop, saves);
    if (play_round(ctx, running, saves, &trouble)) return true;
    if (context_is_cancelled(ctx)) return error_set(err, ERROR_INTERRUPTED, "interrupted while testing");
    event_step_failed(ctx, "watch", 0, &trouble);
    return true;
}

// A test that writes below the watched folders would set itself off for ever: what changes during two rounds in a row, and is
// no Python, is its own work.
static bool is_own_work(Context *ctx, Running *running, const char *path) {
    if (map_has(&running->left_alone, path)) return true;
    if (text_ends_with(path, ".py")) return false;
    const char *kept = arena_copy_string(running->arena, path);
    map_set(running->arena, &running->written[0], kept, running);
    if (!map_has(&running->written[1], path)) return false;
    map_set(running->arena, &running->left_alone, kept, running);
    event_note(ctx, "%s is written by the test itself, so its changes are left alone from now on",
               path_relative(ctx->arena, path, running->loop->project->root));
    return true;
}

// What was saved during a round counts for the next one.
static Saves take_saves_of_round(Context *ctx, Running *running) {
    Saves taken, kept = {0};
    running->written[1] = running->written[0];
    running->written[0] = (Map){0};
    save_watch_take(ctx, running->watch, &taken);
    kept.has_overflowed = taken.has_overflowed;
    list_each(const FileChange, change, &taken.changes) {
        if (!is_own_work(ctx, running, change->path)) list_push(ctx->arena, &kept.changes, *change);
    }
    return kept;
}

static bool is_left_alone(const Running *running, const Saves *saves) {
    list_each(const FileChange, change, &saves->changes) {
        if (!map_has(&running->left_alone, change->path)) return false;
    }
    return !saves->has_overflowed;
}

static bool play(Context *turn, Running *running, Error *err) {
    ArenaMark mark = arena_mark(turn->arena);
    bool is_done = play_round(turn, running, NULL, err);
    while (is_done) {
        Saves saves, earlier = take_saves_of_round(turn, running);
        show_status(turn, running);
        if (running->loop->follow_up != NULL) running->loop->follow_up(turn, running->loop->state);
        if (!save_watch_next(turn, running->watch, &earlier, &saves)) return true;
        if (!is_left_alone(running, &saves)) is_done = play_later_round(turn, running, &saves, err);
        arena_reset(turn->arena, mark);
    }
    return false;
}

bool watch_loop_run(Context *ctx, const WatchLoop *loop, Error *err) {
    Running running = {.loop = loop, .arena = ctx->arena};
    Context turn = *ctx;
    if (!save_watch_create(ctx, &loop->folders, &loop->files, &running.watch, err)) return false;
    turn.arena = arena_create();
    bool is_done = play(&turn, &running, err);
    arena_destroy(turn.arena);
    save_watch_destroy(running.watch);
    if (is_done || err->code != ERROR_INTERRUPTED || !context_is_cancelled(ctx)) return is_done;
    error_clear(err);
    return true;
}
