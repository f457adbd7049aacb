// The compose file of this checkout, rendered from the profile's template into .devbox/compose.yaml.
#pragma once
#include "services/airflow_container.h"

// Labels of everything that devbox has made in an engine.
#define LABEL_INSTANCE "dev.devbox.instance"        // of the checkout
#define LABEL_CHECKOUT "dev.devbox.checkout"        // its path
#define LABEL_FINGERPRINT "dev.devbox.fingerprint"  // of the settings that a container was made with
#define LABEL_VERSION "dev.devbox.airflow"          // Airflow's version

typedef struct ComposeFile {
    const char *project;        // compose's name of it: "devbox-shop-0f3a9c"
    const char *path;           // .devbox/compose.yaml
    const char *override_path;  // devbox.compose.yaml of the checkout; NULL: there is none
    const char *settings_path;  // .devbox/.env, so that compose finds the project's name by itself
    const char *fingerprint;    // of the whole file and the override
    const char *text;
} ComposeFile;

// A compose file about to be brought up.
typedef struct ComposeTask {
    const DockerEngine *engine;
    const ComposeFile *file;
    const char *step;  // progress is reported under this name
} ComposeTask;

// compose's name for this checkout.
const char *compose_project_name(Arena *arena, const Project *project);

// The label that compose gives to all containers of this checkout.
const char *compose_project_label(Arena *arena, const Project *project);

// Where its parts are; text and fingerprint stay NULL.
ComposeFile compose_file_of(Arena *arena, const Project *project);

// Renders without writing.
bool compose_file_render(Context *ctx, const Project *project, const AirflowContainer *container, int port, ComposeFile *file,
                         Error *err) MUST_USE;

// Writes it (0600: it holds the environment).
bool compose_file_write(Context *ctx, const ComposeFile *file, Error *err) MUST_USE;
