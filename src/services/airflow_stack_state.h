// What the containers' states mean for the services of the platform. Pure.
#pragma once
#include "services/airflow_health.h"
#include "services/airflow_stack.h"

// Fills stack->state from profile and containers.
void airflow_stack_judge(Arena *arena, const Project *project, AirflowStack *stack);

// True while a running service has not shown yet whether it is healthy.
bool airflow_stack_is_waiting(const AirflowStack *stack);

// Adds what Airflow's health page says of those.
void airflow_stack_take_page(Arena *arena, const ComponentHealthList *components, long long now_ms, AirflowStack *stack);

// It runs, is about to, or was paused.
bool airflow_stack_is_alive(const DockerContainer *container);

// The engine has restarted the database several times since `before` was seen: the others would wait for it for ever.
bool airflow_stack_database_crashes(const AirflowStack *stack, const AirflowStack *before);

// The service that keeps the others from coming up: one that ended badly, or again and again, since `before` was seen, else a
// sick one; NULL when none does. For version 1 of compose, which does not say.
const char *airflow_stack_find_culprit(const AirflowStack *stack, const AirflowStack *before);
