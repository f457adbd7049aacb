// What compose's words mean when it failed. Pure.
#pragma once
#include "base/error.h"

typedef struct ComposeRun {
    const char *project;        // compose's name of it
    const char *override_name;  // "devbox.compose.yaml", which is blamed for mistakes in the file; NULL: there is none
    const char *words;          // the last lines that compose wrote
} ComposeRun;

// Fills `err`. *service (may stay NULL) is the compose service that failed, whose log says more. Always returns false.
bool compose_trouble_explain(Arena *arena, const ComposeRun *run, const char **service, Error *err);

// The port of the host that somebody else has, in words of compose or the engine such as "listen tcp4 127.0.0.1:8080: bind: address
// already in use"; 0 when there is none.
int compose_trouble_find_port(const char *words);
