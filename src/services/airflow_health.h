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
