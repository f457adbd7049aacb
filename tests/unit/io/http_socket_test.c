#include "io/http.h"

#include "support/http_server.h"

static void a_unix_socket_is_spoken_to_past_any_proxy(void **state) {
    HttpServer *server = *state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    HttpRequest request = {.url = "http://docker/echo", .unix_socket = server->socket_path};
    assert_non_null(strstr(http_server_must_request(server, &request).body, "\r\nHost: docker\r\n"));
    request.unix_socket = test_world_path(server->world, "missing");
    http_server_check_failure(
        server, &request, ERROR_NETWORK,
        arena_format(server->world->arena, "nothing answers at the socket %s: No such file or directory", request.unix_socket));
}

// The same server, over its unix socket, where no libcurl is in between.
static void check_failing_socket(HttpServer *server, const char *path, ErrorCode code, const char *words) {
    const char *url = arena_format(server->world->arena, "http://docker%s", path);
    HttpRequest request = {.url = url, .unix_socket = server->socket_path, .timeout_ms = 300};
    http_server_check_failure(server, &request, code, arena_format(server->world->arena, "%s %s", url, words));
}

static void a_unix_socket_answers_like_a_port(void **state) {
    HttpServer *server = *state;
    HttpRequest request = {.url = "http://docker/missing", .unix_socket = server->socket_path, .wanted_header = "connection"};
    HttpResponse response = http_server_must_request(server, &request);
    assert_int_equal(response.status, 404);
    assert_string_equal(response.body, "no such thing");
    assert_string_equal(response.header, "close");
    request =
        (HttpRequest){.method = "POST", .url = "http://docker/echo?x=1", .unix_socket = server->socket_path, .body = "{\"a\":1}"};
    list_push(server->world->arena, &request.headers, "Content-Type: application/json");
    const char *echo = http_server_must_request(server, &request).body;
    assert_true(text_starts_with(echo, "POST /echo?x=1 HTTP/1.1\r\nHost: docker\r\n"));
    assert_non_null(strstr(echo, "\r\nContent-Type: application/json\r\n"));
    assert_true(text_ends_with(echo, "\r\n\r\n{\"a\":1}"));
    response =
        http_server_must_request(server, &(HttpRequest){.url = "http://docker/endless", .unix_socket = server->socket_path});
    assert_string_equal(response.body, "until the end");
    response = http_server_must_request(
        server, &(HttpRequest){.method = "HEAD", .url = "http://docker/echo", .unix_socket = server->socket_path});
    assert_int_equal(response.length, 0);
    response = http_server_must_request(server, &(HttpRequest){.url = "http://docker/nul", .unix_socket = server->socket_path});
    assert_memory_equal(response.body, "a\0b", 4);
}

static void faults_at_a_unix_socket_are_told_apart(void **state) {
    HttpServer *server = *state;
    check_failing_socket(server, "/empty", ERROR_NETWORK, "closed the connection without an answer");
    check_failing_socket(server, "/partial", ERROR_NETWORK, "closed the connection in the middle of its answer");
    check_failing_socket(server, "/garbage", ERROR_NETWORK, "answers, but not with HTTP");
    check_failing_socket(server, "/hang", ERROR_TIMEOUT, "did not answer within 0.3s");
}

static void a_drip_at_a_unix_socket_meets_the_deadline(void **state) {
    HttpServer *server = *state;
    long long started_ms = clock_now_ms();
    check_failing_socket(server, "/drops", ERROR_TIMEOUT, "did not answer within 0.3s");
    assert_in_range(clock_now_ms() - started_ms, 290, 1500);
}

static void an_answer_that_is_too_large_is_refused_at_a_unix_socket_too(void **state) {
    HttpServer *server = *state;
    HttpRequest request = {.url = "http://docker/large", .unix_socket = server->socket_path, .size_limit = 100000};
    http_server_check_failure(server, &request, ERROR_NETWORK, "the answer of http://docker/large is larger than 100000 bytes");
}

static void a_path_that_is_too_long_for_a_socket_is_said(void **state) {
    HttpServer *server = *state;
    char path[200];
    memset(path, 'x', sizeof path);
    memcpy(path, "/tmp/", 5);
    path[sizeof path - 1] = '\0';
    HttpRequest request = {.url = "http://docker/", .unix_socket = path};
    http_server_check_failure(server, &request, ERROR_NETWORK,
                              arena_format(server->world->arena, "nothing answers at the socket %s: File name too long", path));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_server(a_unix_socket_is_spoken_to_past_any_proxy),
        test_with_server(a_unix_socket_answers_like_a_port),
        test_with_server(faults_at_a_unix_socket_are_told_apart),
        test_with_server(a_drip_at_a_unix_socket_meets_the_deadline),
        test_with_server(an_answer_that_is_too_large_is_refused_at_a_unix_socket_too),
        test_with_server(a_path_that_is_too_long_for_a_socket_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
