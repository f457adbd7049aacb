#include "io/http_connection.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/http_curl.h"
#include "model/event.h"

enum { RETRY_MS = 20 };

struct HttpConnection {
    int fd;
    HttpCall *call;  // NULL: a unix socket
};

static bool report_socket(const char *path, int reason, Error *err) {
    return error_set(err, ERROR_NETWORK, "nothing answers at the socket %s: %s", path, strerror(reason));
}

// A server whose queue of connections is full refuses with EAGAIN, there is nothing to poll for.
static bool connect_socket(Context *ctx, const HttpRequest *request, int fd, Error *err) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(request->unix_socket);
    long long timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : HTTP_DEFAULT_TIMEOUT_MS;
    long long deadline_ms = clock_now_ms() + timeout_ms;
    if (length >= sizeof address.sun_path) return report_socket(request->unix_socket, ENAMETOOLONG, err);
    memcpy(address.sun_path, request->unix_socket, length);
    while (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return report_socket(request->unix_socket, errno, err);
        event_tick(ctx);
        if (context_is_cancelled(ctx)) {
            return error_set(err, ERROR_INTERRUPTED, "interrupted while waiting for the socket %s", request->unix_socket);
        }
        if (clock_now_ms() >= deadline_ms) {
            return error_set(err, ERROR_TIMEOUT, "%s accepted no connection within %s", request->unix_socket,
                             text_duration(ctx->arena, timeout_ms));
        }
        clock_sleep_ms(RETRY_MS);
    }
    return true;
}

static bool open_socket(Context *ctx, const HttpRequest *request, HttpConnection *connection, Error *err) {
    connection->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connection->fd < 0) return report_socket(request->unix_socket, errno, err);
    fcntl(connection->fd, F_SETFD, FD_CLOEXEC);
    fcntl(connection->fd, F_SETFL, O_NONBLOCK);
    return connect_socket(ctx, request, connection->fd, err);
}

// CURLOPT_CONNECT_ONLY: curl connects, with proxy and TLS, and leaves the rest to us.
static bool open_by_curl(Context *ctx, const HttpRequest *request, HttpConnection *connection, Error *err) {
    HttpCall *call = connection->call = arena_allocate(ctx->arena, sizeof *call);
    CURLcode code = CURLE_OK;
    curl_socket_t fd = CURL_SOCKET_BAD;
    if (!http_call_begin(call, ctx, request, err)) return false;
    http_curl.easy_set(call->easy, CURLOPT_CONNECT_ONLY, 1L);
    http_curl.easy_set(call->easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    if (!http_call_run(call, &code, err)) return false;
    if (code == CURLE_OK) code = http_curl.easy_get(call->easy, CURLINFO_ACTIVESOCKET, &fd);
    if (code != CURLE_OK) return http_call_report(call, code, err);
    connection->fd = fd;
    return true;
}

bool http_connection_open(Context *ctx, const HttpRequest *request, HttpConnection **connection, Error *err) {
    HttpConnection *opened = arena_allocate(ctx->arena, sizeof *opened);
    opened->fd = -1;
    bool is_plain = request->unix_socket != NULL && request->tls_folder == NULL;
    bool is_open = is_plain ? open_socket(ctx, request, opened, err) : open_by_curl(ctx, request, opened, err);
    if (is_open) {
        *connection = opened;
    } else {
        http_connection_close(opened);
    }
    return is_open;
}

static HttpTransfer judge_curl(CURLcode code, size_t moved) {
    if (code == CURLE_AGAIN) return HTTP_WOULD_WAIT;
    return code == CURLE_OK && moved > 0 ? HTTP_MOVED : HTTP_CLOSED;
}

static HttpTransfer judge_socket(ssize_t moved) {
    if (moved > 0) return HTTP_MOVED;
    return moved < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? HTTP_WOULD_WAIT : HTTP_CLOSED;
}

HttpTransfer http_connection_send(HttpConnection *connection, const char *bytes, size_t length, size_t *sent) {
    *sent = 0;
    if (connection->call != NULL) {
        CURLcode code = http_curl.easy_send(connection->call->easy, bytes, length, sent);
        return judge_curl(code, *sent);
    }
    ssize_t count = write(connection->fd, bytes, length);
    if (count > 0) *sent = (size_t)count;
    return judge_socket(count);
}

HttpTransfer http_connection_receive(HttpConnection *connection, char *bytes, size_t capacity, size_t *received) {
    *received = 0;
    if (connection->call != NULL) {
        CURLcode code = http_curl.easy_receive(connection->call->easy, bytes, capacity, received);
        return judge_curl(code, *received);
    }
    ssize_t count = read(connection->fd, bytes, capacity);
    if (count > 0) *received = (size_t)count;
    return judge_socket(count);
}

int http_connection_fd(const HttpConnection *connection) { return connection->fd; }

void http_connection_end_output(HttpConnection *connection) {
    bool is_tls = connection->call != NULL && text_starts_with(connection->call->request->url, "https:");
    if (!is_tls) shutdown(connection->fd, SHUT_WR);
}

void http_connection_close(HttpConnection *connection) {
    if (connection == NULL) return;
    if (connection->call != NULL) {
        http_call_end(connection->call);
    } else if (connection->fd >= 0) {
        close(connection->fd);
    }
    connection->fd = -1;
}
