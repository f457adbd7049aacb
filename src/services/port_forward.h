// A local port whose connections each get a program of their own, as inetd does it.
#pragma once
#include "base/context.h"
#include "base/error.h"

typedef struct PortForward {
    int preferred_port;          // taken: another free one
    const char *const *program;  // its stdin and stdout are the connection
    void (*on_ready)(void *state, int port);
    void *state;
} PortForward;

// Until the user, or who started this process, wants it to end; that ends the programs too.
bool port_forward_run(Context *ctx, const PortForward *forward, Error *err) MUST_USE;
