// The way to a debugger inside a container: bytes pass through the engine, no port of the container is published.
#pragma once
#include "io/process.h"
#include "services/project.h"

typedef struct DagDebugRelay {
    const char *port_file;  // the worker writes there where it listens
    int port;               // of this machine, for editors; 0: it is this terminal
    Process *process;       // NULL: there is none
} DagDebugRelay;

// For editors: listens on 127.0.0.1, on the usual port of debugpy or another free one.
bool dag_debug_relay_listen(Context *ctx, const Project *project, DagDebugRelay *relay, Error *err) MUST_USE;

// For pdb: connects this terminal, which goes on to send Ctrl-C to us.
bool dag_debug_relay_connect(Context *ctx, const Project *project, DagDebugRelay *relay, Error *err) MUST_USE;

// Ends the process and removes the port file; also of a relay that never began.
void dag_debug_relay_end(Context *ctx, DagDebugRelay *relay);
