// How long each service may take until it is healthy, counted from its own start, and which one has had its time.
#pragma once
#include "services/airflow_profile.h"
#include "services/runtime_state.h"

// One process or container of a service, and when it was first seen (clock_now_ms: an engine may have another wall clock).
typedef struct ServiceRun {
    const char *name;
    long long started_ms, seen_ms;
} ServiceRun;

typedef struct ServiceTimes {
    Arena *arena;  // lives as long as the wait, as the profile does
    const AirflowProfile *profile;
    long long begun_ms;
    long long whole_ms;  // --timeout: one time for all together; 0: each service has its own, which the profile tells
    LIST_OF(ServiceRun) runs;
} ServiceTimes;

// A wait that begins now.
ServiceTimes service_times_begin(const Context *ctx, const AirflowProfile *profile);

// One whose time is over.
typedef struct SlowService {
    const ServiceStatus *status;  // NULL: Airflow has shown no service yet
    long long limit_ms;           // the time that it had
} SlowService;

// To be asked again and again during one wait. A service that waits for another one to come up has time meanwhile.
bool service_times_are_over(ServiceTimes *times, const RuntimeState *state, SlowService *slow);
