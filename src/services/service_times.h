// How long each service may take until it is healthy, counted from when it begins to start, and which one has had its time.
#pragma once
#include "services/airflow_profile.h"
#include "services/runtime_state.h"

// Since when a service has been on its way without a pause.
typedef struct ServiceClock {
    const char *name;
    long long since_ms, turn;
} ServiceClock;

typedef struct ServiceTimes {
    Arena *arena;  // lives as long as the wait, as the profile does
    const AirflowProfile *profile;
    long long begun_ms;
    long long whole_ms;  // one time for all together, as --timeout is; 0: each service has its own, which the profile tells
    long long least_ms;  // no service has less
    long long turn;      // how often was asked
    LIST_OF(ServiceClock) clocks;
} ServiceTimes;

// One whose time is over.
typedef struct SlowService {
    const ServiceStatus *status;  // NULL: no service shows why Airflow is not healthy
    long long limit_ms;           // the time that it had
} SlowService;

// What to offer as --timeout to who wants to wait longer.
long long service_times_more_minutes(const SlowService *slow);

// A wait that begins now.
ServiceTimes service_times_begin(Arena *arena, const AirflowProfile *profile);

// To be asked every moment of one wait that is not over. A service that waits for another one to come up has time meanwhile; one
// that crashes and is started again has no more than the others.
bool service_times_are_over(ServiceTimes *times, const RuntimeState *state, SlowService *slow);
