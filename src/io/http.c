#include "io/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "io/library.h"
#include "library_names.h"
#include "model/event.h"

enum { DEFAULT_SIZE_LIMIT = 16 * 1024 * 1024, DEFAULT_TIMEOUT_MS = 30000, POLL_MS = 100 };

// curl's header makes type checking macros of some of these names, so that the members have names of their own.
static struct {
    CURLcode (*start)(long);
    CURL *(*easy_create)(void);
    CURLcode (*easy_set)(CURL *, CURLoption, ...);
    CURLcode (*easy_get)(CURL *, CURLINFO, ...);
    void (*easy_destroy)(CURL *);
    const char *(*easy_words)(CURLcode);
    CURLM *(*multi_create)(void);
    CURLMcode (*multi_add)(CURLM *, CURL *);
    CURLMcode (*multi_remove)(CURLM *, CURL *);
    CURLMcode (*multi_move)(CURLM *, int *);
    CURLMcode (*multi_wait)(CURLM *, struct curl_waitfd[], unsigned, int, int *);
    CURLMsg *(*multi_read)(CURLM *, int *);
    CURLMcode (*multi_destroy)(CURLM *);
    struct curl_slist *(*list_add)(struct curl_slist *, const char *);
    void (*list_destroy)(struct curl_slist *);
} curl;

