// One connection that bytes go over: a unix socket itself, TCP and TLS by libcurl. Only for io/http*.c.
#pragma once
#include "io/http.h"

typedef struct HttpConnection HttpConnection;  // lives in ctx->arena

typedef enum HttpTransfer { HTTP_MOVED, HTTP_WOULD_WAIT, HTTP_CLOSED } HttpTransfer;

bool http_connection_open(Context *ctx, const HttpRequest *request, HttpConnection **connection, Error *err) MUST_USE;

// Neither waits. A reset counts as closed.
HttpTransfer http_connection_send(HttpConnection *connection, const char *bytes, size_t length, size_t *sent);
HttpTransfer http_connection_receive(HttpConnection *connection, char *bytes, size_t capacity, size_t *received);

int http_connection_fd(const HttpConnection *connection);
void http_connection_end_output(HttpConnection *connection);
void http_connection_close(HttpConnection *connection);  // NULL is allowed
