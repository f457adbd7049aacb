// fakes: docker
#include "services/airbyte_credentials.h"

#include <string.h>

#include "fakes/fake_docker.h"
#include "io/file_system.h"
#include "support/test.h"

#define SECRET "exec kubectl -n airbyte-abctl get secret airbyte-auth-secrets -o json"

static const char *fixture(Arena *arena) {
    char *content;
    Error err = {.arena = arena};
    if (!file_read(arena, TEST_DATA "/fixtures/airbyte/secret.json", &content, NULL, &err)) fail_msg("%s", err.message);
    return content;
}

static bool read_from(void **state, const FakeDockerAnswer *script, AirbyteCredentials *credentials, Error *err) {
    Context ctx = {.arena = *state};
    *err = (Error){.arena = *state};
    fake_docker_script(script, 1);
    return airbyte_credentials_read(&ctx, &fake_docker_engine, credentials, err);
}

static void credentials_come_from_the_secret(void **state) {
    const FakeDockerAnswer script[] = {{.call = SECRET, .answer = fixture(*state)}};
    AirbyteCredentials credentials;
    Error err;
    assert_true(read_from(state, script, &credentials, &err));
    assert_string_equal(credentials.password, "p@ss: w$rd");
    assert_string_equal(credentials.client_id, "cid-1");
    assert_string_equal(credentials.client_secret, "csec-1");
}

static void values_that_are_missing_or_broken_are_none(void **state) {
    static const FakeDockerAnswer script[] = {
        {.call = SECRET,
         .answer = "{\"data\":{\"instance-admin-password\":\"\",\"instance-admin-client-id\":\"!!\","
                   "\"instance-admin-client-secret\":\"AGEA\"}}"}};
    AirbyteCredentials credentials;
    Error err;
    assert_true(read_from(state, script, &credentials, &err));
    assert_null(credentials.password);
    assert_null(credentials.client_id);
    assert_null(credentials.client_secret);
}

static void a_secret_that_is_not_there_is_an_error_without_values(void **state) {
    static const FakeDockerAnswer absent[] = {
        {.call = SECRET, .exit_code = 1, .answer = "Error from server (NotFound): secrets \"airbyte-auth-secrets\" not found"}};
    static const FakeDockerAnswer empty[] = {{.call = SECRET, .answer = "{\"kind\":\"Secret\"}"}};
    AirbyteCredentials credentials = {0};
    Error err;
    assert_false(read_from(state, absent, &credentials, &err));
    assert_true(strncmp(err.message, "Airbyte's credentials could not be read: ", 41) == 0);
    assert_non_null(strstr(err.detail, "NotFound"));
    assert_false(read_from(state, empty, &credentials, &err));
    assert_int_equal(err.code, ERROR_SERVICE);
    assert_null(credentials.password);
}

static void the_connection_has_the_form_that_the_provider_takes(void **state) {
    AirbyteCredentials credentials = {.client_id = "cid-1", .client_secret = "c\"sec"}, none = {.password = "p"};
    assert_string_equal(airbyte_connection_json(*state, &credentials, "localhost", 8000),
                        "{\"conn_type\":\"airbyte\",\"host\":\"http://localhost:8000/api/public/v1/\",\"login\":\"cid-1\","
                        "\"password\":\"c\\\"sec\",\"schema\":\"http://localhost:8000/api/public/v1/applications/token\"}");
    assert_string_equal(airbyte_connection_json(*state, &none, "host.docker.internal", 8001),
                        "{\"conn_type\":\"airbyte\",\"host\":\"http://host.docker.internal:8001/api/public/v1/\","
                        "\"schema\":\"http://host.docker.internal:8001/api/public/v1/applications/token\"}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(credentials_come_from_the_secret),
        test_with_arena(values_that_are_missing_or_broken_are_none),
        test_with_arena(a_secret_that_is_not_there_is_an_error_without_values),
        test_with_arena(the_connection_has_the_form_that_the_provider_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
