// fakes: docker http clock process network airbyte_link
#include <stdlib.h>

#include "commands/commands.h"
#include "fakes/fake_airbyte_link.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_docker.h"
#include "fakes/fake_http.h"
#include "support/invoke.h"

#define INSPECT "GET /containers/airbyte-abctl-control-plane/json"
#define PODS "exec kubectl -n airbyte-abctl get pods -o json"
#define HEALTH "http://localhost:8000/api/v1/health"
#define NODE(state)                                                              \
    "{\"State\":{\"Status\":\"" state                                            \
    "\"},\"Config\":{\"Labels\":{\"io.x-k8s.kind.cluster\":\"airbyte-abctl\"}}," \
    "\"HostConfig\":{\"PortBindings\":{\"80/tcp\":[{\"HostPort\":\"8000\"}]}}}"
#define ONE_POD "{\"items\":[{\"metadata\":{\"name\":\"p\"},\"status\":{\"containerStatuses\":[{\"ready\":true}]}}]}"
#define SECRET                                                                                       \
    "{\"data\":{\"instance-admin-password\":\"cGFzcw==\",\"instance-admin-client-id\":\"Y2lkLTE=\"," \
    "\"instance-admin-client-secret\":\"Y3NlYy0x\"}}"

static const Command *find(const char *name) {
    for (const Command *const *command = command_airbyte.subcommands; *command != NULL; command++) {
        if (strcmp((*command)->name, name) == 0) return *command;
    }
    fail_msg("no command %s", name);
    return NULL;
}

static void prepare(Checkout *checkout, const FakeDockerAnswer *script, size_t count) {
    setenv("HOME", checkout->root, 1);
    setenv("XDG_CACHE_HOME", checkout_path(checkout, ".cache"), 1);
    checkout_add(checkout, "devbox.yaml", "runtime: native\n");
    fake_clock_set(0, 0);
    fake_docker_script(script, count);
    fake_http_script(NULL, 0);
}

