// Which services are healthy, judged by what Airflow's health page says of its components. Pure: only the state changes. Each
// function returns true when it did; what it keeps is copied to `arena`.
#pragma once
#include "services/airflow_health.h"
#include "services/runtime_state.h"

bool service_health_set(Arena *arena, ServiceStatus *status, ServiceState state, const char *message);

// The first time that the phase is healthy is noted at `now_ms`, wall clock.
bool service_health_set_phase(Arena *arena, RuntimeState *state, RuntimePhase phase, const char *message, long long now_ms);

// The page answered. A service is healthy when its component says so with a heartbeat newer than its start, and its process
// lives.
bool service_health_judge(Arena *arena, RuntimeState *state, const ComponentHealthList *components, long long now_ms);

// The page did not answer for `reason`: only the service that should have answered is to blame. `components` are the page's.
bool service_health_judge_silence(Arena *arena, RuntimeState *state, const StringList *components, const char *reason,
                                  long long now_ms);

// True for the service that serves the page: it is no component of it.
bool service_health_serves_page(const StringList *components, const char *service);
