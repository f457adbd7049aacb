// What is said when a container of the platform failed: its state, how often it was restarted, its last log lines, the likely
// cause, the command to run, and where its whole log was saved.
#pragma once
#include "services/airflow_stack.h"
#include "services/service_times.h"

// Fills `err` for the service (compose's name). Nothing is deleted. Always returns false.
bool failure_card_fill(Context *ctx, const Project *project, const DockerEngine *engine, const AirflowStack *stack,
                       const char *service, Error *err);

// The same as ERROR_TIMEOUT for one that has had its time. Always returns false.
bool failure_card_fill_slow(Context *ctx, const Project *project, const DockerEngine *engine, const AirflowStack *stack,
                            const SlowService *slow, Error *err);

// The likely cause in a log and what to do about it; NULL when it shows none. Pure.
const char *failure_card_find_cause(const char *log);
