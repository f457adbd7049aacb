#include "io/http.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/text.h"
#include "io/clock.h"
#include "model/event.h"
#include "support/world.h"

enum { TIMEOUT_MS = 5000, REQUEST_BYTES = 65536 };

static volatile sig_atomic_t cancel;

// A real server in a process of its own, whose paths misbehave in the ways that servers do.
typedef struct Server {
    TestWorld *world;
    Context ctx;
    pid_t pid;
    int port;
    const char *socket_path;
} Server;

static void send_text(int connection, const char *text) {
    if (write(connection, text, strlen(text)) < 0) _exit(3);
}

static void send_body(int connection, const char *status, const char *body) {
    dprintf(connection, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status, strlen(body), body);
}

static void send_drops(int connection) {
    send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 1000; i++) {
        if (write(connection, "x", 1) != 1) return;
        clock_sleep_ms(20);
    }
}

static void send_large(int connection) {
    static char block[4096];
    memset(block, 'x', sizeof block);
    send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n");
    for (int i = 0; i < 256; i++) {
        if (write(connection, block, sizeof block) < 0) return;
    }
}

// Closes so that the other side sees a reset.
static void reset(int connection) {
    const struct linger at_once = {.l_onoff = 1};
    setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static void answer(int connection, const char *request) {
    const char *path = strchr(request, ' ') + 1;
    if (text_starts_with(path, "/echo")) send_body(connection, "200 OK", request);
    if (text_starts_with(path, "/missing")) send_body(connection, "404 Not Found", "no such thing");
    if (text_starts_with(path, "/broken")) send_body(connection, "500 Internal Server Error", "");
    if (text_starts_with(path, "/moved"))
        send_text(connection, "HTTP/1.1 302 Found\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n");
    if (text_starts_with(path, "/garbage")) send_text(connection, "220 mail.example.com ESMTP\r\n");
    if (text_starts_with(path, "/partial")) send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    if (text_starts_with(path, "/endless")) send_text(connection, "HTTP/1.0 200 OK\r\n\r\nuntil the end");
    if (text_starts_with(path, "/nul")) send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na");
    if (text_starts_with(path, "/nul") && write(connection, "\0b", 2) != 2) _exit(3);
    if (text_starts_with(path, "/drops")) send_drops(connection);
    if (text_starts_with(path, "/large")) send_large(connection);
    if (text_starts_with(path, "/reset")) reset(connection);
    if (text_starts_with(path, "/hang")) clock_sleep_ms(20000);
}

static void serve_connection(int connection) {
    static char request[REQUEST_BYTES];
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
        send_text(connection, "not TLS\r\n");
    } else {
        answer(connection, request);
    }
    close(connection);
}

static void serve(int tcp, int local) {
    struct pollfd listeners[] = {{.fd = tcp, .events = POLLIN}, {.fd = local, .events = POLLIN}};
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        if (poll(listeners, 2, -1) < 1) _exit(3);
        serve_connection(accept(listeners[0].revents != 0 ? tcp : local, NULL, NULL));
    }
}

static int listen_on_loopback(int *port, int backlog) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static int listen_on_socket(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static int start_server(void **state) {
    static const char *const variables[] = {"http_proxy", "https_proxy", "no_proxy", "NO_PROXY", "all_proxy", "SSL_CERT_FILE"};
    if (test_world_set_up(state) != 0) return -1;
    TestWorld *world = *state;
    Server *server = arena_allocate(world->arena, sizeof *server);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) unsetenv(variables[i]);
    cancel = 0;
    *server = (Server){.world = world, .ctx = {.arena = world->arena, .cancel = &cancel}};
    server->socket_path = test_world_path(world, "socket");
    int tcp = listen_on_loopback(&server->port, 8), local = listen_on_socket(server->socket_path);
    server->pid = fork();
    if (server->pid == 0) serve(tcp, local);
    close(tcp);
    close(local);
    *state = server;
    return 0;
}

static int stop_server(void **state) {
    Server *server = *state;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    *state = server->world;
    return test_world_tear_down(state);
}

#define test_with_server(function) cmocka_unit_test_setup_teardown(function, start_server, stop_server)

static const char *url_of(const Server *server, const char *path) {
    return arena_format(server->world->arena, "http://127.0.0.1:%d%s", server->port, path);
}

static HttpResponse must_request(Server *server, const HttpRequest *request) {
    HttpResponse response = {0};
    if (!http_request(&server->ctx, request, &response, &server->world->err)) fail_msg("%s", server->world->err.message);
    return response;
}

