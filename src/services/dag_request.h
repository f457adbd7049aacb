// One request to src/workers/airflow_host.py, in a warm process: private folders, events read as they come.
#pragma once
#include "services/dag_events.h"

typedef struct DagRequest {
    Value *message;        // the request's own keys; the common ones are added
    long long timeout_ms;  // of the whole request
    bool keeps_work_dir;
} DagRequest;

// Sends the request and reads events into `events` until it is done. False when the host could not answer (its stderr is the
// detail).
bool dag_request_send(Context *ctx, const Project *project, const DagRequest *request, DagEvents *events, Error *err) MUST_USE;

// Has the process that answers requests import Airflow now, so that the first one need not wait for that. Returns at once.
void dag_request_prepare(Context *ctx, const Project *project);
