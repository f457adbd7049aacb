// HTTP requests with a deadline. libcurl is loaded on the first one.
#pragma once
#include "base/context.h"
#include "base/error.h"
#include "base/list.h"

typedef struct HttpRequest {
    const char *method;        // NULL: GET
    const char *url;
    const char *unix_socket;   // path; NULL: TCP
    const char *user, *password;
    StringList headers;        // "Name: value"
    const char *body;
    long long timeout_ms;      // of the whole request; 0: 30 seconds
    size_t size_limit;         // of the answer; 0: 16 MiB
} HttpRequest;

typedef struct HttpResponse {
    long status;
    const char *body;
    size_t length;
} HttpResponse;

// False when no answer came (refused, timed out, no libcurl): the error names the URL. Any status is an answer.
bool http_request(Context *ctx, const HttpRequest *request, HttpResponse *response, Error *err) MUST_USE;
