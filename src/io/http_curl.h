// libcurl, loaded on first use, and what all calls through it have in common. Only for io/http*.c.
#pragma once
#include <curl/curl.h>

#include "io/http.h"

enum { HTTP_DEFAULT_TIMEOUT_MS = 30000, HTTP_POLL_MS = 100 };

// curl's header makes type checking macros of some of these names, so that the members have names of their own.
typedef struct HttpCurl {
    CURLcode (*start)(long);
    CURL *(*easy_create)(void);
    CURLcode (*easy_set)(CURL *, CURLoption, ...);
    CURLcode (*easy_get)(CURL *, CURLINFO, ...);
    CURLcode (*easy_send)(CURL *, const void *, size_t, size_t *);
    CURLcode (*easy_receive)(CURL *, void *, size_t, size_t *);
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
} HttpCurl;

extern HttpCurl http_curl;

// One call under way; curl keeps pointers into it, so it stays where it is.
typedef struct HttpCall {
    Context *ctx;
    const HttpRequest *request;
    const char *shown_url;
    long long timeout_ms;
    CURL *easy;
    CURLM *multi;
    char words[CURL_ERROR_SIZE];
} HttpCall;

// Loads libcurl, creates the handles and sets where to connect and how; not the method and what to do with the answer.
bool http_call_begin(HttpCall *call, Context *ctx, const HttpRequest *request, Error *err) MUST_USE;

// Moves the call to its end, which is *code.
bool http_call_run(HttpCall *call, CURLcode *code, Error *err) MUST_USE;

// Says why the call failed. Returns false.
bool http_call_report(const HttpCall *call, CURLcode code, Error *err);
void http_call_end(HttpCall *call);

// Without user and password, which a URL may hold and no message should.
const char *http_url_for_people(Arena *arena, const char *url);
