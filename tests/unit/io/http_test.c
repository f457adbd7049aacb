#include "io/http.h"

#include <sys/time.h>

#include "model/event.h"
#include "support/http_server.h"

static const char *url_of(const HttpServer *server, const char *path) {
    return arena_format(server->world->arena, "http://127.0.0.1:%d%s", server->port, path);
}

static void check_failing_path(HttpServer *server, const char *path, const char *words) {
    const char *url = url_of(server, path);
    HttpRequest request = {.url = url, .timeout_ms = HTTP_SERVER_TIMEOUT_MS};
    http_server_check_failure(server, &request, ERROR_NETWORK, arena_format(server->world->arena, "%s %s", url, words));
}

static void an_answer_has_status_and_body(void **state) {
    HttpServer *server = *state;
    HttpResponse response =
        http_server_must_request(server, &(HttpRequest){.url = url_of(server, "/missing"), .timeout_ms = HTTP_SERVER_TIMEOUT_MS});
    assert_int_equal(response.status, 404);
    assert_string_equal(response.body, "no such thing");
    assert_int_equal(response.length, 13);
    response = http_server_must_request(server, &(HttpRequest){.url = url_of(server, "/broken")});
    assert_int_equal(response.status, 500);
    assert_string_equal(response.body, "");
    response = http_server_must_request(server, &(HttpRequest){.url = url_of(server, "/endless")});
    assert_string_equal(response.body, "until the end");
    response = http_server_must_request(server, &(HttpRequest){.url = url_of(server, "/nul")});
    assert_int_equal(response.length, 3);
    assert_memory_equal(response.body, "a\0b", 4);
}

static void a_redirect_is_an_answer_and_not_followed(void **state) {
    HttpServer *server = *state;
    assert_int_equal(http_server_must_request(server, &(HttpRequest){.url = url_of(server, "/moved")}).status, 302);
}

static void method_headers_credentials_and_body_arrive(void **state) {
    HttpServer *server = *state;
    HttpRequest request = {
        .method = "POST", .url = url_of(server, "/echo"), .user = "admin", .password = "a:b", .body = "{\"a\":1}"};
    list_push(server->world->arena, &request.headers, "Content-Type: application/json");
    list_push(server->world->arena, &request.headers, "X-Trace: 7");
    const char *echo = http_server_must_request(server, &request).body;
    assert_true(text_starts_with(echo, "POST /echo HTTP/1.1\r\n"));
    assert_non_null(strstr(echo, "\r\nAuthorization: Basic YWRtaW46YTpi\r\n"));
    assert_non_null(strstr(echo, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(echo, "\r\nX-Trace: 7\r\n"));
    assert_non_null(strstr(echo, "\r\nUser-Agent: devbox/"));
    assert_true(text_ends_with(echo, "\r\n\r\n{\"a\":1}"));
    assert_null(strstr(echo, "Expect:"));
}

static void a_method_without_body_says_so(void **state) {
    HttpServer *server = *state;
    static const char *const methods[] = {"POST", "PUT", "PATCH"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        const char *echo =
            http_server_must_request(server, &(HttpRequest){.method = methods[i], .url = url_of(server, "/echo")}).body;
        assert_true(text_starts_with(echo, methods[i]));
        assert_non_null(strstr(echo, "\r\nContent-Length: 0\r\n"));
    }
    const char *echo =
        http_server_must_request(server, &(HttpRequest){.method = "DELETE", .url = url_of(server, "/echo"), .user = "x"}).body;
    assert_true(text_starts_with(echo, "DELETE /echo"));
    assert_non_null(strstr(echo, "Authorization: Basic eDo=\r\n"));
    HttpResponse head =
        http_server_must_request(server, &(HttpRequest){.method = "HEAD", .url = url_of(server, "/echo"), .timeout_ms = 2000});
    assert_int_equal(head.status, 200);
    assert_int_equal(head.length, 0);
}

static void this_machine_is_never_asked_through_a_proxy(void **state) {
    HttpServer *server = *state;
    static const char *const exceptions[] = {NULL, "example.com,other.example", "*"};
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++) {
        if (exceptions[i] != NULL) setenv("NO_PROXY", exceptions[i], 1);
        assert_int_equal(http_server_must_request(server, &(HttpRequest){.url = url_of(server, "/echo")}).status, 200);
        const char *by_name = arena_format(server->world->arena, "http://localhost:%d/echo", server->port);
        assert_int_equal(http_server_must_request(server, &(HttpRequest){.url = by_name}).status, 200);
    }
    unsetenv("NO_PROXY");
    HttpRequest request = {.url = "http://data.example/x", .timeout_ms = HTTP_SERVER_TIMEOUT_MS};
    http_server_check_failure(server, &request, ERROR_NETWORK, "nothing listens at http://data.example/x: connection refused");
    assert_non_null(strstr(server->world->err.detail, "127.0.0.1 port 1"));
}