static void check_failure(Server *server, const HttpRequest *request, ErrorCode code, const char *message) {
    HttpResponse response = {.status = 77};
    assert_false(http_request(&server->ctx, request, &response, &server->world->err));
    assert_int_equal(response.status, 77);
    assert_string_equal(server->world->err.message, message);
    assert_int_equal(server->world->err.code, code);
}

static void check_failing_path(Server *server, const char *path, const char *words) {
    const char *url = url_of(server, path);
    HttpRequest request = {.url = url, .timeout_ms = TIMEOUT_MS};
    check_failure(server, &request, ERROR_NETWORK, arena_format(server->world->arena, "%s %s", url, words));
}

static void an_answer_has_status_and_body(void **state) {
    Server *server = *state;
    HttpResponse response = must_request(server, &(HttpRequest){.url = url_of(server, "/missing"), .timeout_ms = TIMEOUT_MS});
    assert_int_equal(response.status, 404);
    assert_string_equal(response.body, "no such thing");
    assert_int_equal(response.length, 13);
    response = must_request(server, &(HttpRequest){.url = url_of(server, "/broken")});
    assert_int_equal(response.status, 500);
    assert_string_equal(response.body, "");
    response = must_request(server, &(HttpRequest){.url = url_of(server, "/endless")});
    assert_string_equal(response.body, "until the end");
    response = must_request(server, &(HttpRequest){.url = url_of(server, "/nul")});
    assert_int_equal(response.length, 3);
    assert_memory_equal(response.body, "a\0b", 4);
}

static void a_redirect_is_an_answer_and_not_followed(void **state) {
    Server *server = *state;
    assert_int_equal(must_request(server, &(HttpRequest){.url = url_of(server, "/moved")}).status, 302);
}

static void method_headers_credentials_and_body_arrive(void **state) {
    Server *server = *state;
    HttpRequest request = {
        .method = "POST", .url = url_of(server, "/echo"), .user = "admin", .password = "a:b", .body = "{\"a\":1}"};
    list_push(server->world->arena, &request.headers, "Content-Type: application/json");
    list_push(server->world->arena, &request.headers, "X-Trace: 7");
    const char *echo = must_request(server, &request).body;
    assert_true(text_starts_with(echo, "POST /echo HTTP/1.1\r\n"));
    assert_non_null(strstr(echo, "\r\nAuthorization: Basic YWRtaW46YTpi\r\n"));
    assert_non_null(strstr(echo, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(echo, "\r\nX-Trace: 7\r\n"));
    assert_non_null(strstr(echo, "\r\nUser-Agent: devbox/"));
    assert_true(text_ends_with(echo, "\r\n\r\n{\"a\":1}"));
    assert_null(strstr(echo, "Expect:"));
}

static void a_method_without_body_says_so(void **state) {
    Server *server = *state;
    static const char *const methods[] = {"POST", "PUT", "PATCH"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        const char *echo = must_request(server, &(HttpRequest){.method = methods[i], .url = url_of(server, "/echo")}).body;
        assert_true(text_starts_with(echo, methods[i]));
        assert_non_null(strstr(echo, "\r\nContent-Length: 0\r\n"));
    }
    const char *echo = must_request(server, &(HttpRequest){.method = "DELETE", .url = url_of(server, "/echo"), .user = "x"}).body;
    assert_true(text_starts_with(echo, "DELETE /echo"));
    assert_non_null(strstr(echo, "Authorization: Basic eDo=\r\n"));
    HttpResponse head =
        must_request(server, &(HttpRequest){.method = "HEAD", .url = url_of(server, "/echo"), .timeout_ms = 2000});
    assert_int_equal(head.status, 200);
    assert_int_equal(head.length, 0);
}

static void a_unix_socket_is_spoken_to_past_any_proxy(void **state) {
    Server *server = *state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    HttpRequest request = {.url = "http://docker/echo", .unix_socket = server->socket_path};
    assert_non_null(strstr(must_request(server, &request).body, "\r\nHost: docker\r\n"));
    request.unix_socket = test_world_path(server->world, "missing");
    check_failure(
        server, &request, ERROR_NETWORK,
        arena_format(server->world->arena, "nothing answers at the socket %s: No such file or directory", request.unix_socket));
}

static void this_machine_is_never_asked_through_a_proxy(void **state) {
    Server *server = *state;
    static const char *const exceptions[] = {NULL, "example.com,other.example", "*"};
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++) {
        if (exceptions[i] != NULL) setenv("NO_PROXY", exceptions[i], 1);
        assert_int_equal(must_request(server, &(HttpRequest){.url = url_of(server, "/echo")}).status, 200);
        const char *by_name = arena_format(server->world->arena, "http://localhost:%d/echo", server->port);
        assert_int_equal(must_request(server, &(HttpRequest){.url = by_name}).status, 200);
    }
    unsetenv("NO_PROXY");
    HttpRequest request = {.url = "http://data.example/x", .timeout_ms = TIMEOUT_MS};
    check_failure(server, &request, ERROR_NETWORK, "nothing listens at http://data.example/x: connection refused");
    assert_non_null(strstr(server->world->err.detail, "127.0.0.1 port 1"));
}

