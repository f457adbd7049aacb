// A real HTTP server in a process of its own, on a port and a unix socket, whose paths misbehave in the ways that servers do.
#pragma once
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/http.h"
#include "support/world.h"

enum { HTTP_SERVER_TIMEOUT_MS = 5000, HTTP_SERVER_REQUEST_BYTES = 65536 };

// What Ctrl-C counts up.
static volatile sig_atomic_t http_server_cancel;

typedef struct HttpServer {
    TestWorld *world;
    Context ctx;
    pid_t pid;
    int port;
    const char *socket_path;
} HttpServer;

static inline void http_server_send_text(int connection, const char *text) {
    if (write(connection, text, strlen(text)) < 0) _exit(3);
}

static inline void http_server_send_body(int connection, const char *status, const char *body) {
    dprintf(connection, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status, strlen(body), body);
}

static inline void http_server_send_drops(int connection) {
    http_server_send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 1000; i++) {
        if (write(connection, "x", 1) != 1) return;
        clock_sleep_ms(20);
    }
}

static inline void http_server_send_large(int connection) {
    static char block[4096];
    memset(block, 'x', sizeof block);
    http_server_send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n");
    for (int i = 0; i < 256; i++) {
        if (write(connection, block, sizeof block) < 0) return;
    }
}

// Closes so that the other side sees a reset.
static inline void http_server_reset(int connection) {
    const struct linger at_once = {.l_onoff = 1};
    setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static inline void http_server_answer(int connection, const char *request) {
    const char *path = strchr(request, ' ') + 1;
    if (text_starts_with(path, "/echo")) http_server_send_body(connection, "200 OK", request);
    if (text_starts_with(path, "/missing")) http_server_send_body(connection, "404 Not Found", "no such thing");
    if (text_starts_with(path, "/broken")) http_server_send_body(connection, "500 Internal Server Error", "");
    if (text_starts_with(path, "/moved"))
        http_server_send_text(connection, "HTTP/1.1 302 Found\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n");
    if (text_starts_with(path, "/garbage")) http_server_send_text(connection, "220 mail.example.com ESMTP\r\n");
    if (text_starts_with(path, "/partial"))
        http_server_send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    if (text_starts_with(path, "/endless")) http_server_send_text(connection, "HTTP/1.0 200 OK\r\n\r\nuntil the end");
    if (text_starts_with(path, "/nul")) http_server_send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na");
    if (text_starts_with(path, "/nul") && write(connection, "\0b", 2) != 2) _exit(3);
    if (text_starts_with(path, "/drops")) http_server_send_drops(connection);
    if (text_starts_with(path, "/large")) http_server_send_large(connection);
    if (text_starts_with(path, "/reset")) http_server_reset(connection);
    if (text_starts_with(path, "/hang")) clock_sleep_ms(20000);
}

static inline void http_server_serve_connection(int connection) {
    static char request[HTTP_SERVER_REQUEST_BYTES];
    size_t length = 0, wanted = SIZE_MAX;
    while (length < wanted && length < sizeof request - 1) {
        ssize_t count = read(connection, request + length, sizeof request - 1 - length);
        if (count <= 0) break;
        length += (size_t)count;
        request[length] = '\0';
        if (*request == '\x16') break;  // a TLS handshake
        const char *header_end = strstr(request, "\r\n\r\n");
        const char *body_length = strstr(request, "Content-Length: ");
        if (header_end == NULL) continue;
        size_t body = body_length == NULL ? 0 : strtoul(body_length + strlen("Content-Length: "), NULL, 10);
        wanted = (size_t)(header_end + 4 - request) + body;
    }
    if (*request == '\x16' || strchr(request, ' ') == NULL) {
        http_server_send_text(connection, "not TLS\r\n");
    } else {
        http_server_answer(connection, request);
    }
    close(connection);
}

static inline void http_server_serve(int tcp, int local) {
    struct pollfd listeners[] = {{.fd = tcp, .events = POLLIN}, {.fd = local, .events = POLLIN}};
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        if (poll(listeners, 2, -1) < 1) _exit(3);
        http_server_serve_connection(accept(listeners[0].revents != 0 ? tcp : local, NULL, NULL));
    }
}

static inline int http_server_listen(int *port, int backlog) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static inline int http_server_listen_on_socket(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static inline int http_server_start(void **state) {
    static const char *const variables[] = {"http_proxy", "https_proxy", "no_proxy", "NO_PROXY", "all_proxy", "SSL_CERT_FILE"};
    if (test_world_set_up(state) != 0) return -1;
    TestWorld *world = *state;
    HttpServer *server = arena_allocate(world->arena, sizeof *server);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) unsetenv(variables[i]);
    http_server_cancel = 0;
    *server = (HttpServer){.world = world, .ctx = {.arena = world->arena, .cancel = &http_server_cancel}};
    server->socket_path = test_world_path(world, "socket");
    int tcp = http_server_listen(&server->port, 8), local = http_server_listen_on_socket(server->socket_path);
    server->pid = fork();
    if (server->pid == 0) http_server_serve(tcp, local);
    close(tcp);
    close(local);
    *state = server;
    return 0;
}

static inline int http_server_stop(void **state) {
    HttpServer *server = *state;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    *state = server->world;
    return test_world_tear_down(state);
}

// A test that gets an HttpServer * as *state.
#define test_with_server(function) cmocka_unit_test_setup_teardown(function, http_server_start, http_server_stop)

static inline HttpResponse http_server_must_request(HttpServer *server, const HttpRequest *request) {
    HttpResponse response = {0};
    if (!http_request(&server->ctx, request, &response, &server->world->err)) fail_msg("%s", server->world->err.message);
    return response;
}

// The request fails in these words, and leaves the response untouched.
static inline void http_server_check_failure(HttpServer *server, const HttpRequest *request, ErrorCode code,
                                             const char *message) {
    HttpResponse response = {.status = 77};
    assert_false(http_request(&server->ctx, request, &response, &server->world->err));
    assert_int_equal(response.status, 77);
    assert_string_equal(server->world->err.message, message);
    assert_int_equal(server->world->err.code, code);
}
