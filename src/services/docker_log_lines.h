// Lines out of the engine's answer to a request for a log. Pure; not for others than docker_log.c.
#pragma once
#include "services/docker_containers.h"

// Adds those younger than `since` (NULL: all); false when the answer ends within a frame.
bool docker_log_parse(Arena *arena, const char *bytes, size_t length, const char *since, DockerLogLineList *lines);
