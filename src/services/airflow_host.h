// The warm Python parent (src/workers/airflow_host.py) that imports Airflow once and forks its components.
#pragma once
#include <sys/types.h>

#include "services/airflow_setup.h"

typedef enum HostEventKind { HOST_READY, HOST_SERVICE_STARTED, HOST_SERVICE_EXITED, HOST_GONE } HostEventKind;

typedef struct HostEvent {
    HostEventKind kind;
    const char *service;
    pid_t pid;
    int exit_code, signal;  // of an exited service; signal 0 when it exited by itself
} HostEvent;

typedef LIST_OF(HostEvent) HostEventList;

typedef struct AirflowHost {
    pid_t pid;
    int input_fd, output_fd;  // poll output_fd
    char *pending;            // an incomplete line
    size_t pending_length;
} AirflowHost;

// Starts the host; its own words go to `log_path`.
bool airflow_host_open(Context *ctx, const AirflowSetup *setup, const ChildEnvironment *environment, const char *log_path,
                       AirflowHost *host, Error *err) MUST_USE;

// Asks for a component to be forked, its output appended to `log_path`. False when the host is gone.
bool airflow_host_start(Context *ctx, AirflowHost *host, const AirflowService *service, const char *log_path);

// What the host said since the last call, without waiting.
HostEventList airflow_host_read(Context *ctx, AirflowHost *host);

// Lets go of the host, which ends and takes its components with it.
void airflow_host_close(AirflowHost *host);
