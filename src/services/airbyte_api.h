// Airbyte's HTTP API, as far as devbox asks it: is it up, whose is it, is a token granted.
#pragma once
#include "base/context.h"
#include "base/error.h"

typedef enum AirbyteHealth {
    AIRBYTE_UNREACHABLE,  // nothing answers, or only the ingress does (502, 503)
    AIRBYTE_UNAVAILABLE,  // Airbyte answers that it is not ready
    AIRBYTE_HEALTHY,
    AIRBYTE_FOREIGN,  // something answers that is not Airbyte
} AirbyteHealth;

// GET /api/v1/health. Its status is 200 also while it is not available: the body tells.
AirbyteHealth airbyte_api_health(Context *ctx, int port);

typedef struct AirbyteInstance {
    const char *version, *email;  // NULL: not known
    bool is_set_up;               // the first login is done
} AirbyteInstance;

// What it says of itself without a login; false when it does not.
bool airbyte_api_instance(Context *ctx, int port, AirbyteInstance *instance);

typedef enum AirbyteToken {
    AIRBYTE_TOKEN_GRANTED,
    AIRBYTE_TOKEN_REFUSED,   // wrong or old credentials, or a chart (2.0.8 to 2.0.17) that does not know its own
    AIRBYTE_TOKEN_UNNEEDED,  // installed without authentication
    AIRBYTE_TOKEN_NO_ANSWER,
} AirbyteToken;

// Asks for a token as Airflow's provider does, and forgets it.
AirbyteToken airbyte_api_check_token(Context *ctx, int port, const char *client_id, const char *client_secret);

// "granted", or what is the matter and what helps.
const char *airbyte_token_describe(AirbyteToken token);
