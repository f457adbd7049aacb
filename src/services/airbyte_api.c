#include "services/airbyte_api.h"

#include "base/text.h"
#include "io/http.h"
#include "io/json.h"

enum { TIMEOUT_MS = 5000 };

static const char *url_of(Arena *arena, int port, const char *path) {
    return arena_format(arena, "http://localhost:%d%s", port, path);
}

static bool ask(Context *ctx, int port, const char *path, const char *body, HttpResponse *response) {
    Error ignored = {.arena = ctx->arena};
    HttpRequest request = {.url = url_of(ctx->arena, port, path), .body = body, .timeout_ms = TIMEOUT_MS};
    if (body != NULL) {
        request.method = "POST";
        list_push(ctx->arena, &request.headers, "Content-Type: application/json");
    }
    return http_request(ctx, &request, response, &ignored);
}

// NULL when the body is no JSON object: the page of an ingress, for example.
static const Value *read_object(Context *ctx, const HttpResponse *response) {
    Value *value;
    Error ignored = {.arena = ctx->arena};
    if (!json_parse(ctx->arena, response->body, "Airbyte", &value, &ignored)) return NULL;
    return value->kind == VALUE_OBJECT ? value : NULL;
}

AirbyteHealth airbyte_api_health(Context *ctx, int port) {
    HttpResponse response;
    if (!ask(ctx, port, "/api/v1/health", NULL, &response)) return AIRBYTE_UNREACHABLE;
    // The ingress answers before Airbyte does: 502 to 504, and 404 until it knows the way.
    if (response.status >= 500 || response.status == 404) return AIRBYTE_UNREACHABLE;
    const Value *object = response.status == 200 ? read_object(ctx, &response) : NULL;
    if (value_get(object, "available") == NULL) return AIRBYTE_FOREIGN;
    return value_get_bool(object, "available", false) ? AIRBYTE_HEALTHY : AIRBYTE_UNAVAILABLE;
}

bool airbyte_api_instance(Context *ctx, int port, AirbyteInstance *instance) {
    HttpResponse response;
    if (!ask(ctx, port, "/api/v1/instance_configuration", NULL, &response) || response.status != 200) return false;
    const Value *object = read_object(ctx, &response);
    if (object == NULL) return false;
    const char *email = value_get_string(object, "defaultOrganizationEmail", NULL);
    *instance = (AirbyteInstance){.version = value_get_string(object, "version", NULL),
                                  .email = text_is_empty(email) ? NULL : email,
                                  .is_set_up = value_get_bool(object, "initialSetupComplete", false)};
    return true;
}

AirbyteToken airbyte_api_check_token(Context *ctx, int port, const char *client_id, const char *client_secret) {
    HttpResponse response;
    Value *body = value_object(ctx->arena);
    value_set_string(ctx->arena, body, "client_id", client_id);
    value_set_string(ctx->arena, body, "client_secret", client_secret);
    value_set_string(ctx->arena, body, "grant_type", "client_credentials");
    const char *text = json_print(ctx->arena, body);
    if (!ask(ctx, port, "/api/public/v1/applications/token", text, &response)) return AIRBYTE_TOKEN_NO_ANSWER;
    if (response.status >= 500) return AIRBYTE_TOKEN_NO_ANSWER;
    const Value *object = read_object(ctx, &response);
    // Without authentication there is no such address, and the page itself comes back.
    if (object == NULL && response.status == 200) return AIRBYTE_TOKEN_UNNEEDED;
    bool is_granted = response.status == 200 && value_get_string(object, "access_token", NULL) != NULL;
    return is_granted ? AIRBYTE_TOKEN_GRANTED : AIRBYTE_TOKEN_REFUSED;
}

const char *airbyte_token_describe(AirbyteToken token) {
    static const char *const words[] = {
        [AIRBYTE_TOKEN_GRANTED] = "granted",
        [AIRBYTE_TOKEN_REFUSED] =
            "refused: these keys are old, or the chart is one of 2.0.8 to 2.0.17, which do not know their own",
        [AIRBYTE_TOKEN_UNNEEDED] = "not needed: this Airbyte was installed without authentication",
        [AIRBYTE_TOKEN_NO_ANSWER] = "not asked for: Airbyte does not answer",
    };
    return words[token];
}
