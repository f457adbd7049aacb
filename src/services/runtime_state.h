// What the supervisor knows of the running services, as it stands in .devbox/run/services.json: `status` needs no more than that
// file.
#pragma once
#include <sys/types.h>

#include "services/project.h"

typedef enum ServiceState {
    SERVICE_STARTING,
    SERVICE_HEALTHY,
    SERVICE_UNHEALTHY,
    SERVICE_RESTARTING,
    SERVICE_FAILED
} ServiceState;

typedef struct ServiceStatus {
    const char *name, *label;
    ServiceState state;
    pid_t pid;              // 0: it does not run
    const char *container;  // its name; NULL without containers
    int restarts;
    long long started_ms;  // wall clock, of the current process
    const char *message;   // why it is not healthy: "exited (1) 3s after start"
    const char *log_path;
} ServiceStatus;

typedef LIST_OF(ServiceStatus) ServiceStatusList;

typedef enum RuntimePhase {
    RUNTIME_STOPPED,
    RUNTIME_STARTING,
    RUNTIME_HEALTHY,
    RUNTIME_DEGRADED,
    RUNTIME_FAILED,
    RUNTIME_STOPPING
} RuntimePhase;

typedef struct RuntimeState {
    RuntimePhase phase;
    pid_t supervisor;
    const char *version;      // of Airflow
    const char *fingerprint;  // of everything the services were started with
    int port;
    long long started_ms, healthy_ms;  // wall clock; healthy_ms 0 until the first time
    long long age_ms;                  // of the file; filled by reading
    const char *message;               // why the phase is failed
    const char *request;               // the last restart_request that was taken; NULL: none
    ServiceStatusList services;
} RuntimeState;

// Reads the file. Without a living supervisor the phase is RUNTIME_STOPPED, whatever the file says; with one that has not
// written yet it is RUNTIME_STARTING without services.
bool runtime_state_read(Context *ctx, const Project *project, RuntimeState *state, Error *err) MUST_USE;

bool runtime_state_write(Context *ctx, const Project *project, const RuntimeState *state, Error *err) MUST_USE;

// Before a supervisor is started: what an earlier one left must not be taken for its word.
bool runtime_state_forget(Context *ctx, const Project *project, Error *err) MUST_USE;

// Renews the file's age without writing it.
void runtime_state_touch(Context *ctx, const Project *project);

const char *service_state_name(ServiceState state);  // "healthy"
const char *runtime_phase_name(RuntimePhase phase);  // "starting"

// The file that the living supervisor holds locked.
const char *runtime_state_lock_path(Arena *arena, const Project *project);
