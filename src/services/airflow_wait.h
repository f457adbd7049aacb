// What a wait for a healthy Airflow says meanwhile, in either runtime.
#pragma once
#include "services/runtime_state.h"

typedef struct WaitNews {
    const char *step;  // whose progress it is
    Arena *arena;      // lives as long as the wait
    const char *said;  // what was reported last; NULL: nothing yet
} WaitNews;

// The first service in this state, NULL when there is none.
const ServiceStatus *airflow_wait_find(const RuntimeState *state, ServiceState wanted);

// Reports what it waits for when that has changed, else only lets the spinner move. `turn` may forget what it holds.
void airflow_wait_report(Context *turn, WaitNews *news, const RuntimeState *state);
