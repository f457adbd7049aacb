// Airbyte's cluster: the one container that abctl's kind makes, the same for all checkouts of this machine.
#pragma once
#include "services/docker_containers.h"

#define AIRBYTE_CONTAINER "airbyte-abctl-control-plane"

typedef enum AirbyteState { AIRBYTE_ABSENT, AIRBYTE_STOPPED, AIRBYTE_PAUSED, AIRBYTE_RUNNING } AirbyteState;

typedef struct AirbyteCluster {
    AirbyteState state;
    const char *engine_state;  // the engine's own word: "exited"
    int exit_code;             // of a stopped one
    int port;                  // of the page; 0 when the container publishes none
} AirbyteCluster;

// One request. A container of that name that is no node of kind's is ERROR_SERVICE.
bool airbyte_cluster_inspect(Context *ctx, const DockerEngine *engine, AirbyteCluster *cluster, Error *err) MUST_USE;

// Starts or wakes the node; a running one is fine. It says nothing about Airbyte in it.
bool airbyte_cluster_wake(Context *ctx, const DockerEngine *engine, const AirbyteCluster *cluster, Error *err) MUST_USE;

bool airbyte_cluster_stop(Context *ctx, const DockerEngine *engine, Error *err) MUST_USE;

typedef struct AirbytePods {
    int ready, total;     // without those that ended well, and without those of syncs
    const char *trouble;  // "airbyte-abctl-worker-7d9c: ImagePullBackOff"; NULL: none is stuck
} AirbytePods;

// What runs in the node, by its own kubectl. False while Kubernetes does not answer.
bool airbyte_cluster_pods(Context *ctx, const DockerEngine *engine, AirbytePods *pods, Error *err) MUST_USE;

// Whether an installation of Airbyte's chart was ever completed in this cluster; one that was cut short was not.
bool airbyte_cluster_is_installed(Context *ctx, const DockerEngine *engine, bool *is_installed, Error *err) MUST_USE;

// Reads a secret of Airbyte's namespace as JSON.
bool airbyte_cluster_read_secret(Context *ctx, const DockerEngine *engine, const char *name, Value **secret, Error *err) MUST_USE;

// The last lines of the bootloader's log, which prepares the database; NULL when there is none.
const char *airbyte_cluster_bootloader_log(Context *ctx, const DockerEngine *engine);
