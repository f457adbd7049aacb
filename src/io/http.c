#include "io/http.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/http_curl.h"
#include "io/http_stream.h"

enum { DEFAULT_SIZE_LIMIT = 16 * 1024 * 1024 };

// One request under way.
typedef struct Exchange {
    HttpCall call;
    const HttpRequest *request;
    size_t size_limit;
    struct curl_slist *headers;
    Text body;
    const char *header;
    bool is_too_large;
} Exchange;

static void exchange_end(Exchange *exchange) {
    http_call_end(&exchange->call);
    if (exchange->headers != NULL) http_curl.list_destroy(exchange->headers);
}

static size_t receive(char *bytes, size_t size, size_t count, void *state) {
    Exchange *exchange = state;
    exchange->is_too_large = size * count > exchange->size_limit - exchange->body.length;
    if (exchange->is_too_large) return 0;
    text_append_bytes(&exchange->body, bytes, size * count);
    return size * count;
}

static size_t receive_header(char *bytes, size_t size, size_t count, void *state) {
    Exchange *exchange = state;
    const char *name = exchange->request->wanted_header;
    size_t length = size * count, name_length = strlen(name);
    if (length > name_length && bytes[name_length] == ':' && strncasecmp(bytes, name, name_length) == 0) {
        Arena *arena = exchange->body.arena;
        exchange->header = text_trim(arena, arena_copy_bytes(arena, bytes + name_length + 1, length - name_length - 1));
    }
    return length;
}

static void set_method(Exchange *exchange) {
    const HttpRequest *request = exchange->request;
    CURL *easy = exchange->call.easy;
    const char *body = request->body, *method = request->method == NULL ? "GET" : request->method;
    bool wants_length = text_equals(method, "POST") || text_equals(method, "PUT") || text_equals(method, "PATCH");
    if (body == NULL && wants_length) body = "";
    if (body != NULL) {
        size_t length = request->body_length > 0 ? request->body_length : strlen(body);
        http_curl.easy_set(easy, CURLOPT_POSTFIELDS, body);
        http_curl.easy_set(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    }
    if (text_equals(method, "HEAD")) http_curl.easy_set(easy, CURLOPT_NOBODY, 1L);
    http_curl.easy_set(easy, CURLOPT_CUSTOMREQUEST, method);
}

static void set_headers(Exchange *exchange) {
    // "Expect:" keeps curl from asking the server first whether a large body is welcome, which costs a second with servers
    // that do not answer that.
    exchange->headers = http_curl.list_add(NULL, "Expect:");
    list_each(const char *const, header, &exchange->request->headers) {
        exchange->headers = http_curl.list_add(exchange->headers, *header);
    }
    http_curl.easy_set(exchange->call.easy, CURLOPT_HTTPHEADER, exchange->headers);
}

static void set_receivers(Exchange *exchange) {
    CURL *easy = exchange->call.easy;
    http_curl.easy_set(easy, CURLOPT_WRITEFUNCTION, receive);
    http_curl.easy_set(easy, CURLOPT_WRITEDATA, exchange);
    if (exchange->request->wanted_header == NULL) return;
    http_curl.easy_set(easy, CURLOPT_HEADERFUNCTION, receive_header);
    http_curl.easy_set(easy, CURLOPT_HEADERDATA, exchange);
}

static bool report_too_large(const char *shown_url, size_t size_limit, Error *err) {
    return error_set(err, ERROR_NETWORK, "the answer of %s is larger than %zu bytes", shown_url, size_limit);
}

static bool request_by_curl(Context *ctx, const HttpRequest *request, size_t size_limit, HttpResponse *response, Error *err) {
    __attribute__((cleanup(exchange_end)))
    Exchange exchange = {.request = request, .size_limit = size_limit, .body = {.arena = ctx->arena}};
    CURLcode code = CURLE_OK;
    long status = 0;
    if (!http_call_begin(&exchange.call, ctx, request, err)) return false;
    set_method(&exchange);
    set_headers(&exchange);
    set_receivers(&exchange);
    if (!http_call_run(&exchange.call, &code, err)) return false;
    if (code != CURLE_OK) {
        http_call_report(&exchange.call, code, err);
        return exchange.is_too_large ? report_too_large(exchange.call.shown_url, size_limit, err) : false;
    }
    http_curl.easy_get(exchange.call.easy, CURLINFO_RESPONSE_CODE, &status);
    *response = (HttpResponse){
        .status = status, .body = text_string(&exchange.body), .length = exchange.body.length, .header = exchange.header};
    return true;
}

static void stream_end(HttpStream **stream) { http_stream_close(*stream); }

// Without libcurl, whose loading takes longer than all the rest.
static bool request_by_socket(Context *ctx, const HttpRequest *request, size_t size_limit, HttpResponse *response, Error *err) {
    __attribute__((cleanup(stream_end))) HttpStream *stream = NULL;
    const char *shown_url = http_url_for_people(ctx->arena, request->url);
    long long timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : HTTP_DEFAULT_TIMEOUT_MS;
    long long deadline_ms = clock_now_ms() + timeout_ms;
    Text body = {.arena = ctx->arena};
    if (!http_stream_open(ctx, request, &stream, err)) return false;
    for (HttpPiece piece = {0}; !piece.is_end;) {
        long long left_ms = deadline_ms - clock_now_ms();
        if (!http_stream_read(ctx, stream, left_ms > 0 ? left_ms : 0, &piece, err)) return false;
        if (piece.length > size_limit - body.length) return report_too_large(shown_url, size_limit, err);
        text_append_bytes(&body, piece.bytes, piece.length);
        if (!piece.is_end && clock_now_ms() >= deadline_ms) {
            const char *limit = text_duration(ctx->arena, timeout_ms);
            return error_set(err, ERROR_TIMEOUT, "%s did not answer within %s", shown_url, limit);
        }
    }
    const char *wanted = request->wanted_header;
    *response = (HttpResponse){.status = http_stream_status(stream),
                               .body = text_string(&body),
                               .length = body.length,
                               .header = wanted == NULL ? NULL : http_stream_header(ctx->arena, stream, wanted)};
    return true;
}

bool http_request(Context *ctx, const HttpRequest *request, HttpResponse *response, Error *err) {
    size_t size_limit = request->size_limit > 0 ? request->size_limit : DEFAULT_SIZE_LIMIT;
    bool is_plain = request->unix_socket != NULL && request->user == NULL && request->tls_folder == NULL;
    if (is_plain) return request_by_socket(ctx, request, size_limit, response, err);
    return request_by_curl(ctx, request, size_limit, response, err);
}
