// What happens to containers, as the engine tells it: die, oom, health_status, start, …
#pragma once
#include "services/docker_engine.h"

typedef struct DockerEvent {
    const char *container, *service;  // id; compose's service, NULL without
    const char *action;               // "start", "die", "oom", "health_status: healthy", "restart", …
    int exit_code;                    // with "die"
} DockerEvent;

typedef LIST_OF(DockerEvent) DockerEventList;
typedef struct DockerEvents DockerEvents;

// Listens from `since_ms` (wall clock) on to the containers with this label.
bool docker_events_open(Context *ctx, const DockerEngine *engine, const char *label, long long since_ms, DockerEvents **events,
                        Error *err) MUST_USE;

// What came within `wait_ms`; returns early when something did. A stream that ended (daemon stopped) is ERROR_SERVICE.
bool docker_events_read(Context *ctx, DockerEvents *events, long long wait_ms, DockerEventList *list, Error *err) MUST_USE;

void docker_events_close(DockerEvents *events);
