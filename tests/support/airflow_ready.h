// A checkout whose Airflow looks installed: environment and metadata template are in a cache inside the checkout, but hold
// nothing that runs. For tests of what happens around Airflow's processes.
#pragma once
#include <stdlib.h>

#include "io/database.h"
#include "services/airflow_setup.h"
#include "support/checkout.h"

// Points the cache into the checkout. Call it before anything asks where environments are.
static inline void airflow_use_own_cache(Checkout *checkout) { setenv("XDG_CACHE_HOME", checkout_path(checkout, ".cache"), 1); }

static inline void airflow_add_file(Checkout *checkout, const char *path, const char *content) {
    assert_true(folder_create(checkout->arena, path_folder(checkout->arena, path), &checkout->err));
    assert_true(file_write_string(checkout->arena, path, content, 0700, &checkout->err));
}

// Makes an environment look complete.
static inline void airflow_add_environment(Checkout *checkout, const PythonEnvironment *environment) {
    airflow_add_file(checkout, environment->python, "");
    airflow_add_file(checkout, path_join(checkout->arena, environment->folder, ".devbox-ready"), "");
}

static inline AirflowSetup airflow_make_ready(Checkout *checkout, const Project *project) {
    AirflowSetup setup;
    Database *db = NULL;
    if (!project_prepare_state(&checkout->ctx, project, &checkout->err)) fail_msg("%s", checkout->err.message);
    if (!airflow_setup_observe(&checkout->ctx, project, &setup, &checkout->err)) fail_msg("%s", checkout->err.message);
    airflow_add_environment(checkout, &setup.python);
    assert_true(folder_create(checkout->arena, path_folder(checkout->arena, setup.template_path), &checkout->err));
    if (!database_open(checkout->arena, setup.template_path, DATABASE_CREATE, 1000, &db, &checkout->err)) {
        fail_msg("%s", checkout->err.message);
    }
    assert_true(database_execute(
        db, "CREATE TABLE slot_pool(id INTEGER PRIMARY KEY, pool TEXT UNIQUE, slots INTEGER, description TEXT, include_deferred)",
        &checkout->err));
    database_close(db);
    return setup;
}
