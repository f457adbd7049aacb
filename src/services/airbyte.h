// Airbyte on this machine: one cluster for all checkouts, installed once, woken in the morning.
#pragma once
#include "model/event.h"
#include "services/airbyte_cluster.h"
#include "services/project.h"

// What devbox can say without installing anything.
typedef struct AirbyteReport {
    AirbyteCluster cluster;
    bool is_healthy;
    AirbytePods pods;     // total 0: not asked, or Kubernetes does not answer
    const char *summary;  // "started; 11 of 11 pods ready"
} AirbyteReport;

// Finds the engine and refuses what cannot carry Airbyte: a remote one, less than 4 GB or 2 CPUs, a processor that it is not made
// for; ERROR_RUNTIME_MISSING, with which and why.
bool airbyte_find_engine(Context *ctx, DockerEngine *engine, Error *err) MUST_USE;

typedef struct AirbyteStart {
    const char *step;  // whose progress it is
    bool may_install;
} AirbyteStart;

// Brings it up and waits until it is healthy: a running one is left alone, a stopped one is woken, an absent one installed once
// the user agrees, and an installation that was cut short goes on likewise. ERROR_CONFIRMATION_NEEDED without that, and always
// when it may not install.
bool airbyte_start(Context *ctx, const Project *project, const AirbyteStart *options, AirbyteReport *report, Error *err) MUST_USE;

// Stops the node; its data stays. *was_running false: there was nothing to stop.
bool airbyte_stop(Context *ctx, bool *was_running, Error *err) MUST_USE;

// Whether this user ever installed it with abctl, which makes ~/.airbyte/abctl; no engine is asked.
bool airbyte_was_installed(Context *ctx);

// What is there, in three short requests; no engine is an error.
bool airbyte_observe(Context *ctx, AirbyteReport *report, Error *err) MUST_USE;

// Says that Airbyte stays up and how to stop it, when it runs here at all; a word for the end of `devbox stop`.
void airbyte_say_still_running(Context *ctx, const Project *project);

// The value of AIRFLOW_CONN_AIRBYTE_DEFAULT; *json NULL while Airbyte is off. `host` as in airbyte_connection_json.
bool airbyte_connection_find(Context *ctx, const Project *project, const char *host, const char **json, Error *err) MUST_USE;
