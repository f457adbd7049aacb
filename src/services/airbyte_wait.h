// Waiting until Airbyte in its running node is healthy.
#pragma once
#include "services/airbyte_cluster.h"

typedef struct AirbyteWait {
    const char *step;  // whose progress it is
    int port;
    long long timeout_ms;
} AirbyteWait;

// Until /api/v1/health says available. A node that ends is an error at once, as is a Kubernetes that does not come up; what is
// still on its way at the deadline is ERROR_TIMEOUT with the pod that is stuck. *is_installed false (with true as result):
// Airbyte's installation in this cluster was cut short, and waiting longer would not help.
bool airbyte_wait_healthy(Context *ctx, const DockerEngine *engine, const AirbyteWait *wait, bool *is_installed,
                          Error *err) MUST_USE;
