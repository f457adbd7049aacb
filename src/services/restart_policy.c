#include "services/restart_policy.h"

bool restart_policy_note_crash(RestartPolicy *policy, long long now_ms, long long *pause_ms) {
    if (policy->attempts == 0 || now_ms - policy->window_start_ms > RESTART_WINDOW_MS) {
        *policy = (RestartPolicy){.window_start_ms = now_ms};
    }
    if (policy->attempts >= RESTART_LIMIT) return false;
    *pause_ms = (long long)RESTART_FIRST_PAUSE_MS << policy->attempts;
    policy->attempts++;
    return true;
}
