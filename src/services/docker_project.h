// What a container engine holds for one checkout: containers, and the networks and volumes that compose made.
#pragma once
#include "services/docker_engine.h"

typedef struct DockerProject {
    StringList containers, networks, volumes;  // ids, ids, names
} DockerProject;

// What has the label of compose's project ("com.docker.compose.project=shop"), and containers with the checkout's own
// ("dev.devbox.instance=0123456789ab"), which compose did not make.
bool docker_project_find(Context *ctx, const DockerEngine *engine, const char *compose_label, const char *own_label,
                         DockerProject *found, Error *err) MUST_USE;

// Running containers are killed. What went meanwhile is done already.
bool docker_project_remove_containers(Context *ctx, const DockerEngine *engine, const DockerProject *found, Error *err) MUST_USE;

// What containers have used: networks and volumes.
bool docker_project_remove_rest(Context *ctx, const DockerEngine *engine, const DockerProject *found, Error *err) MUST_USE;
