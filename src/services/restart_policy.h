// How often a crashed service is started again: a few times with growing pauses, then it counts as failed. Pure.
#pragma once
#include <stdbool.h>

enum { RESTART_LIMIT = 4, RESTART_WINDOW_MS = 300 * 1000, RESTART_FIRST_PAUSE_MS = 1000 };

typedef struct RestartPolicy {
    int attempts;  // within the window
    long long window_start_ms;
} RestartPolicy;

// Notes a crash at `now_ms`. True when the service may start again, after *pause_ms; false when it crashed too often.
bool restart_policy_note_crash(RestartPolicy *policy, long long now_ms, long long *pause_ms);
