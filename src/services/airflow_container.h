// What every container of this checkout's Airflow gets: image, user, mounts, limits, environment.
#pragma once
#include "services/airflow_image.h"
#include "services/airflow_profile.h"
#include "services/docker_engine.h"
#include "services/project.h"

typedef struct Mount {
    const char *source, *target;
} Mount;

typedef LIST_OF(Mount) MountList;

typedef struct AirflowContainer {
    AirflowProfile profile;
    AirflowImage image;
    const char *user;          // "1000:0"
    const char *memory;        // "2g"
    MountList mounts;          // the checkout at its own path, and where Airflow and MWAA have dags and plugins
    PairList environment;      // sorted by name
    const char *logs;          // where Airflow writes the logs of tasks, a folder of the checkout
    StringList init_commands;  // of airflow-init, each a JSON list of words
} AirflowContainer;

// Describes it without starting anything. `port`: where the page will be on the host.
bool airflow_container_describe(Context *ctx, const Project *project, const DockerEngine *engine, int port,
                                AirflowContainer *container, Error *err) MUST_USE;

// The same text for the same settings, as "12 hex digits": image, user, mounts, limits, environment.
bool airflow_container_fingerprint(Context *ctx, const AirflowContainer *container, const char **fingerprint,
                                   Error *err) MUST_USE;
