// TCP ports of this machine.
#pragma once
#include <stdbool.h>

#include "base/error.h"

// True when nobody listens on 127.0.0.1:port nor on [::1]:port; `busy_family` (AF_INET or AF_INET6) says where somebody does.
bool network_port_is_free(int port, int *busy_family);

// A free port at or above `from` on both loopback addresses; 0 when the next 100 are taken.
int network_find_free_port(int from);

// A listener on 127.0.0.1 at this port, or where it is taken at any free one: non-blocking, close-on-exec, the caller's.
bool network_listen(int preferred_port, int *fd, int *port, Error *err) MUST_USE;

// True when something accepts connections on 127.0.0.1:port: one attempt, refused at once or given up after the deadline.
bool network_port_accepts(int port, long long timeout_ms);

// Sends a few bytes to the listener at a unix socket and waits until it hangs up, the time is over or a signal comes; false when
// nobody listens there.
bool network_tell_socket(const char *path, const char *text, long long timeout_ms);
