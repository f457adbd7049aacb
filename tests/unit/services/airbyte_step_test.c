// fakes: docker http process network clock platform
#include "services/airbyte_step.h"

#include <stdlib.h>

#include "fakes/fake_clock.h"
#include "fakes/fake_docker.h"
#include "fakes/fake_http.h"
#include "fakes/fake_process.h"
#include "support/checkout.h"
#include "support/event_log.h"

#define INSPECT "GET /containers/airbyte-abctl-control-plane/json"
#define NODE(state)                                                              \
    "{\"State\":{\"Status\":\"" state                                            \
    "\"},\"Config\":{\"Labels\":{\"io.x-k8s.kind.cluster\":\"airbyte-abctl\"}}," \
    "\"HostConfig\":{\"PortBindings\":{\"80/tcp\":[{\"HostPort\":\"8000\"}]}}}"
#define HEALTH "http://localhost:8000/api/v1/health"

typedef struct Scene {
    Checkout *checkout;
    Project project;
    StepReport report;
} Scene;

static Scene prepare(void **state, Choice enabled, const FakeDockerAnswer *script, size_t count) {
    Scene scene = {.checkout = *state};
    setenv("HOME", scene.checkout->root, 1);
    setenv("XDG_CACHE_HOME", checkout_path(scene.checkout, ".cache"), 1);
    checkout_add_folder(*state, "dags");
    scene.project = checkout_open(*state);
    scene.project.config.airbyte.enabled = enabled;
    assert_true(project_prepare_state(&scene.checkout->ctx, &scene.project, &scene.checkout->err));
    error_clear(&scene.checkout->err);
    fake_clock_set(0, 0);
    fake_docker_script(script, count);
    fake_http_script(NULL, 0);
    fake_process_script(NULL, 0);
    return scene;
}

static bool run(Scene *scene) {
    bool is_done = airbyte_start_step(&scene->checkout->ctx, &scene->project, &scene->report, &scene->checkout->err);
    fake_docker_assert_used();
    fake_http_assert_used();
    return is_done;
}

static void must_skip(Scene *scene, const char *summary) {
    if (!run(scene)) fail_msg("%s", error_as_text(&scene->checkout->err));
    assert_true(scene->report.is_skipped);
    if (strstr(scene->report.summary, summary) == NULL) fail_msg("%s", scene->report.summary);
    assert_int_equal(scene->checkout->err.code, ERROR_NONE);
}

static void switched_off_it_asks_nobody(void **state) {
    Scene scene = prepare(state, CHOICE_FALSE, NULL, 0);
    fake_docker_is_missing = true;
    must_skip(&scene, "off: airbyte.enabled is false");
}

static void without_an_engine_the_rest_goes_on(void **state) {
    Scene scene = prepare(state, CHOICE_AUTO, NULL, 0);
    fake_docker_is_missing = true;
    must_skip(&scene, "off: no container engine answers");
    scene = prepare(state, CHOICE_TRUE, NULL, 0);
    fake_docker_is_missing = true;
    assert_false(run(&scene));
    assert_int_equal(scene.checkout->err.code, ERROR_RUNTIME_MISSING);
}

static void too_little_memory_is_a_skip_or_an_error(void **state) {
    Scene scene = prepare(state, CHOICE_AUTO, NULL, 0);
    fake_docker_engine.memory_bytes = 2000000000LL;
    must_skip(&scene, "off: Airbyte needs 4 GB of memory and 2 CPUs; Docker 27.2 has 2.0 GB and 8");
    scene = prepare(state, CHOICE_TRUE, NULL, 0);
    fake_docker_engine.memory_bytes = 2000000000LL;
    assert_false(run(&scene));
    assert_int_equal(scene.checkout->err.code, ERROR_RUNTIME_MISSING);
}

static void start_never_installs_by_itself(void **state) {
    static const FakeDockerAnswer script[] = {{.call = INSPECT}};
    Scene scene = prepare(state, CHOICE_AUTO, script, 1);
    scene.checkout->ctx.is_confirmed = true;
    must_skip(&scene, "not installed; devbox airbyte start installs it (about 6 GB, 10-30 min)");
}

static void when_it_must_run_installing_needs_a_yes(void **state) {
    static const FakeDockerAnswer script[] = {{.call = INSPECT, .times = 2}};
    static const FakeChild children[] = {{.command = "/usr/bin/docker -v", .output = "Docker version 27\n"}};
    Scene scene = prepare(state, CHOICE_TRUE, script, 1);
    fake_process_script(children, 1);
    fake_process_add_program("docker", "/usr/bin/docker");
    fake_process_add_program("abctl", "/opt/abctl");
    assert_false(run(&scene));
    assert_int_equal(scene.checkout->err.code, ERROR_CONFIRMATION_NEEDED);
}

static void an_installed_one_is_brought_up(void **state) {
    static const FakeDockerAnswer script[] = {{.call = INSPECT, .answer = NODE("exited"), .times = 3},
                                              {.call = "start *"},
                                              {.call = "exec kubectl * get pods *", .answer = "{\"items\":[]}"}};
    static const FakeHttpAnswer up[] = {{.url = HEALTH, .status = 200, .body = "{\"available\":true}"}};
    Scene scene = prepare(state, CHOICE_AUTO, script, 3);
    fake_http_script(up, 1);
    if (!run(&scene)) fail_msg("%s", error_as_text(&scene.checkout->err));
    assert_false(scene.report.is_skipped);
    assert_string_equal(scene.report.summary, "started; 0 of 0 pods ready · http://localhost:8000");
}

static void an_installation_that_was_cut_short_is_left_to_the_user(void **state) {
    static const FakeDockerAnswer script[] = {{.call = INSPECT, .answer = NODE("running"), .times = 4},
                                              {.call = "exec kubectl * get secrets *", .answer = "failed"},
                                              {.call = "exec kubectl * get pods *", .answer = "{\"items\":[]}"}};
    static const FakeHttpAnswer down[] = {{.url = HEALTH, .status = 503, .times = 2}};
    Scene scene = prepare(state, CHOICE_AUTO, script, 3);
    fake_http_script(down, 1);
    scene.checkout->ctx.is_confirmed = true;
    must_skip(&scene, "its installation was cut short; devbox airbyte start goes on with it");
}

static void a_failure_to_start_is_an_error_with_auto_too(void **state) {
    static const FakeDockerAnswer script[] = {{.call = INSPECT, .answer = NODE("exited"), .times = 3},
                                              {.call = "start *", .failure = ERROR_SERVICE, .answer = "no such image"}};
    Scene scene = prepare(state, CHOICE_AUTO, script, 2);
    assert_false(run(&scene));
    assert_string_equal(scene.checkout->err.message, "Airbyte's node does not start: no such image");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(switched_off_it_asks_nobody),
        test_with_checkout(without_an_engine_the_rest_goes_on),
        test_with_checkout(too_little_memory_is_a_skip_or_an_error),
        test_with_checkout(start_never_installs_by_itself),
        test_with_checkout(when_it_must_run_installing_needs_a_yes),
        test_with_checkout(an_installed_one_is_brought_up),
        test_with_checkout(an_installation_that_was_cut_short_is_left_to_the_user),
        test_with_checkout(a_failure_to_start_is_an_error_with_auto_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