static void status_says_what_is_there_and_what_to_do(void **state) {
    static const struct {
        const char *node, *text;
    } rows[] = {
        {NULL, "Airbyte · not installed · devbox airbyte start installs it (about 6 GB, 10-30 min)"},
        {NODE("exited"), "Airbyte · stopped · devbox airbyte start"},
        {NODE("paused"), "Airbyte · paused · devbox airbyte start"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const FakeDockerAnswer script[] = {{.call = INSPECT, .answer = rows[i].node}};
        Recorder recorder;
        prepare(*state, script, 1);
        assert_true(invoke(*state, find("status"), NULL, NULL, &recorder));
        assert_string_equal(recorder.text, rows[i].text);
        assert_string_equal(value_get_string(recorder.data, "url", "none"), "none");
    }
}

static void status_of_a_running_one_tells_health_and_pods(void **state) {
    static const struct {
        FakeDockerAnswer pods;
        FakeHttpAnswer health;
        const char *text;
    } rows[] = {
        {{.call = PODS, .answer = ONE_POD},
         {.url = HEALTH, .status = 200, .body = "{\"available\":true}"},
         "Airbyte · healthy · http://localhost:8000 · 1 of 1 pods ready"},
        {{.call = PODS, .exit_code = 1},
         {.url = HEALTH, .failure = ERROR_NETWORK},
         "Airbyte · starting · http://localhost:8000 · its Kubernetes does not answer yet"},
        {{.call = PODS,
          .answer = "{\"items\":[{\"metadata\":{\"name\":\"p\"},\"status\":{\"containerStatuses\":[{\"ready\":false,\"state\":"
                    "{\"waiting\":{\"reason\":\"CrashLoopBackOff\"}}}]}}]}"},
         {.url = HEALTH, .status = 503},
         "Airbyte · starting · http://localhost:8000 · 0 of 1 pods ready\np: CrashLoopBackOff"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const FakeDockerAnswer script[] = {{.call = INSPECT, .answer = NODE("running")}, rows[i].pods};
        Recorder recorder;
        prepare(*state, script, 2);
        fake_http_script(&rows[i].health, 1);
        assert_true(invoke(*state, find("status"), NULL, NULL, &recorder));
        assert_string_equal(recorder.text, rows[i].text);
        fake_docker_assert_used();
    }
}

static void credentials_show_secrets_only_when_told_to(void **state) {
    static const FakeDockerAnswer script[] = {{.call = INSPECT, .answer = NODE("running")},
                                              {.call = PODS, .answer = ONE_POD},
                                              {.call = "exec kubectl * get secret *", .answer = SECRET}};
    static const FakeHttpAnswer answers[] = {
        {.url = HEALTH, .status = 200, .body = "{\"available\":true}"},
        {.method = "POST", .url = "http://localhost:8000/api/public/v1/applications/token", .status = 400},
        {.url = "http://localhost:8000/api/v1/instance_configuration", .status = 200, .body = "{}"}};
    const bool masked = false, revealed = true;
    Recorder recorder;
    prepare(*state, script, 3);
    fake_http_script(answers, 3);
    assert_int_equal(find("credentials")->options_size, sizeof masked);
    assert_true(invoke(*state, find("credentials"), &masked, NULL, &recorder));
    assert_null(strstr(recorder.text, "pass\n"));
    assert_null(strstr(recorder.text, "csec-1"));
    assert_non_null(strstr(recorder.text, "client id      cid-1\n"));
    assert_non_null(strstr(recorder.text, "e-mail         the first login asks for one\n"));
    assert_non_null(strstr(recorder.text, "API token      refused"));
    assert_string_equal(value_get_string(recorder.data, "clientSecret", ""), "****");
    assert_null(value_get_string(recorder.data, "airflowConnection", NULL));
    fake_docker_script(script, 3);
    fake_http_script(answers, 3);
    assert_true(invoke(*state, find("credentials"), &revealed, NULL, &recorder));
    assert_non_null(strstr(recorder.text, "password       pass\n"));
    assert_non_null(strstr(recorder.text, "for Airflow    AIRFLOW_CONN_AIRBYTE_DEFAULT={\"conn_type\":\"airbyte\""));
}

static void a_dry_run_of_start_and_stop_changes_nothing(void **state) {
    static const FakeDockerAnswer script[] = {
        {.call = INSPECT}, {.call = INSPECT, .answer = NODE("exited")}, {.call = INSPECT, .answer = NODE("paused")}};
    Checkout *checkout = *state;
    Recorder recorder;
    prepare(checkout, script, 3);
    checkout->ctx.is_dry_run = true;
    assert_true(invoke(checkout, find("start"), NULL, NULL, &recorder));
    assert_string_equal(recorder.text, "would install Airbyte (about 6 GB, 10 to 30 minutes)");
    assert_true(invoke(checkout, find("start"), NULL, NULL, &recorder));
    assert_string_equal(recorder.text, "would start Airbyte's node and wait until it is healthy");
    assert_true(invoke(checkout, find("stop"), NULL, NULL, &recorder));
    assert_true(value_get_bool(recorder.data, "wasRunning", false));
    fake_docker_assert_used();
}

static void start_gives_airflow_its_connection_and_is_fine_without(void **state) {
    static const FakeDockerAnswer script[] = {{.call = INSPECT, .answer = NODE("running")}, {.call = PODS, .answer = ONE_POD}};
    static const FakeHttpAnswer up[] = {{.url = HEALTH, .status = 200, .body = "{\"available\":true}"}};
    for (int i = 0; i < 2; i++) {
        Recorder recorder;
        prepare(*state, script, 2);
        fake_http_script(up, 1);
        fake_airbyte_link_fails = i == 1;
        fake_airbyte_link_calls = 0;
        assert_true(invoke(*state, find("start"), NULL, NULL, &recorder));
        assert_int_equal(fake_airbyte_link_calls, 1);
        assert_string_equal(recorder.text,
                            "Airbyte is ready: http://localhost:8000\nlogin and API keys: devbox airbyte credentials");
    }
}

static void without_an_engine_each_says_so(void **state) {
    static const char *const names[] = {"start", "stop", "status", "credentials"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Recorder recorder;
        prepare(*state, NULL, 0);
        fake_docker_is_missing = true;
        assert_false(invoke(*state, find(names[i]), NULL, NULL, &recorder));
        assert_int_equal(((Checkout *)*state)->err.code, ERROR_RUNTIME_MISSING);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(status_says_what_is_there_and_what_to_do),
        test_with_checkout(status_of_a_running_one_tells_health_and_pods),
        test_with_checkout(credentials_show_secrets_only_when_told_to),
        test_with_checkout(a_dry_run_of_start_and_stop_changes_nothing),
        test_with_checkout(start_gives_airflow_its_connection_and_is_fine_without),
        test_with_checkout(without_an_engine_each_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
