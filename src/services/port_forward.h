// A local port whose connections each get a program of their own, as inetd does it.
#pragma once
#include "base/context.h"
#include "base/error.h"

typedef struct PortForward {
    int preferred_port;          // taken: another free one
    int owner_fd;                // at its end nobody wants the port any more; -1: only signals end it
    const char *const *program;  // its stdin and stdout are the connection
    void (*on_ready)(void *state, int port);
    void *state;
} PortForward;

// Until TERM, Ctrl-C or the end of its owner; programs that still run are ended then.
bool port_forward_run(Context *ctx, const PortForward *forward, Error *err) MUST_USE;