static void a_refused_connection_is_said(void **state) {
    Server *server = *state;
    int port;
    close(listen_on_loopback(&port, 1));
    HttpRequest request = {.url = arena_format(server->world->arena, "http://127.0.0.1:%d/", port), .timeout_ms = TIMEOUT_MS};
    long long started_ms = clock_now_ms();
    check_failure(server, &request, ERROR_NETWORK,
                  arena_format(server->world->arena, "nothing listens at http://127.0.0.1:%d/: connection refused", port));
    assert_true(clock_now_ms() - started_ms < 1000);
}

static void an_unknown_host_is_said(void **state) {
    Server *server = *state;
    HttpRequest request = {.url = "http://no-such-host.invalid/", .timeout_ms = 20000};
    check_failure(server, &request, ERROR_NETWORK,
                  "cannot reach http://no-such-host.invalid/: Could not resolve host: no-such-host.invalid");
    assert_true(text_starts_with(server->world->err.hint, "check the name"));
}

static void a_server_that_hangs_meets_the_deadline(void **state) {
    Server *server = *state;
    HttpRequest request = {.url = url_of(server, "/hang"), .timeout_ms = 300};
    long long started_ms = clock_now_ms();
    check_failure(server, &request, ERROR_TIMEOUT,
                  arena_format(server->world->arena, "%s did not answer within 0.3s", request.url));
    assert_in_range(clock_now_ms() - started_ms, 290, 1500);
}

static void a_server_that_drips_meets_the_deadline_too(void **state) {
    Server *server = *state;
    HttpRequest request = {.url = url_of(server, "/drops"), .timeout_ms = 300};
    long long started_ms = clock_now_ms();
    check_failure(server, &request, ERROR_TIMEOUT,
                  arena_format(server->world->arena, "%s did not answer within 0.3s", request.url));
    assert_in_range(clock_now_ms() - started_ms, 290, 1500);
}

static void a_server_that_accepts_nothing_is_told_from_one_that_does_not_answer(void **state) {
    Server *server = *state;
    int port, waiting[4];
    int listener = listen_on_loopback(&port, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (size_t i = 0; i < 4; i++) {
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)!connect(waiting[i], (struct sockaddr *)&address, sizeof address);
    }
    HttpRequest request = {.url = arena_format(server->world->arena, "http://127.0.0.1:%d/", port), .timeout_ms = 300};
    check_failure(server, &request, ERROR_TIMEOUT,
                  arena_format(server->world->arena, "%s accepted no connection within 0.3s", request.url));
    for (size_t i = 0; i < 4; i++) close(waiting[i]);
    close(listener);
}

static void broken_answers_are_told_apart(void **state) {
    Server *server = *state;
    check_failing_path(server, "/empty", "closed the connection without an answer");
    check_failing_path(server, "/partial", "closed the connection in the middle of its answer");
    check_failing_path(server, "/garbage", "answers, but not with HTTP");
}

static void a_connection_that_breaks_is_said_in_the_system_s_words(void **state) {
    Server *server = *state;
    HttpRequest request = {.url = url_of(server, "/reset"), .timeout_ms = TIMEOUT_MS};
    check_failure(
        server, &request, ERROR_NETWORK,
        arena_format(server->world->arena, "the request to %s failed: Recv failure: Connection reset by peer", request.url));
}

static void an_address_without_a_way_to_it_is_said(void **state) {
    Server *server = *state;
    HttpRequest request = {.url = "http://255.255.255.255/", .timeout_ms = TIMEOUT_MS};
    HttpResponse response;
    assert_false(http_request(&server->ctx, &request, &response, &server->world->err));
    assert_int_equal(server->world->err.code, ERROR_NETWORK);
    assert_true(text_starts_with(server->world->err.message, "cannot connect to http://255.255.255.255/: "));
}

