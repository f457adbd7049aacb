// fakes: docker http
#include "services/airbyte_examine.h"

#include <stdlib.h>

#include "base/text.h"
#include "fakes/fake_docker.h"
#include "fakes/fake_http.h"
#include "support/checkout.h"

#define INSPECT "GET /containers/airbyte-abctl-control-plane/json"
#define PODS "exec kubectl -n airbyte-abctl get pods -o json"
#define HEALTH "http://localhost:8000/api/v1/health"
#define NODE(state)                                                              \
    "{\"State\":{\"Status\":\"" state                                            \
    "\"},\"Config\":{\"Labels\":{\"io.x-k8s.kind.cluster\":\"airbyte-abctl\"}}," \
    "\"HostConfig\":{\"PortBindings\":{\"80/tcp\":[{\"HostPort\":\"8000\"}]}}}"
#define ONE_POD "{\"items\":[{\"metadata\":{\"name\":\"p\"},\"status\":{\"containerStatuses\":[{\"ready\":true}]}}]}"

// The line that doctor shows, "" without one.
static const char *examine(Checkout *checkout, Choice enabled, const FakeDockerAnswer *script, size_t count) {
    static const char *const words[] = {"good", "warning", "bad"};
    CheckList checks = {0};
    setenv("HOME", checkout->root, 1);
    checkout_add_folder(checkout, "dags");
    Project project = checkout_open(checkout);
    project.config.airbyte.enabled = enabled;
    bool is_missing = fake_docker_is_missing;
    fake_docker_script(script, count);
    fake_docker_is_missing = is_missing;
    airbyte_examine(&checkout->ctx, &project, &checks);
    fake_docker_assert_used();
    fake_http_assert_used();
    if (checks.count == 0) return "";
    const Check *check = &checks.items[0];
    const char *remedy = check->remedy == NULL ? "" : arena_format(checkout->arena, " → %s", check->remedy);
    return arena_format(checkout->arena, "%s: %s%s", words[check->state], check->finding, remedy);
}

static void nobody_is_asked_where_airbyte_never_was(void **state) {
    fake_http_script(NULL, 0);
    fake_docker_is_missing = true;
    assert_string_equal(examine(*state, CHOICE_AUTO, NULL, 0), "good: not installed; it needs a container engine, and none answers");
    fake_docker_is_missing = false;
    assert_string_equal(examine(*state, CHOICE_AUTO, NULL, 0), "good: not installed; devbox airbyte start installs it");
    assert_string_equal(examine(*state, CHOICE_FALSE, NULL, 0), "");
}

static void a_cluster_is_told_by_its_state(void **state) {
    static const FakeDockerAnswer absent[] = {{.call = INSPECT}};
    static const FakeDockerAnswer asleep[] = {{.call = INSPECT, .answer = NODE("exited")}};
    static const FakeDockerAnswer up[] = {{.call = INSPECT, .answer = NODE("running")}, {.call = PODS, .answer = ONE_POD}};
    static const FakeHttpAnswer healthy[] = {{.url = HEALTH, .status = 200, .body = "{\"available\":true}"}};
    static const FakeHttpAnswer starting[] = {{.url = HEALTH, .status = 503}};
    fake_http_script(NULL, 0);
    checkout_add_folder(*state, ".airbyte/abctl");
    assert_string_equal(examine(*state, CHOICE_AUTO, absent, 1), "good: not installed; devbox airbyte start installs it");
    assert_string_equal(examine(*state, CHOICE_TRUE, absent, 1),
                        "warning: not installed; devbox airbyte start installs it → devbox airbyte start");
    assert_string_equal(examine(*state, CHOICE_AUTO, asleep, 1), "good: stopped; devbox start wakes it");
    fake_http_script(healthy, 1);
    assert_string_equal(examine(*state, CHOICE_AUTO, up, 2), "good: healthy at http://localhost:8000, 1 of 1 pods ready");
    fake_http_script(starting, 1);
    assert_string_equal(examine(*state, CHOICE_AUTO, up, 2),
                        "warning: starting at http://localhost:8000, 1 of 1 pods ready → wait for it: devbox airbyte start");
}

static void a_missing_engine_is_bad_only_where_airbyte_must_run(void **state) {
    fake_http_script(NULL, 0);
    checkout_add_folder(*state, ".airbyte/abctl");
    fake_docker_is_missing = true;
    assert_string_equal(examine(*state, CHOICE_AUTO, NULL, 0),
                        "warning: no container engine answers → sudo systemctl start docker");
    assert_string_equal(examine(*state, CHOICE_TRUE, NULL, 0), "bad: no container engine answers → sudo systemctl start docker");
    fake_docker_is_missing = false;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(nobody_is_asked_where_airbyte_never_was),
        test_with_checkout(a_cluster_is_told_by_its_state),
        test_with_checkout(a_missing_engine_is_bad_only_where_airbyte_must_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
