// The image that Airflow's containers run: the official one, and on top of it dbt, the team's requirements and devbox's workers.
// Its name ends in a key of all that went into it, so that nothing is built when nothing changed.
#pragma once
#include "services/airflow_profile.h"
#include "services/docker_engine.h"
#include "services/project.h"

typedef struct AirflowImage {
    const char *name;      // "devbox-airflow:2.10.3-0f3a9c11d2b4"
    const char *base;      // "apache/airflow:2.10.3-python3.11"
    const char *database;  // "postgres:15"
    PairList files;        // of the build context: path → content
} AirflowImage;

// An image about to be used in an engine; progress is reported for `step`.
typedef struct AirflowImageUse {
    const DockerEngine *engine;
    const AirflowImage *image;
    const char *step;
} AirflowImageUse;

// Where things are inside of it.
#define AIRFLOW_IMAGE_WORKERS "/opt/devbox/workers"
#define AIRFLOW_IMAGE_TEMPLATE "/opt/devbox/template.db"
#define AIRFLOW_IMAGE_DEBUGPY "/opt/devbox/debugpy"
#define AIRFLOW_IMAGE_DBT_PYTHON "/opt/devbox/dbt/bin/python"

// Reads what goes into the image and names it; the engine is not asked.
bool airflow_image_describe(Context *ctx, const Project *project, const AirflowProfile *profile, AirflowImage *image,
                            Error *err) MUST_USE;

// Pulls what the image stands on and builds it, unless it is there. *was_there tells. A failed build keeps its log.
bool airflow_image_ensure(Context *ctx, const Project *project, const AirflowImageUse *use, bool *was_there, Error *err) MUST_USE;

// Pulls the image of Airflow's database, unless it is there.
bool airflow_image_ensure_database(Context *ctx, const Project *project, const AirflowImageUse *use, bool *was_there,
                                   Error *err) MUST_USE;
