// fakes: http
#include "services/docker_engine.h"

#include "base/text.h"
#include "fakes/fake_http.h"
#include "support/world.h"

#define PING "http://docker/_ping"

static Context context(TestWorld *world) { return (Context){.arena = world->arena}; }

static DockerEngine engine_at(const char *provider) {
    return (DockerEngine){
        .endpoint = {.address = "unix:///d.sock", .unix_socket = "/d.sock", .base_url = "http://docker", .provider = provider},
        .api_version = "1.41"};
}

// A home of its own with these sockets, which are files: who answers is scripted. Sockets of this machine would be dialled first.
static void prepare(TestWorld *world, const char *first, const char *second) {
    static const char *const variables[] = {"DOCKER_HOST",     "DOCKER_CONTEXT", "DOCKER_CONFIG",
                                            "XDG_RUNTIME_DIR", "COLIMA_HOME",    "LIMA_HOME"};
    if (file_exists("/var/run/docker.sock") || file_exists("/run/podman/podman.sock")) skip();
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) unsetenv(variables[i]);
    setenv("HOME", world->folder, 1);
    test_world_write(world, first, "");
    test_world_write(world, second, "");
}

static void the_first_that_answers_is_taken(void **state) {
    static const FakeHttpAnswer script[] = {
        {.url = PING, .failure = ERROR_NETWORK},
        {.url = PING, .status = 200, .body = "OK", .header = "1.52"},
    };
    TestWorld *world = *state;
    Context ctx = context(world);
    DockerEngine engine = {0};
    prepare(world, ".rd/docker.sock", ".orbstack/run/docker.sock");
    fake_http_script(script, 2);
    assert_true(docker_engine_find(&ctx, &engine, &world->err));
    fake_http_assert_used();
    assert_string_equal(engine.endpoint.provider, "OrbStack");
    assert_string_equal(engine.api_version, "1.47");
    assert_int_equal(fake_http_last_request()->timeout_ms, 2000);
    assert_string_equal(fake_http_last_request()->wanted_header, "Api-Version");
    assert_string_equal(fake_http_last_request()->unix_socket, test_world_path(world, ".orbstack/run/docker.sock"));
}

static void when_none_answers_all_are_named_and_the_first_can_be_started(void **state) {
    static const FakeHttpAnswer script[] = {
        {.url = PING, .failure = ERROR_NETWORK, .body = "connection refused"},
        {.url = PING, .failure = ERROR_TIMEOUT, .body = "no answer within 2.0s"},
    };
    TestWorld *world = *state;
    Context ctx = context(world);
    DockerEngine engine = {0};
    prepare(world, ".rd/docker.sock", ".orbstack/run/docker.sock");
    fake_http_script(script, 2);
    assert_false(docker_engine_find(&ctx, &engine, &world->err));
    fake_http_assert_used();
    assert_int_equal(world->err.code, ERROR_RUNTIME_MISSING);
    assert_string_equal(world->err.message, "no container engine answers");
    assert_string_equal(world->err.hint, "start it: rdctl start");
    assert_non_null(strstr(world->err.detail, "/.rd/docker.sock (a socket that is there): connection refused\n"));
    assert_non_null(strstr(world->err.detail, "/.orbstack/run/docker.sock (a socket that is there): no answer within 2.0s"));
    assert_null(engine.api_version);
}

static void an_old_engine_is_no_engine_but_a_newer_one_behind_it_is(void **state) {
    static const FakeHttpAnswer script[] = {
        {.url = PING, .status = 200, .header = "1.39"},
        {.url = PING, .status = 200, .header = "1.40"},
    };
    static const FakeHttpAnswer both_old[] = {
        {.url = PING, .status = 200, .header = "1.39"},
        {.url = PING, .status = 200, .header = "eleven"},
    };
    TestWorld *world = *state;
    Context ctx = context(world);
    DockerEngine engine = {0};
    prepare(world, ".rd/docker.sock", ".orbstack/run/docker.sock");
    fake_http_script(script, 2);
    assert_true(docker_engine_find(&ctx, &engine, &world->err));
    assert_string_equal(engine.api_version, "1.40");
    fake_http_script(both_old, 2);
    assert_false(docker_engine_find(&ctx, &engine, &world->err));
    assert_int_equal(world->err.code, ERROR_RUNTIME_MISSING);
    assert_non_null(strstr(world->err.hint, "Docker 19.03"));
}

static void an_interruption_ends_the_search(void **state) {
    static const FakeHttpAnswer script[] = {{.url = PING, .failure = ERROR_INTERRUPTED, .body = "interrupted"}};
    TestWorld *world = *state;
    Context ctx = context(world);
    DockerEngine engine = {0};
    prepare(world, ".rd/docker.sock", ".orbstack/run/docker.sock");
    fake_http_script(script, 1);
    assert_false(docker_engine_find(&ctx, &engine, &world->err));
    fake_http_assert_used();
    assert_int_equal(world->err.code, ERROR_INTERRUPTED);
}

