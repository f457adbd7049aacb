// The metadata template: an empty migrated database with the admin user, made once per version and copied everywhere.
#pragma once
#include "services/airflow_setup.h"

// Path of the template for this environment and password in the user's cache.
bool airflow_template_locate(Context *ctx, const Project *project, AirflowSetup *setup, Error *err) MUST_USE;

// Makes the template unless it is there; two devboxes at once make one.
bool airflow_template_ensure(Context *ctx, const Project *project, const char *step, const AirflowSetup *setup,
                             Error *err) MUST_USE;

// Copies the template to the checkout's metadata database unless that exists, and writes the pools of devbox.yaml into it.
bool airflow_template_install(Context *ctx, const Project *project, const AirflowSetup *setup, Error *err) MUST_USE;
