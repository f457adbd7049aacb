#include "fakes/fake_clock.h"

#include <time.h>

#include "io/clock.h"

static long long now_ms, now_wall_ms, slept_ms;
static void (*sleep_action)(void);

void fake_clock_on_sleep(void (*action)(void)) { sleep_action = action; }

void fake_clock_set(long long monotonic_ms, long long wall_ms) {
    now_ms = monotonic_ms;
    now_wall_ms = wall_ms;
    slept_ms = 0;
}

void fake_clock_advance(long long duration_ms) {
    now_ms += duration_ms;
    now_wall_ms += duration_ms;
}

long long fake_clock_slept_ms(void) { return slept_ms; }

long long clock_now_ms(void) { return now_ms; }

long long clock_wall_ms(void) { return now_wall_ms; }

// Always in UTC, so that expected texts hold everywhere.
const char *clock_format(Arena *arena, long long wall_ms) {
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    char date[32];
    gmtime_r(&seconds, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S+00:00", &utc);
    return arena_copy_string(arena, date);
}

void clock_sleep_ms(long long duration_ms) {
    fake_clock_advance(duration_ms);
    slept_ms += duration_ms;
    if (sleep_action != NULL) sleep_action();
}

const char *clock_describe(Arena *arena, long long wall_ms) {
    const char *time = clock_format(arena, wall_ms);
    return arena_format(arena, "%.10s %.8s", time, time + 11);
}
