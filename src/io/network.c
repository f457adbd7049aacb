#include "io/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "io/clock.h"

enum { PROBE_MS = 50, PORTS_TRIED = 100 };

typedef struct LoopbackAddress {
    struct sockaddr_storage storage;
    socklen_t length;
} LoopbackAddress;

static LoopbackAddress loopback(int family, int port) {
    LoopbackAddress address = {0};
    if (family == AF_INET) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
        memcpy(&address.storage, &v4, sizeof v4);
        address.length = sizeof v4;
    } else {
        struct sockaddr_in6 v6 = {
            .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        memcpy(&address.storage, &v6, sizeof v6);
        address.length = sizeof v6;
    }
    return address;
}

// Connecting to an unused port of the ephemeral range may choose that very port as its own end and so reach itself.
static bool is_connected_to_itself(int fd) {
    struct sockaddr_storage here = {0}, there = {0};
    socklen_t here_length = sizeof here, there_length = sizeof there;
    if (getsockname(fd, (struct sockaddr *)&here, &here_length) != 0) return true;
    if (getpeername(fd, (struct sockaddr *)&there, &there_length) != 0) return true;
    return here_length == there_length && memcmp(&here, &there, here_length) == 0;
}

static bool accepts(int family, int port, long long timeout_ms) {
    cleanup_fd int fd = socket(family, SOCK_STREAM, 0);
    if (fd < 0) return false;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    LoopbackAddress address = loopback(family, port);
    if (connect(fd, (struct sockaddr *)&address.storage, address.length) != 0) {
        if (errno != EINPROGRESS) return false;
        struct pollfd polled = {.fd = fd, .events = POLLOUT};
        if (poll(&polled, 1, (int)timeout_ms) != 1) return false;
    }
    int failure = 0;
    socklen_t length = sizeof failure;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &length);
    return failure == 0 && !is_connected_to_itself(fd);
}

// A reusable address passes over connections in TIME_WAIT but not over a listener. On macOS it does pass over one on the wildcard
// address, so that a connection is tried too; a port where nobody listens refuses it at once.
static bool is_free(int family, int port) {
    cleanup_fd int fd = socket(family, SOCK_STREAM, 0);
    if (fd < 0) return true;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    LoopbackAddress address = loopback(family, port);
    if (bind(fd, (struct sockaddr *)&address.storage, address.length) != 0 && errno == EADDRINUSE) return false;
    close(fd);
    fd = -1;
    return !accepts(family, port, PROBE_MS);
}

bool network_port_is_free(int port, int *busy_family) {
    static const int families[] = {AF_INET, AF_INET6};
    for (int i = 0; i < 2; i++) {
        if (is_free(families[i], port)) continue;
        if (busy_family != NULL) *busy_family = families[i];
        return false;
    }
    return true;
}

int network_find_free_port(int from) {
    for (int port = from; port < from + PORTS_TRIED && port <= 65535; port++) {
        if (network_port_is_free(port, NULL)) return port;
    }
    return 0;
}

static bool listen_at(int fd, int port) {
    LoopbackAddress address = loopback(AF_INET, port);
    return bind(fd, (struct sockaddr *)&address.storage, address.length) == 0 && listen(fd, SOMAXCONN) == 0;
}

static int port_of(int fd) {
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    return getsockname(fd, (struct sockaddr *)&address, &length) == 0 ? ntohs(address.sin_port) : 0;
}

bool network_listen(int preferred_port, int *fd, int *port, Error *err) {
    int on = 1;
    bool is_free = network_port_is_free(preferred_port, NULL);
    cleanup_fd int made = socket(AF_INET, SOCK_STREAM, 0);
    bool is_made = made >= 0 && setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
    // Another process may be quicker.
    bool is_open = is_made && ((is_free && listen_at(made, preferred_port)) || listen_at(made, 0));
    if (!is_open) return error_set(err, ERROR_PORT_BUSY, "cannot listen on 127.0.0.1: %s", strerror(errno));
    fcntl(made, F_SETFD, FD_CLOEXEC);
    fcntl(made, F_SETFL, O_NONBLOCK);
    *port = port_of(made);
    *fd = made;
    made = -1;
    return true;
}

bool network_port_accepts(int port, long long timeout_ms) { return accepts(AF_INET, port, timeout_ms); }

bool network_tell_socket(const char *path, const char *text, long long timeout_ms) {
    char answer[16];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || strlen(path) >= sizeof address.sun_path) return false;
    memcpy(address.sun_path, path, strlen(path));
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) return false;
    if (write(fd, text, strlen(text)) != (ssize_t)strlen(text)) return false;
    long long deadline_ms = clock_now_ms() + timeout_ms;
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    for (long long left_ms = timeout_ms; left_ms > 0; left_ms = deadline_ms - clock_now_ms()) {
        int news = poll(&polled, 1, (int)left_ms);
        if (news < 0 || (news > 0 && read(fd, answer, sizeof answer) <= 0)) break;
    }
    return true;
}
