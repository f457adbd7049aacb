// fakes: http
#include "services/docker_session.h"

#include "fakes/fake_http.h"
#include "support/world.h"

static void what_is_found_outlives_the_arena_of_who_asked_first(void **state) {
    static const FakeHttpAnswer script[] = {{.url = "http://docker/_ping", .status = 200, .body = "OK", .header = "1.41"}};
    TestWorld *world = *state;
    Context turn = {.arena = arena_create()};
    Error err = {.arena = world->arena};
    const DockerEngine *engine;
    setenv("DOCKER_HOST", "unix:///nowhere/d.sock", 1);
    fake_http_script(script, 1);
    arena_allocate(turn.arena, 1);
    ArenaMark mark = arena_mark(turn.arena);
    assert_true(docker_session_engine(&turn, false, &engine, &err));
    arena_reset(turn.arena, mark);
    memset(arena_allocate(turn.arena, 4096), 'x', 4096);
    // Asked once for the whole process.
    assert_true(docker_session_engine(&turn, false, &engine, &err));
    fake_http_assert_used();
    assert_string_equal(engine->endpoint.address, "unix:///nowhere/d.sock");
    assert_string_equal(engine->endpoint.unix_socket, "/nowhere/d.sock");
    assert_string_equal(engine->api_version, "1.41");
    arena_destroy(turn.arena);
    unsetenv("DOCKER_HOST");
}

int main(void) {
    const struct CMUnitTest tests[] = {test_with_world(what_is_found_outlives_the_arena_of_who_asked_first)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
