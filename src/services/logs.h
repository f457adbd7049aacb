// The services' log files, merged in order of time, and followed as they grow.
#pragma once
#include "services/project.h"

typedef struct LogOptions {
    StringList services;  // names; empty: all
    long long lines;      // how many of the last ones; 0: all
    long long since_ms;   // only lines younger than this; 0: any age
    bool is_following;
} LogOptions;

// Emits lines as "scheduler | …". Following ends at Ctrl-C. An unknown service is ERROR_USAGE with the known ones.
bool logs_show(Context *ctx, const Project *project, const LogOptions *options, Error *err) MUST_USE;
