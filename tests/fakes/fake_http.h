// Scripted answers in place of a network. Replaces io/http.c.
//     static const FakeHttpAnswer script[] = {{.url = "http://localhost:8080/health", .status = 200, .body = "{}"}};
//     fake_http_script(script, 1);  … run the code …  fake_http_assert_used();
#pragma once
#include "io/http.h"

typedef struct FakeHttpAnswer {
    const char *method;         // expected; NULL: GET
    const char *url;            // expected, exactly
    const char *expected_body;  // must be part of the request's body; NULL: not looked at
    long status;
    const char *body;    // NULL: ""
    const char *header;  // the one that was wanted
    ErrorCode failure;   // instead of an answer, with `body` as the message
    int times;           // in a row; 0: once
} FakeHttpAnswer;

// The requests that are expected, in this order. Any other request fails the test.
void fake_http_script(const FakeHttpAnswer *answers, size_t count);

// Fails the test when the code under test asked for less than was scripted.
void fake_http_assert_used(void);

// The latest request, for looking at headers and credentials; NULL before the first.
const HttpRequest *fake_http_last_request(void);
