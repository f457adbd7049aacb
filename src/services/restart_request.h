// A wish to have services started anew: `devbox restart` leaves it in .devbox/run/restart.json, the supervisor takes it and names
// it in services.json.
#pragma once
#include "services/project.h"

typedef struct RestartRequest {
    const char *id;  // what services.json names once it was taken
    StringList services;
} RestartRequest;

// Leaves a request for these services, in place of one that nobody took.
bool restart_request_leave(Context *ctx, const Project *project, const StringList *services, const char **id,
                           Error *err) MUST_USE;

// Takes the request away; false when there is none. One that cannot be read is dropped.
bool restart_request_take(Context *ctx, const Project *project, RestartRequest *request);

// Makes sure that nobody takes it any more.
void restart_request_withdraw(Context *ctx, const Project *project);
