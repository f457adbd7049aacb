#include "fakes/fake_http.h"

#include <string.h>

#include "base/text.h"
#include "support/test.h"

static const FakeHttpAnswer *script;
static size_t script_count, position;
static int times_used;
static HttpRequest last_request;
static bool has_request;

void fake_http_script(const FakeHttpAnswer *answers, size_t count) {
    script = answers;
    script_count = count;
    position = 0;
    times_used = 0;
    has_request = false;
}

void fake_http_assert_used(void) {
    if (position < script_count)
        fail_msg("%zu of %zu answers were asked for; next: %s", position, script_count, script[position].url);
}

const HttpRequest *fake_http_last_request(void) { return has_request ? &last_request : NULL; }

static const char *method_or_get(const char *method) { return method == NULL ? "GET" : method; }

static const FakeHttpAnswer *take_answer(const HttpRequest *request) {
    const char *method = method_or_get(request->method);
    if (position == script_count) fail_msg("unexpected request after the script: %s %s", method, request->url);
    const FakeHttpAnswer *answer = &script[position];
    if (!text_equals(request->url, answer->url) || !text_equals(method, method_or_get(answer->method))) {
        fail_msg("asked for %s %s, expected %s %s", method, request->url, method_or_get(answer->method), answer->url);
    }
    bool has_body =
        request->body != NULL && answer->expected_body != NULL && strstr(request->body, answer->expected_body) != NULL;
    if (answer->expected_body != NULL && !has_body)
        fail_msg("%s %s: body without %s", method, answer->url, answer->expected_body);
    times_used++;
    if (times_used >= answer->times) {
        position++;
        times_used = 0;
    }
    return answer;
}

bool http_request(Context *ctx, const HttpRequest *request, HttpResponse *response, Error *err) {
    const FakeHttpAnswer *answer = take_answer(request);
    const char *body = answer->body == NULL ? "" : answer->body;
    last_request = *request;
    has_request = true;
    if (answer->failure != ERROR_NONE) {
        const char *message = *body == '\0' ? arena_format(ctx->arena, "nothing listens at %s", request->url) : body;
        return error_set(err, answer->failure, "%s", message);
    }
    *response = (HttpResponse){.status = answer->status, .body = body, .length = strlen(body), .header = answer->header};
    return true;
}