static void a_refused_connection_is_said(void **state) {
    HttpServer *server = *state;
    int port;
    close(http_server_listen(&port, 1));
    HttpRequest request = {.url = arena_format(server->world->arena, "http://127.0.0.1:%d/", port),
                           .timeout_ms = HTTP_SERVER_TIMEOUT_MS};
    long long started_ms = clock_now_ms();
    http_server_check_failure(
        server, &request, ERROR_NETWORK,
        arena_format(server->world->arena, "nothing listens at http://127.0.0.1:%d/: connection refused", port));
    assert_true(clock_now_ms() - started_ms < 1000);
}

static void an_unknown_host_is_said(void **state) {
    HttpServer *server = *state;
    HttpRequest request = {.url = "http://no-such-host.invalid/", .timeout_ms = 20000};
    http_server_check_failure(server, &request, ERROR_NETWORK,
                              "cannot reach http://no-such-host.invalid/: Could not resolve host: no-such-host.invalid");
    assert_true(text_starts_with(server->world->err.hint, "check the name"));
}

static void a_server_that_hangs_meets_the_deadline(void **state) {
    HttpServer *server = *state;
    HttpRequest request = {.url = url_of(server, "/hang"), .timeout_ms = 300};
    long long started_ms = clock_now_ms();
    http_server_check_failure(server, &request, ERROR_TIMEOUT,
                              arena_format(server->world->arena, "%s did not answer within 0.3s", request.url));
    assert_in_range(clock_now_ms() - started_ms, 290, 1500);
}

static void a_server_that_drips_meets_the_deadline_too(void **state) {
    HttpServer *server = *state;
    HttpRequest request = {.url = url_of(server, "/drops"), .timeout_ms = 300};
    long long started_ms = clock_now_ms();
    http_server_check_failure(server, &request, ERROR_TIMEOUT,
                              arena_format(server->world->arena, "%s did not answer within 0.3s", request.url));
    assert_in_range(clock_now_ms() - started_ms, 290, 1500);
}

static void a_server_that_accepts_nothing_is_told_from_one_that_does_not_answer(void **state) {
    HttpServer *server = *state;
    int port, waiting[4];
    int listener = http_server_listen(&port, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (size_t i = 0; i < 4; i++) {
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)!connect(waiting[i], (struct sockaddr *)&address, sizeof address);
    }
    HttpRequest request = {.url = arena_format(server->world->arena, "http://127.0.0.1:%d/", port), .timeout_ms = 300};
    http_server_check_failure(server, &request, ERROR_TIMEOUT,
                              arena_format(server->world->arena, "%s accepted no connection within 0.3s", request.url));
    for (size_t i = 0; i < 4; i++) close(waiting[i]);
    close(listener);
}

static void broken_answers_are_told_apart(void **state) {
    HttpServer *server = *state;
    check_failing_path(server, "/empty", "closed the connection without an answer");
    check_failing_path(server, "/partial", "closed the connection in the middle of its answer");
    check_failing_path(server, "/garbage", "answers, but not with HTTP");
}

static void a_connection_that_breaks_is_said_in_the_system_s_words(void **state) {
    HttpServer *server = *state;
    HttpRequest request = {.url = url_of(server, "/reset"), .timeout_ms = HTTP_SERVER_TIMEOUT_MS};
    http_server_check_failure(
        server, &request, ERROR_NETWORK,
        arena_format(server->world->arena, "the request to %s failed: Recv failure: Connection reset by peer", request.url));
}

