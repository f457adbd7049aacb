// HTTP requests with a deadline. libcurl is loaded on the first one that does not go to a unix socket.
#pragma once
#include "base/context.h"
#include "base/error.h"
#include "base/list.h"

typedef struct HttpRequest {
    const char *method;  // NULL: GET
    const char *url;
    const char *unix_socket;  // path; NULL: TCP
    const char *user, *password;
    StringList headers;  // "Name: value"
    const char *body;
    size_t body_length;         // 0: a string
    const char *tls_folder;     // ca.pem, cert.pem and key.pem to speak TLS with; NULL: the system's authorities, no certificate
    const char *wanted_header;  // of the answer: "Api-Version"; NULL: none
    long long timeout_ms;       // of the whole request; 0: 30 seconds
    size_t size_limit;          // of the answer; 0: 16 MiB
} HttpRequest;

typedef struct HttpResponse {
    long status;
    const char *body;
    size_t length;
    const char *header;  // the wanted one; NULL without
} HttpResponse;

// False when no answer came (refused, timed out, no libcurl): the error names the URL. Any status is an answer.
bool http_request(Context *ctx, const HttpRequest *request, HttpResponse *response, Error *err) MUST_USE;