static void engines_are_called_by_the_names_that_people_know(void **state) {
    static const struct {
        const char *provider, *version, *info, *name;
    } rows[] = {
        {"Docker", "{\"Version\":\"20.10.24+dfsg1\",\"Platform\":{\"Name\":\"\"}}", "{}", "Docker 20.10.24"},
        {"Docker", "{\"Version\":\"27.1.1\",\"Platform\":{\"Name\":\"Docker Engine - Community\"}}", "{}", "Docker 27.1.1"},
        {"Docker", "{\"Version\":\"28.5.2\",\"Platform\":{\"Name\":\"Docker Desktop 4.51.0 (210443)\"}}", "{}",
         "Docker Desktop 4.51.0"},
        {"Docker", "{\"Version\":\"28.5.2\"}", "{\"OperatingSystem\":\"Docker Desktop\"}", "Docker Desktop, Docker 28.5.2"},
        {"Docker", "{\"Version\":\"5.2.1\",\"Components\":[{\"Name\":\"Podman Engine\"}]}", "{}", "Podman 5.2.1"},
        {"Colima", "{\"Version\":\"27.4.0\"}", "{\"OperatingSystem\":\"Ubuntu 24.04\"}", "Colima, Docker 27.4.0"},
        {"Docker", "{\"Version\":\"28.3.3\"}", "{\"OperatingSystem\":\"OrbStack\"}", "OrbStack, Docker 28.3.3"},
    };
    TestWorld *world = *state;
    Context ctx = context(world);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const FakeHttpAnswer script[] = {{.url = "http://docker/v1.41/version", .status = 200, .body = rows[i].version},
                                         {.url = "http://docker/v1.41/info", .status = 200, .body = rows[i].info}};
        DockerEngine engine = engine_at(rows[i].provider);
        fake_http_script(script, 2);
        assert_true(docker_engine_describe(&ctx, &engine, &world->err));
        fake_http_assert_used();
        assert_string_equal(engine.name, rows[i].name);
    }
}

static void an_engine_s_machine_is_described(void **state) {
    static const FakeHttpAnswer script[] = {{.url = "http://docker/v1.41/version", .status = 200, .body = "{}"},
                                            {.url = "http://docker/v1.41/info",
                                             .status = 200,
                                             .body = "{\"NCPU\":8,\"MemTotal\":16748650496,\"Architecture\":\"aarch64\","
                                                     "\"SecurityOptions\":[\"name=seccomp\",\"name=rootless\"]}"}};
    TestWorld *world = *state;
    Context ctx = context(world);
    DockerEngine engine = engine_at("Docker");
    fake_http_script(script, 2);
    assert_true(docker_engine_describe(&ctx, &engine, &world->err));
    assert_int_equal(engine.processors, 8);
    assert_true(engine.memory_bytes == 16748650496);
    assert_string_equal(engine.architecture, "aarch64");
    assert_true(engine.is_rootless);
}

static void what_an_engine_refuses_is_passed_on(void **state) {
    static const FakeHttpAnswer script[] = {
        {.url = "http://docker/v1.41/a?b=c", .status = 409, .body = "{\"message\":\"conflict\\n\"}"},
        {.url = "http://docker/v1.41/a?b=c", .status = 404, .body = "{\"message\":\"none\"}"},
        {.url = "http://docker/v1.41/a?b=c", .status = 200, .body = "{"},
        {.url = "http://docker/v1.41/a?b=c", .failure = ERROR_TIMEOUT},
        {.url = "http://docker/v1.41/a?b=c", .failure = ERROR_NETWORK}};
    static const ErrorCode codes[] = {ERROR_SERVICE, ERROR_NONE, ERROR_SERVICE, ERROR_TIMEOUT, ERROR_SERVICE};
    static const char *const messages[] = {"the container engine refused GET /a (status 409): conflict", NULL,
                                           "GET /a: ", "the container engine at unix:///d.sock did not answer in time: GET /a",
                                           "the container engine at unix:///d.sock cannot be reached or broke off: GET /a"};
    TestWorld *world = *state;
    Context ctx = context(world);
    DockerEngine engine = engine_at("Docker");
    fake_http_script(script, 5);
    for (size_t i = 0; i < 5; i++) {
        Value *answer = value_null(world->arena);
        const DockerRequest request = {.path = "/a?b=c", .accepts_missing = true};
        assert_int_equal(docker_request(&ctx, &engine, &request, &answer, &world->err), codes[i] == ERROR_NONE);
        assert_int_equal(world->err.code, codes[i]);
        if (messages[i] == NULL) assert_null(answer);
        if (messages[i] != NULL && !text_starts_with(world->err.message, messages[i])) fail_msg("%s", world->err.message);
        error_clear(&world->err);
    }
    fake_http_assert_used();
}

static void a_body_goes_as_json(void **state) {
    static const FakeHttpAnswer script[] = {
        {.method = "POST", .url = "http://docker/v1.41/a", .status = 204, .expected_body = "{\"x\":1}"}};
    TestWorld *world = *state;
    Context ctx = context(world);
    DockerEngine engine = engine_at("Docker");
    Value *body = value_object(world->arena), *answer;
    value_set_integer(world->arena, body, "x", 1);
    fake_http_script(script, 1);
    assert_true(
        docker_request(&ctx, &engine, &(DockerRequest){.method = "POST", .path = "/a", .body = body}, &answer, &world->err));
    assert_true(string_list_contains(&fake_http_last_request()->headers, "Content-Type: application/json"));
    assert_null(answer);
}

static void filters_are_encoded_json(void **state) {
    TestWorld *world = *state;
    assert_string_equal(docker_filters(world->arena, "label", "a=b c"), "%7B%22label%22%3A%5B%22a%3Db%20c%22%5D%7D");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_world(the_first_that_answers_is_taken),
        test_with_world(when_none_answers_all_are_named_and_the_first_can_be_started),
        test_with_world(an_old_engine_is_no_engine_but_a_newer_one_behind_it_is),
        test_with_world(an_interruption_ends_the_search),
        test_with_world(engines_are_called_by_the_names_that_people_know),
        test_with_world(an_engine_s_machine_is_described),
        test_with_world(what_an_engine_refuses_is_passed_on),
        test_with_world(a_body_goes_as_json),
        test_with_world(filters_are_encoded_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