static void an_address_without_a_way_to_it_is_said(void **state) {
    HttpServer *server = *state;
    HttpRequest request = {.url = "http://255.255.255.255/", .timeout_ms = HTTP_SERVER_TIMEOUT_MS};
    HttpResponse response;
    assert_false(http_request(&server->ctx, &request, &response, &server->world->err));
    assert_int_equal(server->world->err.code, ERROR_NETWORK);
    assert_true(text_starts_with(server->world->err.message, "cannot connect to http://255.255.255.255/: "));
}

static void an_answer_that_is_too_large_is_refused(void **state) {
    HttpServer *server = *state;
    HttpRequest request = {.url = url_of(server, "/large"), .size_limit = 1048576};
    assert_int_equal(http_server_must_request(server, &request).length, 1048576);
    request.size_limit = 1048575;
    http_server_check_failure(server, &request, ERROR_NETWORK,
                              arena_format(server->world->arena, "the answer of %s is larger than 1048575 bytes", request.url));
}

static void only_http_and_https_are_spoken(void **state) {
    HttpServer *server = *state;
    static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "127.0.0.1", "", "httpx://127.0.0.1/"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        http_server_check_failure(server, &(HttpRequest){.url = urls[i]}, ERROR_CONFIG,
                                  arena_format(server->world->arena, "%s is no http:// or https:// address", urls[i]));
    }
    http_server_check_failure(server, &(HttpRequest){.url = "http://"}, ERROR_CONFIG, "http:// is no valid URL");
}

static void an_insecure_connection_is_said_with_the_way_out(void **state) {
    HttpServer *server = *state;
    HttpRequest request = {.url = arena_format(server->world->arena, "https://127.0.0.1:%d/", server->port)};
    HttpResponse response;
    request.timeout_ms = HTTP_SERVER_TIMEOUT_MS;
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
    HttpServer *server = *state;
    int port;
    close(http_server_listen(&port, 1));
    const char *url = arena_format(server->world->arena, "http://user:p%%40ss@127.0.0.1:%d/a@b", port);
    http_server_check_failure(
        server, &(HttpRequest){.url = url}, ERROR_NETWORK,
        arena_format(server->world->arena, "nothing listens at http://127.0.0.1:%d/a@b: connection refused", port));
}

typedef struct Ticks {
    EventSink sink;
    int count;
} Ticks;

static void count_tick(EventSink *sink, const Event *event) { ((Ticks *)sink)->count += event->kind == EVENT_TICK; }

static void interrupt(int number) {
    (void)number;
    http_server_cancel = 1;
}

static void an_interrupted_request_ends_soon_and_ticks_meanwhile(void **state) {
    HttpServer *server = *state;
    Ticks ticks = {.sink.emit = count_tick};
    server->ctx.sink = &ticks.sink;
    signal(SIGALRM, interrupt);
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 350000}, NULL);
    HttpRequest request = {.url = url_of(server, "/hang"), .timeout_ms = 15000};
    long long started_ms = clock_now_ms();
    http_server_check_failure(server, &request, ERROR_INTERRUPTED,
                              arena_format(server->world->arena, "interrupted while waiting for %s", request.url));
    assert_in_range(clock_now_ms() - started_ms, 300, 1500);
    assert_in_range(ticks.count, 2, 50);
}

static void a_header_is_given_where_it_is_wanted(void **state) {
    HttpServer *server = *state;
    HttpRequest request = {.url = url_of(server, "/missing"), .wanted_header = "CONNECTION"};
    assert_string_equal(http_server_must_request(server, &request).header, "close");
    request.wanted_header = "Connect";
    assert_null(http_server_must_request(server, &request).header);
    assert_null(http_server_must_request(server, &(HttpRequest){.url = url_of(server, "/missing")}).header);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_server(an_answer_has_status_and_body),
        test_with_server(a_redirect_is_an_answer_and_not_followed),
        test_with_server(method_headers_credentials_and_body_arrive),
        test_with_server(a_method_without_body_says_so),
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
        test_with_server(a_header_is_given_where_it_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
