// Docker Compose, version 2 or 1, as a program: only it may interpret compose files.
#pragma once
#include "services/compose_file.h"

typedef struct ComposeProgram {
    const char *path;     // runs by itself: the plugin of version 2, else docker-compose
    const char *version;  // "2.40.3"
} ComposeProgram;

// Finds it among the plugins of the Docker CLI, then on PATH, and asks for its version. None, or one older than 1.27, is
// ERROR_RUNTIME_MISSING.
bool compose_program_find(Context *ctx, ComposeProgram *program, Error *err) MUST_USE;

// Asked about twice a second while compose works; false: it waits for what will not come, and is ended.
typedef struct ComposeWatch {
    bool (*is_hopeful)(Context *ctx, void *state);
    void *state;
} ComposeWatch;

// Brings the services up (`up -d`), reporting what compose says as progress of `step`; its whole output goes to
// .devbox/logs/compose.log. Errors are explained by compose_trouble.h; *failed_service (or NULL) is the service to look at.
// A compose that was ended is ERROR_CHILD without one.
bool compose_program_up(Context *ctx, const Project *project, const ComposeTask *task, const ComposeWatch *watch,
                        const char **failed_service, Error *err) MUST_USE;

// Asks compose whether it understands the written file together with devbox.compose.yaml; changes nothing.
bool compose_program_check_file(Context *ctx, const Project *project, const ComposeTask *task, Error *err) MUST_USE;