static void an_answer_that_is_too_large_is_refused(void **state) {
    Server *server = *state;
    HttpRequest request = {.url = url_of(server, "/large"), .size_limit = 1048576};
    assert_int_equal(must_request(server, &request).length, 1048576);
    request.size_limit = 1048575;
    check_failure(server, &request, ERROR_NETWORK,
                  arena_format(server->world->arena, "the answer of %s is larger than 1048575 bytes", request.url));
}

static void only_http_and_https_are_spoken(void **state) {
    Server *server = *state;
    static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "127.0.0.1", "", "httpx://127.0.0.1/"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        check_failure(server, &(HttpRequest){.url = urls[i]}, ERROR_CONFIG,
                      arena_format(server->world->arena, "%s is no http:// or https:// address", urls[i]));
    }
    check_failure(server, &(HttpRequest){.url = "http://"}, ERROR_CONFIG, "http:// is no valid URL");
}

static void an_insecure_connection_is_said_with_the_way_out(void **state) {
    Server *server = *state;
    HttpRequest request = {.url = arena_format(server->world->arena, "https://127.0.0.1:%d/", server->port)};
    HttpResponse response;
    request.timeout_ms = TIMEOUT_MS;
    assert_false(http_request(&server->ctx, &request, &response, &server->world->err));
    assert_int_equal(server->world->err.code, ERROR_NETWORK);
    assert_true(text_starts_with(server->world->err.message,
                                 arena_format(server->world->arena, "no secure connection to %s: ", request.url)));
    assert_non_null(strstr(server->world->err.hint, "SSL_CERT_FILE"));
    setenv("SSL_CERT_FILE", "/no/such/file.pem", 1);
    assert_false(http_request(&server->ctx, &request, &response, &server->world->err));
    assert_non_null(strstr(server->world->err.message, "/no/such/file.pem"));
}

static void secrets_of_a_url_stay_out_of_messages(void **state) {
    Server *server = *state;
    int port;
    close(listen_on_loopback(&port, 1));
    const char *url = arena_format(server->world->arena, "http://user:p%%40ss@127.0.0.1:%d/a@b", port);
    check_failure(server, &(HttpRequest){.url = url}, ERROR_NETWORK,
                  arena_format(server->world->arena, "nothing listens at http://127.0.0.1:%d/a@b: connection refused", port));
}

typedef struct Ticks {
    EventSink sink;
    int count;
} Ticks;

static void count_tick(EventSink *sink, const Event *event) { ((Ticks *)sink)->count += event->kind == EVENT_TICK; }

static void interrupt(int number) {
    (void)number;
    cancel = 1;
}

static void an_interrupted_request_ends_soon_and_ticks_meanwhile(void **state) {
    Server *server = *state;
    Ticks ticks = {.sink.emit = count_tick};
    server->ctx.sink = &ticks.sink;
    signal(SIGALRM, interrupt);
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 350000}, NULL);
    HttpRequest request = {.url = url_of(server, "/hang"), .timeout_ms = 15000};
    long long started_ms = clock_now_ms();
    check_failure(server, &request, ERROR_INTERRUPTED,
                  arena_format(server->world->arena, "interrupted while waiting for %s", request.url));
    assert_in_range(clock_now_ms() - started_ms, 300, 1500);
    assert_in_range(ticks.count, 2, 50);
}

// The same server, over its unix socket, where no libcurl is in between.
static void check_failing_socket(Server *server, const char *path, ErrorCode code, const char *words) {
    const char *url = arena_format(server->world->arena, "http://docker%s", path);
    HttpRequest request = {.url = url, .unix_socket = server->socket_path, .timeout_ms = 300};
    check_failure(server, &request, code, arena_format(server->world->arena, "%s %s", url, words));
}

static void a_unix_socket_answers_like_a_port(void **state) {
    Server *server = *state;
    HttpRequest request = {.url = "http://docker/missing", .unix_socket = server->socket_path, .wanted_header = "connection"};
    HttpResponse response = must_request(server, &request);
    assert_int_equal(response.status, 404);
    assert_string_equal(response.body, "no such thing");
    assert_string_equal(response.header, "close");
    request =
        (HttpRequest){.method = "POST", .url = "http://docker/echo?x=1", .unix_socket = server->socket_path, .body = "{\"a\":1}"};
    list_push(server->world->arena, &request.headers, "Content-Type: application/json");
    const char *echo = must_request(server, &request).body;
    assert_true(text_starts_with(echo, "POST /echo?x=1 HTTP/1.1\r\nHost: docker\r\n"));
    assert_non_null(strstr(echo, "\r\nContent-Type: application/json\r\n"));
    assert_true(text_ends_with(echo, "\r\n\r\n{\"a\":1}"));
    response = must_request(server, &(HttpRequest){.url = "http://docker/endless", .unix_socket = server->socket_path});
    assert_string_equal(response.body, "until the end");
    response =
        must_request(server, &(HttpRequest){.method = "HEAD", .url = "http://docker/echo", .unix_socket = server->socket_path});
    assert_int_equal(response.length, 0);
    response = must_request(server, &(HttpRequest){.url = "http://docker/nul", .unix_socket = server->socket_path});
    assert_memory_equal(response.body, "a\0b", 4);
}

