#include "services/airflow_wait.h"

#include "base/text.h"
#include "model/event.h"

const ServiceStatus *airflow_wait_find(const RuntimeState *state, ServiceState wanted) {
    list_each(const ServiceStatus, status, &state->services) {
        if (status->state == wanted) return status;
    }
    return NULL;
}

static const char *describe(Arena *arena, const RuntimeState *state) {
    StringList waiting = {0};
    const ServiceStatus *restarting = airflow_wait_find(state, SERVICE_RESTARTING);
    if (restarting != NULL && restarting->message != NULL) {
        return arena_format(arena, "%s %s; starting it again", restarting->label, restarting->message);
    }
    list_each(const ServiceStatus, status, &state->services) {
        if (status->state != SERVICE_HEALTHY) list_push(arena, &waiting, status->label);
    }
    return arena_format(arena, "waiting for %s", waiting.count == 0 ? "Airflow" : text_join(arena, &waiting, ", "));
}

void airflow_wait_report(Context *turn, WaitNews *news, const RuntimeState *state) {
    const char *text = describe(turn->arena, state);
    if (text_equals(text, news->said)) {
        event_tick(turn);
        return;
    }
    news->said = arena_copy_string(news->arena, text);
    event_step_progress(turn, news->step, "%s", text);
}
