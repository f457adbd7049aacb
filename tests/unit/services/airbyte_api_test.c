// fakes: http
#include "services/airbyte_api.h"

#include <string.h>

#include "fakes/fake_http.h"
#include "support/test.h"

#define HEALTH "http://localhost:8000/api/v1/health"
#define INSTANCE "http://localhost:8000/api/v1/instance_configuration"
#define TOKEN "http://localhost:8000/api/public/v1/applications/token"

static void only_the_body_tells_health(void **state) {
    static const struct {
        FakeHttpAnswer answer;
        AirbyteHealth health;
    } rows[] = {
        {{.url = HEALTH, .status = 200, .body = "{\"available\":true}"}, AIRBYTE_HEALTHY},
        {{.url = HEALTH, .status = 200, .body = "{\"available\":false}"}, AIRBYTE_UNAVAILABLE},
        {{.url = HEALTH, .status = 503, .body = "<html>503 Service Temporarily Unavailable</html>"}, AIRBYTE_UNREACHABLE},
        {{.url = HEALTH, .status = 404, .body = "<html>404 Not Found</html>"}, AIRBYTE_UNREACHABLE},
        {{.url = HEALTH, .failure = ERROR_NETWORK}, AIRBYTE_UNREACHABLE},
        {{.url = HEALTH, .status = 200, .body = "<html>my other page</html>"}, AIRBYTE_FOREIGN},
        {{.url = HEALTH, .status = 200, .body = "[true]"}, AIRBYTE_FOREIGN},
        {{.url = HEALTH, .status = 401, .body = "{\"available\":true}"}, AIRBYTE_FOREIGN},
    };
    Context ctx = {.arena = *state};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fake_http_script(&rows[i].answer, 1);
        assert_int_equal(airbyte_api_health(&ctx, 8000), rows[i].health);
        fake_http_assert_used();
    }
}

static void an_instance_says_whose_it_is(void **state) {
    static const FakeHttpAnswer script[] = {
        {.url = INSTANCE,
         .status = 200,
         .body = "{\"version\":\"2.0.1\",\"initialSetupComplete\":true,\"defaultOrganizationEmail\":\"dana@example.org\"}"},
        {.url = INSTANCE, .status = 200, .body = "{\"initialSetupComplete\":false,\"defaultOrganizationEmail\":\"\"}"},
        {.url = INSTANCE, .status = 503},
        {.url = INSTANCE, .status = 200, .body = "<html>"},
    };
    AirbyteInstance instance;
    Context ctx = {.arena = *state};
    fake_http_script(script, 4);
    assert_true(airbyte_api_instance(&ctx, 8000, &instance));
    assert_string_equal(instance.email, "dana@example.org");
    assert_string_equal(instance.version, "2.0.1");
    assert_true(instance.is_set_up);
    assert_true(airbyte_api_instance(&ctx, 8000, &instance));
    assert_null(instance.email);
    assert_false(instance.is_set_up);
    assert_false(airbyte_api_instance(&ctx, 8000, &instance));
    assert_false(airbyte_api_instance(&ctx, 8000, &instance));
    fake_http_assert_used();
}

static void a_token_is_granted_refused_or_not_needed(void **state) {
    static const struct {
        FakeHttpAnswer answer;
        AirbyteToken token;
        const char *words;
    } rows[] = {
        {{.method = "POST",
          .url = TOKEN,
          .expected_body = "{\"client_id\":\"cid-1\",\"client_secret\":\"csec-1\",\"grant_type\":\"client_credentials\"}",
          .status = 200,
          .body = "{\"access_token\":\"ey\",\"token_type\":\"Bearer\",\"expires_in\":900}"},
         AIRBYTE_TOKEN_GRANTED,
         "granted"},
        {{.method = "POST", .url = TOKEN, .status = 400, .body = "{\"message\":\"Invalid client id or token\"}"},
         AIRBYTE_TOKEN_REFUSED,
         "2.0.8 to 2.0.17"},
        {{.method = "POST", .url = TOKEN, .status = 200, .body = "{}"}, AIRBYTE_TOKEN_REFUSED, "refused"},
        {{.method = "POST", .url = TOKEN, .status = 200, .body = "<!doctype html><title>Airbyte</title>"},
         AIRBYTE_TOKEN_UNNEEDED,
         "without authentication"},
        {{.method = "POST", .url = TOKEN, .status = 503, .body = "<html>"}, AIRBYTE_TOKEN_NO_ANSWER, "does not answer"},
        {{.method = "POST", .url = TOKEN, .failure = ERROR_TIMEOUT}, AIRBYTE_TOKEN_NO_ANSWER, "does not answer"},
    };
    Context ctx = {.arena = *state};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fake_http_script(&rows[i].answer, 1);
        AirbyteToken token = airbyte_api_check_token(&ctx, 8000, "cid-1", "csec-1");
        assert_int_equal(token, rows[i].token);
        assert_non_null(strstr(airbyte_token_describe(token), rows[i].words));
        fake_http_assert_used();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(only_the_body_tells_health),
        test_with_arena(an_instance_says_whose_it_is),
        test_with_arena(a_token_is_granted_refused_or_not_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
