// The containers of this checkout's platform, as the engine shows them.
#pragma once
#include "services/airflow_profile.h"
#include "services/docker_containers.h"
#include "services/runtime_state.h"

#define AIRFLOW_STACK_DATABASE "postgres"  // the service of Airflow's database

typedef struct AirflowStack {
    AirflowProfile profile;
    DockerContainerList containers;  // of the compose project, stopped ones and one-shots too
    RuntimeState state;              // what status tells of them
} AirflowStack;

// Asks the engine, and Airflow's health page where a container's own check has not had its first turn yet.
bool airflow_stack_observe(Context *ctx, const Project *project, const DockerEngine *engine, AirflowStack *stack,
                           Error *err) MUST_USE;

// The container of a service ("airflow-scheduler", "postgres"), NULL when there is none.
const DockerContainer *airflow_stack_find(const AirflowStack *stack, const char *service);

// Compose's name of a service that the state tells of.
const char *airflow_stack_service_of(const AirflowStack *stack, const ServiceStatus *status);

// The name that devbox shows for a service of compose: the profile's ("scheduler", "api-server"), else compose's own.
const char *airflow_stack_short_name(Arena *arena, const AirflowProfile *profile, const char *service);

// One that runs once, before the others ("airflow-init").
bool airflow_stack_is_one_shot(const char *service);
