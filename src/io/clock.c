#include "io/clock.h"

#include <string.h>
#include <time.h>

static long long read_ms(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

long long clock_now_ms(void) { return read_ms(CLOCK_MONOTONIC); }

long long clock_wall_ms(void) { return read_ms(CLOCK_REALTIME); }

const char *clock_format(Arena *arena, long long wall_ms) {
    time_t seconds = (time_t)(wall_ms / 1000 - (wall_ms % 1000 < 0));
    struct tm local;
    char date[32] = "", offset[8] = "";
    localtime_r(&seconds, &local);  // fails only beyond year 2^31, which milliseconds in 64 bits do not reach
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &local);
    strftime(offset, sizeof offset, "%z", &local);
    // %z has no colon ("+0100"), ISO 8601 in its extended form does.
    return arena_format(arena, "%s%.3s:%s", date, offset, strlen(offset) > 3 ? offset + 3 : "00");
}

const char *clock_describe(Arena *arena, long long wall_ms) {
    const char *time = clock_format(arena, wall_ms);
    return arena_format(arena, "%.10s %.8s", time, time + 11);
}

void clock_sleep_ms(long long duration_ms) {
    long long deadline_ms = clock_now_ms() + duration_ms;
    for (long long left_ms = duration_ms; left_ms > 0; left_ms = deadline_ms - clock_now_ms()) {
        struct timespec left = {.tv_sec = (time_t)(left_ms / 1000), .tv_nsec = (long)(left_ms % 1000) * 1000000};
        nanosleep(&left, NULL);
    }
}