static void a_header_is_given_where_it_is_wanted(void **state) {
    Server *server = *state;
    HttpRequest request = {.url = url_of(server, "/missing"), .wanted_header = "CONNECTION"};
    assert_string_equal(must_request(server, &request).header, "close");
    request.wanted_header = "Connect";
    assert_null(must_request(server, &request).header);
    assert_null(must_request(server, &(HttpRequest){.url = url_of(server, "/missing")}).header);
}

static void faults_at_a_unix_socket_are_told_apart(void **state) {
    Server *server = *state;
    check_failing_socket(server, "/empty", ERROR_NETWORK, "closed the connection without an answer");
    check_failing_socket(server, "/partial", ERROR_NETWORK, "closed the connection in the middle of its answer");
    check_failing_socket(server, "/garbage", ERROR_NETWORK, "answers, but not with HTTP");
    check_failing_socket(server, "/hang", ERROR_TIMEOUT, "did not answer within 0.3s");
}

static void a_drip_at_a_unix_socket_meets_the_deadline(void **state) {
    Server *server = *state;
    long long started_ms = clock_now_ms();
    check_failing_socket(server, "/drops", ERROR_TIMEOUT, "did not answer within 0.3s");
    assert_in_range(clock_now_ms() - started_ms, 290, 1500);
}

static void an_answer_that_is_too_large_is_refused_at_a_unix_socket_too(void **state) {
    Server *server = *state;
    HttpRequest request = {.url = "http://docker/large", .unix_socket = server->socket_path, .size_limit = 100000};
    check_failure(server, &request, ERROR_NETWORK, "the answer of http://docker/large is larger than 100000 bytes");
}

static void a_path_that_is_too_long_for_a_socket_is_said(void **state) {
    Server *server = *state;
    char path[200];
    memset(path, 'x', sizeof path);
    memcpy(path, "/tmp/", 5);
    path[sizeof path - 1] = '\0';
    HttpRequest request = {.url = "http://docker/", .unix_socket = path};
    check_failure(server, &request, ERROR_NETWORK,
                  arena_format(server->world->arena, "nothing answers at the socket %s: File name too long", path));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_server(an_answer_has_status_and_body),
        test_with_server(a_redirect_is_an_answer_and_not_followed),
        test_with_server(method_headers_credentials_and_body_arrive),
        test_with_server(a_method_without_body_says_so),
        test_with_server(a_unix_socket_is_spoken_to_past_any_proxy),
        test_with_server(this_machine_is_never_asked_through_a_proxy),
        test_with_server(a_refused_connection_is_said),
        test_with_server(an_unknown_host_is_said),
        test_with_server(a_server_that_hangs_meets_the_deadline),
        test_with_server(a_server_that_drips_meets_the_deadline_too),
        test_with_server(a_server_that_accepts_nothing_is_told_from_one_that_does_not_answer),
        test_with_server(broken_answers_are_told_apart),
        test_with_server(a_connection_that_breaks_is_said_in_the_system_s_words),
        test_with_server(an_address_without_a_way_to_it_is_said),
        test_with_server(an_answer_that_is_too_large_is_refused),
        test_with_server(only_http_and_https_are_spoken),
        test_with_server(an_insecure_connection_is_said_with_the_way_out),
        test_with_server(secrets_of_a_url_stay_out_of_messages),
        test_with_server(an_interrupted_request_ends_soon_and_ticks_meanwhile),
        test_with_server(a_unix_socket_answers_like_a_port),
        test_with_server(a_header_is_given_where_it_is_wanted),
        test_with_server(faults_at_a_unix_socket_are_told_apart),
        test_with_server(a_drip_at_a_unix_socket_meets_the_deadline),
        test_with_server(an_answer_that_is_too_large_is_refused_at_a_unix_socket_too),
        test_with_server(a_path_that_is_too_long_for_a_socket_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