static bool load(Error *err) {
    static const LibrarySymbol symbols[] = {
        {"curl_global_init", &curl.start},           {"curl_easy_init", &curl.easy_create},
        {"curl_easy_setopt", &curl.easy_set},        {"curl_easy_getinfo", &curl.easy_get},
        {"curl_easy_cleanup", &curl.easy_destroy},   {"curl_easy_strerror", &curl.easy_words},
        {"curl_multi_init", &curl.multi_create},     {"curl_multi_add_handle", &curl.multi_add},
        {"curl_multi_perform", &curl.multi_move},    {"curl_multi_remove_handle", &curl.multi_remove},
        {"curl_multi_poll", &curl.multi_wait},       {"curl_multi_info_read", &curl.multi_read},
        {"curl_multi_cleanup", &curl.multi_destroy}, {"curl_slist_append", &curl.list_add},
        {"curl_slist_free_all", &curl.list_destroy},
    };
    static bool is_loaded;
    if (is_loaded) return true;
    if (!library_load(LIBRARY_CURL, symbols, sizeof symbols / sizeof *symbols, err)) return false;
    is_loaded = curl.start(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    return is_loaded || error_set(err, ERROR_RUNTIME_MISSING, "the library %s does not start", LIBRARY_CURL);
}

// One request under way.
typedef struct Exchange {
    Context *ctx;
    const HttpRequest *request;
    const char *method, *shown_url;
    long long timeout_ms;
    size_t size_limit;
    CURL *easy;
    CURLM *multi;
    struct curl_slist *headers;
    Text body;
    bool is_too_large;
    char words[CURL_ERROR_SIZE];
} Exchange;

static void exchange_end(Exchange *exchange) {
    if (exchange->multi != NULL && exchange->easy != NULL) curl.multi_remove(exchange->multi, exchange->easy);
    if (exchange->easy != NULL) curl.easy_destroy(exchange->easy);
    if (exchange->multi != NULL) curl.multi_destroy(exchange->multi);
    if (exchange->headers != NULL) curl.list_destroy(exchange->headers);
}

static size_t receive(char *bytes, size_t size, size_t count, void *state) {
    Exchange *exchange = state;
    exchange->is_too_large = size * count > exchange->size_limit - exchange->body.length;
    if (exchange->is_too_large) return 0;
    text_append_bytes(&exchange->body, bytes, size * count);
    return size * count;
}

// Without user and password, which a URL may hold and no message should.
static const char *url_for_people(Arena *arena, const char *url) {
    const char *scheme_end = strstr(url, "://");
    if (scheme_end == NULL) return url;
    const char *host = scheme_end + 3;
    size_t start = strcspn(host, "/?#");
    while (start > 0 && host[start - 1] != '@') start--;
    return arena_format(arena, "%.*s%s", (int)(host - url), url, host + start);
}

// curl itself would fetch file:, ftp: and more.
static bool is_http(const char *url) { return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0; }

static const char *hosts_without_proxy(Arena *arena) {
    const char *given = getenv("no_proxy");
    if (text_is_empty(given)) given = getenv("NO_PROXY");
    if (text_equals(given, "*")) return given;
    return arena_format(arena, "%s,127.0.0.1,localhost,::1", text_is_empty(given) ? "localhost" : given);
}

static void set_method(Exchange *exchange) {
    const char *body = exchange->request->body;
    bool wants_length =
        text_equals(exchange->method, "POST") || text_equals(exchange->method, "PUT") || text_equals(exchange->method, "PATCH");
    if (body == NULL && wants_length) body = "";
    if (body != NULL) {
        curl.easy_set(exchange->easy, CURLOPT_POSTFIELDS, body);
        curl.easy_set(exchange->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
    }
    if (text_equals(exchange->method, "HEAD")) curl.easy_set(exchange->easy, CURLOPT_NOBODY, 1L);
    curl.easy_set(exchange->easy, CURLOPT_CUSTOMREQUEST, exchange->method);
}

static void set_headers(Exchange *exchange) {
    // "Expect:" keeps curl from asking the server first whether a large body is welcome, which costs a second with servers
    // that do not answer that.
    exchange->headers = curl.list_add(NULL, "Expect:");
    list_each (const char *const, header, &exchange->request->headers) {
        exchange->headers = curl.list_add(exchange->headers, *header);
    }
    curl.easy_set(exchange->easy, CURLOPT_HTTPHEADER, exchange->headers);
}

static void set_options(Exchange *exchange) {
    const HttpRequest *request = exchange->request;
    CURL *easy = exchange->easy;
    curl.easy_set(easy, CURLOPT_URL, request->url);
    curl.easy_set(easy, CURLOPT_ERRORBUFFER, exchange->words);
    curl.easy_set(easy, CURLOPT_NOSIGNAL, 1L);  // else timeouts of the resolver come as SIGALRM
    curl.easy_set(easy, CURLOPT_TIMEOUT_MS, (long)exchange->timeout_ms);
    curl.easy_set(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)exchange->timeout_ms);
    curl.easy_set(easy, CURLOPT_WRITEFUNCTION, receive);
    curl.easy_set(easy, CURLOPT_WRITEDATA, exchange);
    curl.easy_set(easy, CURLOPT_USERAGENT, "devbox/" DEVBOX_VERSION);
    curl.easy_set(easy, CURLOPT_NOPROXY, hosts_without_proxy(exchange->ctx->arena));
    // The curl tool reads this variable, the library does not.
    const char *authorities = getenv("SSL_CERT_FILE");
    if (!text_is_empty(authorities)) curl.easy_set(easy, CURLOPT_CAINFO, authorities);
    if (request->unix_socket != NULL) {
        curl.easy_set(easy, CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
        curl.easy_set(easy, CURLOPT_PROXY, "");
    }
    if (request->user != NULL) {
        curl.easy_set(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl.easy_set(easy, CURLOPT_USERNAME, request->user);
        curl.easy_set(easy, CURLOPT_PASSWORD, request->password == NULL ? "" : request->password);
    }
    set_method(exchange);
    set_headers(exchange);
}

static bool report_timeout(const Exchange *exchange, Error *err) {
    double connected_s = 0;
    const char *limit = text_duration(exchange->ctx->arena, exchange->timeout_ms);
    curl.easy_get(exchange->easy, CURLINFO_CONNECT_TIME, &connected_s);
    const char *what = connected_s > 0 ? "did not answer" : "accepted no connection";
    return error_set(err, ERROR_TIMEOUT, "%s %s within %s", exchange->shown_url, what, limit);
}

static bool report_unconnected(const Exchange *exchange, Error *err) {
    long reason = 0;
    const char *socket_path = exchange->request->unix_socket;
    curl.easy_get(exchange->easy, CURLINFO_OS_ERRNO, &reason);
    const char *words = reason == 0 ? exchange->words : strerror((int)reason);
    if (socket_path != NULL) {
        return error_set(err, ERROR_NETWORK, "nothing answers at the socket %s: %s", socket_path, words);
    }
    if (reason == ECONNREFUSED)
        return error_set(err, ERROR_NETWORK, "nothing listens at %s: connection refused", exchange->shown_url);
    return error_set(err, ERROR_NETWORK, "cannot connect to %s: %s", exchange->shown_url, words);
}

static bool report_certificate(const Exchange *exchange, Error *err) {
    error_set(err, ERROR_NETWORK, "no secure connection to %s: %s", exchange->shown_url, exchange->words);
    return error_hint(err, "behind a proxy that inspects TLS, name its certificates: export SSL_CERT_FILE=/path/to/ca.pem");
}

static bool report(const Exchange *exchange, CURLcode code, Error *err) {
    const char *url = exchange->shown_url;
    switch (code) {
        case CURLE_OPERATION_TIMEDOUT:
            return report_timeout(exchange, err);
        case CURLE_COULDNT_CONNECT:
            return report_unconnected(exchange, err);
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
            return report_certificate(exchange, err);
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
            error_set(err, ERROR_NETWORK, "cannot reach %s: %s", url, exchange->words);
            return error_hint(err, "check the name and the network connection (VPN, proxy)");
        case CURLE_URL_MALFORMAT:
            return error_set(err, ERROR_CONFIG, "%s is no valid URL", url);
        case CURLE_GOT_NOTHING:
            return error_set(err, ERROR_NETWORK, "%s closed the connection without an answer", url);
        case CURLE_PARTIAL_FILE:
            return error_set(err, ERROR_NETWORK, "%s closed the connection in the middle of its answer", url);
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_WEIRD_SERVER_REPLY:
            return error_set(err, ERROR_NETWORK, "%s answers, but not with HTTP", url);
        default:
            break;
    }
    if (exchange->is_too_large) {
        return error_set(err, ERROR_NETWORK, "the answer of %s is larger than %zu bytes", url, exchange->size_limit);
    }
    const char *words = *exchange->words == '\0' ? curl.easy_words(code) : exchange->words;
    return error_set(err, ERROR_NETWORK, "the request to %s failed: %s", url, words);
}

// The multi interface, since only it lets us look at ctx->cancel and move a spinner while nothing comes.
static bool run(Exchange *exchange, Error *err) {
    int running = 1, left;
    CURLMcode multi_code = curl.multi_add(exchange->multi, exchange->easy);
    while (multi_code == CURLM_OK && running > 0) {
        multi_code = curl.multi_move(exchange->multi, &running);
        if (multi_code == CURLM_OK && running > 0) multi_code = curl.multi_wait(exchange->multi, NULL, 0, POLL_MS, NULL);
        event_tick(exchange->ctx);
        if (context_is_cancelled(exchange->ctx)) {
            return error_set(err, ERROR_INTERRUPTED, "interrupted while waiting for %s", exchange->shown_url);
        }
    }
    const CURLMsg *message = curl.multi_read(exchange->multi, &left);
    if (message == NULL) return error_set(err, ERROR_INTERNAL, "the request to %s came to no end", exchange->shown_url);
    if (message->data.result == CURLE_OK) return true;
    report(exchange, message->data.result, err);
    return error_detail(err, exchange->words);  // it names the address that was really tried: a proxy's, one of several
}

bool http_request(Context *ctx, const HttpRequest *request, HttpResponse *response, Error *err) {
    const char *shown_url = url_for_people(ctx->arena, request->url);
    if (!is_http(request->url)) return error_set(err, ERROR_CONFIG, "%s is no http:// or https:// address", shown_url);
    if (!load(err)) return false;
    __attribute__((cleanup(exchange_end))) Exchange exchange = {
        .ctx = ctx,
        .request = request,
        .method = request->method == NULL ? "GET" : request->method,
        .shown_url = shown_url,
        .timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : DEFAULT_TIMEOUT_MS,
        .size_limit = request->size_limit > 0 ? request->size_limit : DEFAULT_SIZE_LIMIT,
        .easy = curl.easy_create(),
        .multi = curl.multi_create(),
        .body = {.arena = ctx->arena},
    };
    if (exchange.easy == NULL || exchange.multi == NULL) return error_set(err, ERROR_INTERNAL, "libcurl gives no handle");
    set_options(&exchange);
    long status = 0;
    if (!run(&exchange, err)) return false;
    curl.easy_get(exchange.easy, CURLINFO_RESPONSE_CODE, &status);
    *response = (HttpResponse){.status = status, .body = text_string(&exchange.body), .length = exchange.body.length};
    return true;
}
