#include "io/http_curl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "io/file_system.h"
#include "io/library.h"
#include "library_names.h"
#include "model/event.h"

HttpCurl http_curl;

static bool load(Error *err) {
    static const LibrarySymbol symbols[] = {
        {"curl_global_init", &http_curl.start},           {"curl_easy_init", &http_curl.easy_create},
        {"curl_easy_setopt", &http_curl.easy_set},        {"curl_easy_getinfo", &http_curl.easy_get},
        {"curl_easy_cleanup", &http_curl.easy_destroy},   {"curl_easy_strerror", &http_curl.easy_words},
        {"curl_multi_init", &http_curl.multi_create},     {"curl_multi_add_handle", &http_curl.multi_add},
        {"curl_multi_perform", &http_curl.multi_move},    {"curl_multi_remove_handle", &http_curl.multi_remove},
        {"curl_multi_poll", &http_curl.multi_wait},       {"curl_multi_info_read", &http_curl.multi_read},
        {"curl_multi_cleanup", &http_curl.multi_destroy}, {"curl_slist_append", &http_curl.list_add},
        {"curl_slist_free_all", &http_curl.list_destroy}, {"curl_easy_send", &http_curl.easy_send},
        {"curl_easy_recv", &http_curl.easy_receive},
    };
    static bool is_loaded;
    if (is_loaded) return true;
    if (!library_load(LIBRARY_CURL, symbols, sizeof symbols / sizeof *symbols, err)) return false;
    is_loaded = http_curl.start(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    return is_loaded || error_set(err, ERROR_RUNTIME_MISSING, "the library %s does not start", LIBRARY_CURL);
}

const char *http_url_for_people(Arena *arena, const char *url) {
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

// The server's authority and our certificate, where the folder has them.
static void set_certificates(HttpCall *call) {
    static const struct {
        const char *name;
        CURLoption option;
    } files[] = {{"ca.pem", CURLOPT_CAINFO}, {"cert.pem", CURLOPT_SSLCERT}, {"key.pem", CURLOPT_SSLKEY}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *path = path_join(call->ctx->arena, call->request->tls_folder, files[i].name);
        if (file_exists(path)) http_curl.easy_set(call->easy, files[i].option, path);
    }
}

static void set_options(HttpCall *call) {
    const HttpRequest *request = call->request;
    CURL *easy = call->easy;
    http_curl.easy_set(easy, CURLOPT_URL, request->url);
    http_curl.easy_set(easy, CURLOPT_ERRORBUFFER, call->words);
    http_curl.easy_set(easy, CURLOPT_NOSIGNAL, 1L);  // else timeouts of the resolver come as SIGALRM
    http_curl.easy_set(easy, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
    http_curl.easy_set(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)call->timeout_ms);
    http_curl.easy_set(easy, CURLOPT_USERAGENT, "devbox/" DEVBOX_VERSION);
    http_curl.easy_set(easy, CURLOPT_NOPROXY, hosts_without_proxy(call->ctx->arena));
    // The curl tool reads this variable, the library does not.
    const char *authorities = getenv("SSL_CERT_FILE");
    if (!text_is_empty(authorities)) http_curl.easy_set(easy, CURLOPT_CAINFO, authorities);
    if (request->tls_folder != NULL) set_certificates(call);
    if (request->unix_socket != NULL) {
        http_curl.easy_set(easy, CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
        http_curl.easy_set(easy, CURLOPT_PROXY, "");
    }
    if (request->user != NULL) {
        http_curl.easy_set(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        http_curl.easy_set(easy, CURLOPT_USERNAME, request->user);
        http_curl.easy_set(easy, CURLOPT_PASSWORD, request->password == NULL ? "" : request->password);
    }
}

static bool report_timeout(const HttpCall *call, Error *err) {
    double connected_s = 0;
    const char *limit = text_duration(call->ctx->arena, call->timeout_ms);
    http_curl.easy_get(call->easy, CURLINFO_CONNECT_TIME, &connected_s);
    const char *what = connected_s > 0 ? "did not answer" : "accepted no connection";
    return error_set(err, ERROR_TIMEOUT, "%s %s within %s", call->shown_url, what, limit);
}

static bool report_unconnected(const HttpCall *call, Error *err) {
    long reason = 0;
    const char *socket_path = call->request->unix_socket;
    http_curl.easy_get(call->easy, CURLINFO_OS_ERRNO, &reason);
    const char *words = reason == 0 ? call->words : strerror((int)reason);
    if (socket_path != NULL) {
        return error_set(err, ERROR_NETWORK, "nothing answers at the socket %s: %s", socket_path, words);
    }
    if (reason == ECONNREFUSED)
        return error_set(err, ERROR_NETWORK, "nothing listens at %s: connection refused", call->shown_url);
    return error_set(err, ERROR_NETWORK, "cannot connect to %s: %s", call->shown_url, words);
}

static bool report_certificate(const HttpCall *call, Error *err) {
    error_set(err, ERROR_NETWORK, "no secure connection to %s: %s", call->shown_url, call->words);
    return error_hint(err, "behind a proxy that inspects TLS, name its certificates: export SSL_CERT_FILE=/path/to/ca.pem");
}

static bool report(const HttpCall *call, CURLcode code, Error *err) {
    const char *url = call->shown_url;
    switch (code) {
        case CURLE_OPERATION_TIMEDOUT:
            return report_timeout(call, err);
        case CURLE_COULDNT_CONNECT:
            return report_unconnected(call, err);
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
            return report_certificate(call, err);
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
            error_set(err, ERROR_NETWORK, "cannot reach %s: %s", url, call->words);
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
    const char *words = *call->words == '\0' ? http_curl.easy_words(code) : call->words;
    return error_set(err, ERROR_NETWORK, "the request to %s failed: %s", url, words);
}

bool http_call_report(const HttpCall *call, CURLcode code, Error *err) {
    report(call, code, err);
    return error_detail(err, call->words);  // it names the address that was really tried: a proxy's, one of several
}

bool http_call_begin(HttpCall *call, Context *ctx, const HttpRequest *request, Error *err) {
    const char *shown_url = http_url_for_people(ctx->arena, request->url);
    if (!is_http(request->url)) return error_set(err, ERROR_CONFIG, "%s is no http:// or https:// address", shown_url);
    if (!load(err)) return false;
    *call = (HttpCall){
        .ctx = ctx,
        .request = request,
        .shown_url = shown_url,
        .timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : HTTP_DEFAULT_TIMEOUT_MS,
        .easy = http_curl.easy_create(),
        .multi = http_curl.multi_create(),
    };
    if (call->easy == NULL || call->multi == NULL) return error_set(err, ERROR_INTERNAL, "libcurl gives no handle");
    set_options(call);
    return true;
}

// The multi interface, since only it lets us look at ctx->cancel and move a spinner while nothing comes.
bool http_call_run(HttpCall *call, CURLcode *code, Error *err) {
    int running = 1, left;
    CURLMcode multi_code = http_curl.multi_add(call->multi, call->easy);
    while (multi_code == CURLM_OK && running > 0) {
        multi_code = http_curl.multi_move(call->multi, &running);
        if (multi_code == CURLM_OK && running > 0) multi_code = http_curl.multi_wait(call->multi, NULL, 0, HTTP_POLL_MS, NULL);
        event_tick(call->ctx);
        if (context_is_cancelled(call->ctx)) {
            return error_set(err, ERROR_INTERRUPTED, "interrupted while waiting for %s", call->shown_url);
        }
    }
    const CURLMsg *message = http_curl.multi_read(call->multi, &left);
    if (message == NULL) return error_set(err, ERROR_INTERNAL, "the request to %s came to no end", call->shown_url);
    *code = message->data.result;
    return true;
}

void http_call_end(HttpCall *call) {
    if (call->multi != NULL && call->easy != NULL) http_curl.multi_remove(call->multi, call->easy);
    if (call->easy != NULL) http_curl.easy_destroy(call->easy);
    if (call->multi != NULL) http_curl.multi_destroy(call->multi);
    call->easy = NULL;
    call->multi = NULL;
}
