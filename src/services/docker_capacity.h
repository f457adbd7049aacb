// Whether Airflow's containers and images fit into an engine, by what it tells of itself and what its disk has left.
#pragma once
#include "services/check.h"
#include "services/docker_engine.h"

// Memory, processors and architecture of the engine. It must have been described (docker_session_engine).
void docker_capacity_judge(Arena *arena, const DockerEngine *engine, CheckList *checks);

// The disk of its images, before one is pulled or built; adds nothing where that is a virtual machine's, whose room nobody tells.
void docker_capacity_judge_disk(Arena *arena, const DockerEngine *engine, CheckList *checks);

// airflow.memory, the limit of each container; adds nothing when it is enough.
void docker_capacity_judge_limit(Arena *arena, const char *memory, CheckList *checks);
