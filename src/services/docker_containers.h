// Containers of an engine: list, look at, start, stop, read the log of, run a program in.
#pragma once
#include "services/docker_engine.h"

typedef enum DockerHealth {
    DOCKER_HEALTH_NONE,
    DOCKER_HEALTH_STARTING,
    DOCKER_HEALTH_HEALTHY,
    DOCKER_HEALTH_UNHEALTHY
} DockerHealth;

typedef struct DockerPort {
    int inside, outside;  // 0 outside: not published
    const char *address;  // of the host: "127.0.0.1"
} DockerPort;

typedef LIST_OF(DockerPort) DockerPortList;

typedef struct DockerContainer {
    const char *id, *name;          // the name without its leading slash
    const char *project, *service;  // of compose, from the labels; NULL: not compose's
    const char *image;
    const char *state;  // "created", "running", "paused", "restarting", "exited", "dead"
    DockerHealth health;
    DockerPortList ports;
    PairList labels;
    // only docker_container_inspect knows these
    int exit_code, restarts;
    bool is_out_of_memory;
    long long memory_limit_bytes;       // 0: none
    long long started_ms, finished_ms;  // wall clock; 0: never
    int pid;                            // as the engine's machine sees it
    const char *error;                  // why the engine could not start it; "" else
    const char *health_words;           // the last line of its latest health check; "" without one
} DockerContainer;

typedef LIST_OF(DockerContainer) DockerContainerList;

// The value of a label; NULL when the container has none of that name.
const char *docker_container_label(const DockerContainer *container, const char *key);

// All containers with this label ("com.docker.compose.project=shop"), stopped ones too.
bool docker_container_list(Context *ctx, const DockerEngine *engine, const char *label, DockerContainerList *containers,
                           Error *err) MUST_USE;

// Whatever container publishes this TCP port of the host, *container untouched and *is_found false when none does.
bool docker_container_find_port(Context *ctx, const DockerEngine *engine, int port, DockerContainer *container, bool *is_found,
                                Error *err) MUST_USE;

// One container by id or name; *is_found false when there is none.
bool docker_container_inspect(Context *ctx, const DockerEngine *engine, const char *id, DockerContainer *container,
                              bool *is_found, Error *err) MUST_USE;

// Each is done when the container is in that state already. `grace_s`: TERM to KILL.
bool docker_container_start(Context *ctx, const DockerEngine *engine, const char *id, Error *err) MUST_USE;
bool docker_container_unpause(Context *ctx, const DockerEngine *engine, const char *id, Error *err) MUST_USE;
bool docker_container_stop(Context *ctx, const DockerEngine *engine, const char *id, int grace_s, Error *err) MUST_USE;
bool docker_container_restart(Context *ctx, const DockerEngine *engine, const char *id, int grace_s, Error *err) MUST_USE;
bool docker_container_remove(Context *ctx, const DockerEngine *engine, const char *id, Error *err) MUST_USE;

typedef struct DockerLogLine {
    long long time_ms;  // wall clock
    const char *stamp;  // the same, as the engine wrote it (nanoseconds): lines after it are new
    const char *text;
} DockerLogLine;

typedef LIST_OF(DockerLogLine) DockerLogLineList;

typedef struct DockerLogQuery {
    const char *container;  // id or name
    int tail;               // the last lines only; 0: all
    const char *since;      // a stamp: only lines behind it; NULL: any age
    bool accepts_missing;   // a container that was removed has no lines, and is no error
} DockerLogQuery;

// Both streams in order.
bool docker_container_log(Context *ctx, const DockerEngine *engine, const DockerLogQuery *query, DockerLogLineList *lines,
                          Error *err) MUST_USE;

typedef struct DockerProgram {
    const char *container;  // id or name; must be running
    const char *const *argv;
    const char *const *environment;  // NULL: what the container has
    const char *user;                // "1000:0"; NULL: the container's
    const char *folder;              // NULL: the container's
    long long timeout_ms;            // 0: 30 seconds
    size_t size_limit;               // of its output; 0: 1 MiB
    bool is_relay;                   // wants the bytes of our terminal, and none of its own
} DockerProgram;

typedef struct DockerProgramResult {
    int exit_code;
    const char *output, *errors;
} DockerProgramResult;

// Runs a program to its end inside a container and captures what it writes. (With input, or to follow it as it goes:
// services/container_program.h.) False when it could not be run or did not end in time.
bool docker_program_run(Context *ctx, const DockerEngine *engine, const DockerProgram *program, DockerProgramResult *result,
                        Error *err) MUST_USE;
