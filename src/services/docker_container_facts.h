// What the engine's JSON says about a container. Pure; not for others than docker_containers.c.
#pragma once
#include "services/docker_containers.h"

// One item of /containers/json.
DockerContainer docker_container_of_list(Arena *arena, const Value *item);

// The answer of /containers/ID/json.
DockerContainer docker_container_of_inspection(Arena *arena, const Value *answer);

// "Up 5 minutes (healthy)" → healthy: the list has it nowhere else.
DockerHealth docker_health_of_status(const char *status);
