// Login and API keys of Airbyte, read from the cluster's own secret each time: devbox keeps and logs none of them.
#pragma once
#include "services/docker_engine.h"

typedef struct AirbyteCredentials {
    const char *password;                   // of the page
    const char *client_id, *client_secret;  // of the API; NULL: installed without authentication
} AirbyteCredentials;

bool airbyte_credentials_read(Context *ctx, const DockerEngine *engine, AirbyteCredentials *credentials, Error *err) MUST_USE;

// The value of AIRFLOW_CONN_AIRBYTE_DEFAULT with which AirbyteTriggerSyncOperator works. `host` is how Airflow reaches this
// machine: "localhost" in the native runtime, "host.docker.internal" from containers.
const char *airbyte_connection_json(Arena *arena, const AirbyteCredentials *credentials, const char *host, int port);
