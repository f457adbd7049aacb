// Time. Durations and deadlines use the monotonic clock, records use the wall clock.
#pragma once
#include "base/arena.h"

// Milliseconds that only go forward; for durations and deadlines.
long long clock_now_ms(void);

// Milliseconds since 1970; for records.
long long clock_wall_ms(void);

// "2026-11-23T08:12:44+01:00", local time.
const char *clock_format(Arena *arena, long long wall_ms);

// The same for people: "2026-11-23 08:12:44".
const char *clock_describe(Arena *arena, long long wall_ms);

// Sleeps at least this long, whatever signals arrive.
void clock_sleep_ms(long long duration_ms);
