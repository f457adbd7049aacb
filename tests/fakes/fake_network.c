#include "fakes/fake_network.h"

#include <sys/socket.h>

#include "io/network.h"
#include "support/test.h"

enum { PORTS = 65536, PORTS_TRIED = 100 };

static int busy_families[PORTS];

void fake_network_reset(void) { memset(busy_families, 0, sizeof busy_families); }

void fake_network_occupy(int port, int family) { busy_families[port] = family; }

void fake_network_release(int port) { busy_families[port] = 0; }

bool network_port_is_free(int port, int *busy_family) {
    if (port < 0 || port >= PORTS) fail_msg("asked for port %d", port);
    if (busy_families[port] == 0) return true;
    if (busy_family != NULL) *busy_family = busy_families[port];
    return false;
}

int network_find_free_port(int from) {
    for (int port = from; port < from + PORTS_TRIED && port < PORTS; port++) {
        if (busy_families[port] == 0) return port;
    }
    return 0;
}

bool network_port_accepts(int port, long long timeout_ms) {
    if (timeout_ms <= 0) fail_msg("no deadline");
    return busy_families[port] == AF_INET;
}

bool network_tell_socket(const char *path, const char *text, long long timeout_ms) {
    if (timeout_ms <= 0) fail_msg("no deadline");
    (void)path, (void)text;
    return false;
}
