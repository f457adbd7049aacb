// Is Airflow healthy? Its own JSON, read with distrust: it stays green long after a component was killed.
#pragma once
#include "services/airflow_profile.h"

typedef struct ComponentHealth {
    const char *name;  // "dag_processor"
    bool is_healthy;
    long long heartbeat_ms;  // wall clock, 0 when it has none
} ComponentHealth;

typedef LIST_OF(ComponentHealth) ComponentHealthList;

// Asks the web server or API server on this port. False when it does not answer (yet).
bool airflow_health_ask(Context *ctx, const AirflowProfile *profile, int port, long long timeout_ms,
                        ComponentHealthList *components, Error *err) MUST_USE;

// "2026-11-23T08:12:44.123456+00:00" → milliseconds since 1970; 0 when it is no such time.
long long airflow_health_parse_time(const char *text);
