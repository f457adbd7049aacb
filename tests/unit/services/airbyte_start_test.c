// fakes: docker http process network clock platform
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_docker.h"
#include "fakes/fake_http.h"
#include "fakes/fake_network.h"
#include "fakes/fake_platform.h"
#include "fakes/fake_process.h"
#include "services/airbyte.h"
#include "support/checkout.h"
#include "support/event_log.h"

#define INSPECT "GET /containers/airbyte-abctl-control-plane/json"
#define HELM "exec kubectl -n airbyte-abctl get secrets *"
#define PODS "exec kubectl -n airbyte-abctl get pods -o json"
#define HEALTH "http://localhost:8000/api/v1/health"
#define NODE(state)                                                                                              \
    "{\"State\":{\"Status\":\"" state                                                                            \
    "\",\"ExitCode\":137},\"Config\":{\"Labels\":{\"io.x-k8s.kind.cluster\":\"airbyte-abctl\"}},\"HostConfig\":" \
    "{\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"8000\"}]}}}"
#define POD(ready) \
    "{\"metadata\":{\"name\":\"p\"},\"status\":{\"phase\":\"Running\",\"containerStatuses\":[{\"ready\":" ready "}]}}"
#define ALL_READY "{\"items\":[" POD("true") "," POD("true") "]}"
#define HALF_READY "{\"items\":[" POD("true") "," POD("false") "]}"
#define COUNT(array) (sizeof(array) / sizeof *(array))
#define DOCKER_CALLS(...)                                         \
    static const FakeDockerAnswer docker_calls[] = {__VA_ARGS__}; \
    fake_docker_script(docker_calls, COUNT(docker_calls))
#define HTTP_CALLS(...)                                       \
    static const FakeHttpAnswer http_calls[] = {__VA_ARGS__}; \
    fake_http_script(http_calls, COUNT(http_calls))
#define PROGRAMS(...)                                  \
    static const FakeChild children[] = {__VA_ARGS__}; \
    fake_process_script(children, COUNT(children))

#define UP \
    { .url = HEALTH, .status = 200, .body = "{\"available\":true}" }
#define DOWN \
    { .url = HEALTH, .status = 503, .body = "<html>" }
#define IS(state) \
    { .call = INSPECT, .answer = state }
#define DOCKER_PROGRAM \
    { .command = "/usr/bin/docker -v", .output = "Docker version 27.2.0, build 3ab4256\n" }
#define ABCTL "/opt/abctl local install --no-browser --port 8000 --chart-version 2.0.19"

static volatile sig_atomic_t cancel;

typedef struct Scene {
    Checkout *checkout;
    Project project;
    EventLog log;
    AirbyteReport report;
} Scene;

static Scene prepare(void **state, const char *config) {
    Scene scene = {.checkout = *state};
    setenv("HOME", scene.checkout->root, 1);
    setenv("XDG_CACHE_HOME", checkout_path(scene.checkout, ".cache"), 1);
    checkout_add_folder(*state, "dags");
    if (config != NULL) checkout_add(*state, "devbox.yaml", config);
    scene.project = checkout_open(*state);
    assert_true(project_prepare_state(&scene.checkout->ctx, &scene.project, &scene.checkout->err));
    cancel = 0;
    scene.checkout->ctx.cancel = &cancel;
    fake_clock_set(1000000, 1000000);
    fake_clock_on_sleep(NULL);
    fake_network_reset();
    fake_platform_reset();
    fake_docker_script(NULL, 0);
    fake_http_script(NULL, 0);
    fake_process_script(NULL, 0);
    return scene;
}

static void add_programs(void) {
    fake_process_add_program("docker", "/usr/bin/docker");
    fake_process_add_program("abctl", "/opt/abctl");
}

static bool run(Scene *scene) {
    event_log_start(&scene->log, &scene->checkout->ctx);
    AirbyteStart options = {.step = "airbyte", .may_install = true};
    bool is_done = airbyte_start(&scene->checkout->ctx, &scene->project, &options, &scene->report, &scene->checkout->err);
    fake_docker_assert_used();
    fake_http_assert_used();
    fake_process_assert_used();
    return is_done;
}

static void must_run(Scene *scene, const char *summary) {
    if (!run(scene)) fail_msg("%s", error_as_text(&scene->checkout->err));
    assert_string_equal(scene->report.summary, summary);
    assert_true(scene->report.is_healthy);
}

static void must_fail(Scene *scene, ErrorCode code, const char *message, const char *hint) {
    assert_false(run(scene));
    const Error *err = &scene->checkout->err;
    if (strstr(err->message, message) == NULL || err->hint == NULL || strstr(err->hint, hint) == NULL)
        fail_msg("%s", error_as_text(err));
    assert_int_equal(err->code, code);
}

static void a_running_airbyte_is_left_alone(void **state) {
    Scene scene = prepare(state, NULL);
    DOCKER_CALLS(IS(NODE("running")), {.call = PODS, .answer = ALL_READY});
    HTTP_CALLS(UP);
    must_run(&scene, "running already; 2 of 2 pods ready");
    assert_int_equal(scene.report.cluster.port, 8000);
    assert_string_equal(event_log_take(&scene.log), "");
}

static void a_stopped_node_is_started_and_waited_for(void **state) {
    Scene scene = prepare(state, NULL);
    DOCKER_CALLS({.call = INSPECT, .answer = NODE("exited"), .times = 2}, {.call = "start airbyte-abctl-control-plane"},
                 IS(NODE("running")), {.call = HELM, .exit_code = 1, .answer = "connection refused"}, IS(NODE("running")),
                 {.call = HELM, .answer = "deployed"}, {.call = PODS, .answer = HALF_READY}, {.call = PODS, .answer = ALL_READY});
    // Looks at the node come every 5 s, asks for health every half.
    HTTP_CALLS({.url = HEALTH, .failure = ERROR_NETWORK, .times = 10}, DOWN,
               {.url = HEALTH, .status = 200, .body = "{\"available\":false}"}, UP);
    must_run(&scene, "started; 2 of 2 pods ready");
    assert_string_equal(event_log_take(&scene.log),
                        "progress airbyte: waking its node\n"
                        "progress airbyte: starting: waiting for Kubernetes in the node\n"
                        "progress airbyte: starting: 1 of 2 pods ready\n");
}

static void a_paused_node_is_woken(void **state) {
    Scene scene = prepare(state, NULL);
    DOCKER_CALLS({.call = INSPECT, .answer = NODE("paused"), .times = 2}, {.call = "unpause airbyte-abctl-control-plane"},
                 {.call = PODS, .answer = ALL_READY});
    HTTP_CALLS(UP);
    must_run(&scene, "woken; 2 of 2 pods ready");
}

static void nothing_is_installed_without_consent(void **state) {
    Scene scene = prepare(state, NULL);
    DOCKER_CALLS(IS(NULL));
    PROGRAMS(DOCKER_PROGRAM);
    add_programs();
    must_fail(&scene, ERROR_CONFIRMATION_NEEDED, "not installed on this machine yet", "devbox airbyte start --yes");
}

static void with_consent_abctl_installs(void **state) {
    Scene scene = prepare(state, NULL);
    setenv("AWS_SECRET_ACCESS_KEY", "x", 1);
    DOCKER_CALLS({.call = INSPECT, .times = 2}, IS(NODE("running")), {.call = PODS, .answer = ALL_READY});
    HTTP_CALLS(UP);
    PROGRAMS(DOCKER_PROGRAM, {.command = ABCTL,
                              .variable = "DO_NOT_TRACK=1",
                              .output = "  INFO    No existing cluster found, cluster 'airbyte-abctl' will be created\n"
                                        "  INFO    Pulling image airbyte/server:2.0.1\n"});
    add_programs();
    scene.checkout->ctx.is_confirmed = true;
    must_run(&scene, "installed: chart 2.0.19; 2 of 2 pods ready");
    assert_string_equal(event_log_take(&scene.log),
                        "progress airbyte: starting abctl\n"
                        "progress airbyte: creating the Kubernetes node\n"
                        "progress airbyte: pulling airbyte/server:2.0.1\n");
    assert_true(file_exists(checkout_path(scene.checkout, ".devbox/logs/airbyte-install.log")));
}

static const FakeChild low_children[] = {
    DOCKER_PROGRAM,
    {.command = "/shop/abctl local install --no-browser --port 8002 --chart-version 2.2.0 --low-resource-mode",
     .variable = "DOCKER_HOST=unix:///run/fake.sock"}};

static void devbox_yaml_and_the_engine_decide_the_flags(void **state) {
    Scene scene = prepare(state, "airbyte: {version: 2.2.0, low_resource: true, port: 8001}\n");
    DOCKER_CALLS({.call = INSPECT, .times = 2}, IS(NODE("running")), {.call = PODS, .answer = ALL_READY});
    HTTP_CALLS(UP);
    fake_process_script(low_children, 2);
    fake_process_add_program("docker", "/usr/bin/docker");
    fake_process_add_program("abctl", "/shop/abctl");
    scene.project.config.airbyte.is_port_explicit = false;
    scene.project.config.airbyte.low_resource = CHOICE_AUTO;
    fake_docker_engine.memory_bytes = 7999999999LL;
    fake_network_occupy(8001, AF_INET);
    scene.checkout->ctx.is_confirmed = true;
    must_run(&scene, "installed: chart 2.2.0, low-resource mode; 2 of 2 pods ready");
    const char *events = event_log_take(&scene.log);
    assert_non_null(strstr(events, "warning airbyte: port 8001 is held by another program → Airbyte gets 8002\n"));
}

static void an_explicit_port_is_never_moved(void **state) {
    Scene scene = prepare(state, "airbyte: {port: 8001}\n");
    DOCKER_CALLS({.call = INSPECT, .times = 2});
    PROGRAMS(DOCKER_PROGRAM);
    add_programs();
    fake_network_occupy(8001, AF_INET6);
    scene.checkout->ctx.is_confirmed = true;
    must_fail(&scene, ERROR_PORT_BUSY, "port 8001", "airbyte.port");
}

static void an_installation_that_was_cut_short_goes_on_with_consent(void **state) {
    Scene scene = prepare(state, NULL);
    DOCKER_CALLS({.call = INSPECT, .answer = NODE("running"), .times = 3}, {.call = HELM, .answer = "pending-install"},
                 {.call = PODS, .answer = HALF_READY}, IS(NODE("running")), {.call = PODS, .answer = ALL_READY});
    HTTP_CALLS({.url = HEALTH, .status = 503, .times = 2}, UP);
    PROGRAMS(DOCKER_PROGRAM, {.command = ABCTL});
    add_programs();
    scene.checkout->ctx.is_confirmed = true;
    must_run(&scene, "installed: chart 2.0.19; 2 of 2 pods ready");
}

static void a_cut_short_installation_needs_consent_too(void **state) {
    Scene scene = prepare(state, NULL);
    DOCKER_CALLS({.call = INSPECT, .answer = NODE("running"), .times = 3}, {.call = HELM, .answer = ""},
                 {.call = PODS, .answer = "{\"items\":[]}"});
    HTTP_CALLS({.url = HEALTH, .status = 503, .times = 2});
    PROGRAMS(DOCKER_PROGRAM);
    add_programs();
    must_fail(&scene, ERROR_CONFIRMATION_NEEDED, "not installed", "--yes");
}

static const char *recorded(Arena *arena, const char *name) {
    char *content;
    Error err = {.arena = arena};
    const char *path = arena_format(arena, "%s/fixtures/abctl-v0.30.4/%s", TEST_DATA, name);
    if (!file_read(arena, path, &content, NULL, &err)) fail_msg("%s", err.message);
    return content;
}

static void let_time_pass(void *state, const Event *event) {
    (void)state;
    if (event->kind == EVENT_STEP_PROGRESS) fake_clock_advance(6000);
}

static void while_the_chart_takes_its_time_pods_are_the_heartbeat(void **state) {
    Scene scene = prepare(state, NULL);
    DOCKER_CALLS({.call = INSPECT, .times = 2}, {.call = PODS, .answer = HALF_READY}, IS(NODE("running")),
                 {.call = PODS, .answer = ALL_READY});
    HTTP_CALLS(UP);
    PROGRAMS(DOCKER_PROGRAM, {.command = ABCTL,
                              .output = " SUCCESS  Cluster 'airbyte-abctl' created\n"
                                        "  INFO    Starting Helm Chart installation of 'airbyte/airbyte' (version: 2.0.19)\n"});
    add_programs();
    scene.checkout->ctx.is_confirmed = true;
    event_log_start(&scene.log, &scene.checkout->ctx);
    scene.log.on_event = let_time_pass;
    AirbyteStart options = {.step = "airbyte", .may_install = true};
    assert_true(airbyte_start(&scene.checkout->ctx, &scene.project, &options, &scene.report, &scene.checkout->err));
    fake_docker_assert_used();
    assert_non_null(strstr(event_log_take(&scene.log), "progress airbyte: installing Airbyte's chart: 1 of 2 pods ready\n"));
}

static void an_abctl_that_was_left_at_work_is_not_joined_by_a_second_one(void **state) {
    static const ProcessInfo left = {.pid = 4711, .command = "abctl"};
    Scene scene = prepare(state, NULL);
    DOCKER_CALLS({.call = INSPECT, .times = 2});
    PROGRAMS(DOCKER_PROGRAM);
    add_programs();
    fake_platform.processes = &left;
    fake_platform.process_count = 1;
    scene.checkout->ctx.is_confirmed = true;
    must_fail(&scene, ERROR_BUSY, "still installs Airbyte (pid 4711)", "kill 4711");
}

static void a_failed_installation_has_cause_evidence_and_log(void **state) {
    Scene scene = prepare(state, NULL);
    FakeChild failing[] = {DOCKER_PROGRAM, {.command = ABCTL, .exit_code = 1}};
    failing[1].output = recorded(scene.checkout->arena, "install_docker_nonet.out");
    DOCKER_CALLS({.call = INSPECT, .times = 2});
    fake_process_script(failing, 2);
    add_programs();
    scene.checkout->ctx.is_confirmed = true;
    must_fail(&scene, ERROR_NETWORK, "Airbyte was not installed: this machine cannot reach the registry", "check the network");
    assert_non_null(strstr(scene.checkout->err.detail, "unable to create kind cluster: failed to pull image"));
    assert_non_null(strstr(scene.checkout->err.detail, "\nlog: "));
}

static void the_bootloader_speaks_when_abctl_does_not(void **state) {
    Scene scene = prepare(state, NULL);
    DOCKER_CALLS({.call = INSPECT, .times = 2}, {.call = "exec kubectl -n airbyte-abctl logs * airbyte-abctl-bootloader",
                                                 .answer = "starting\njava.lang.Exception: no database\n"});
    PROGRAMS(DOCKER_PROGRAM,
             {.command = ABCTL,
              .exit_code = 1,
              .output = " SUCCESS  Cluster 'airbyte-abctl' created\n"
                        "  ERROR   unable to install airbyte chart: unable to install helm: context deadline exceeded\n"});
    add_programs();
    scene.checkout->ctx.is_confirmed = true;
    must_fail(&scene, ERROR_TIMEOUT, "want of CPU or memory", "8 GB");
    assert_non_null(strstr(scene.checkout->err.detail, "java.lang.Exception: no database"));
}

static void every_end_of_abctl_is_told_apart(void **state) {
    static const struct {
        ProcessOutcome outcome;
        ErrorCode code;
        const char *message, *hint;
    } rows[] = {{PROCESS_TIMED_OUT, ERROR_TIMEOUT, "within 30m", "--timeout 60m"},
                {PROCESS_SIGNALED, ERROR_CHILD, "killed by signal 9", "memory"},
                {PROCESS_INTERRUPTED, ERROR_INTERRUPTED, "interrupted while installing", "goes on"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        Scene scene = prepare(state, NULL);
        const FakeChild ending[] = {DOCKER_PROGRAM, {.command = ABCTL, .outcome = rows[i].outcome, .signal = 9}};
        DOCKER_CALLS({.call = INSPECT, .times = 2});
        fake_process_script(ending, 2);
        add_programs();
        scene.checkout->ctx.is_confirmed = true;
        must_fail(&scene, rows[i].code, rows[i].message, rows[i].hint);
    }
}

static void a_node_that_ends_ends_the_wait(void **state) {
    Scene scene = prepare(state, NULL);
    DOCKER_CALLS({.call = INSPECT, .answer = NODE("exited"), .times = 2}, {.call = "start *"}, IS(NODE("exited")));
    HTTP_CALLS(DOWN);
    must_fail(&scene, ERROR_SERVICE, "ended while it was starting (exited, exit code 137: out of memory or killed)",
              "docker logs");
    assert_int_equal(fake_clock_slept_ms(), 0);
}

static void a_wait_without_end_has_a_deadline(void **state) {
    Scene scene = prepare(state, NULL);
    DOCKER_CALLS({.call = INSPECT, .answer = NODE("running"), .times = 3}, {.call = HELM, .answer = "deployed"},
                 {.call = PODS, .answer = HALF_READY});
    HTTP_CALLS({.url = HEALTH, .status = 503, .times = 10});
    scene.checkout->ctx.timeout_ms = 4000;
    must_fail(&scene, ERROR_TIMEOUT, "still starting after 4.0s: 1 of 2 pods ready", "devbox airbyte status");
}

static void a_kubernetes_that_never_comes_up_is_told_from_a_slow_one(void **state) {
    static FakeDockerAnswer calls[3 + 2 * 61];
    Scene scene = prepare(state, NULL);
    calls[0] = (FakeDockerAnswer){.call = INSPECT, .answer = NODE("running"), .times = 2};
    for (size_t i = 0; i < 61; i++) {
        calls[1 + 2 * i] = (FakeDockerAnswer){.call = INSPECT, .answer = NODE("running")};
        calls[2 + 2 * i] = (FakeDockerAnswer){.call = HELM, .exit_code = 1, .answer = "connection refused"};
    }
    fake_docker_script(calls, 1 + 2 * 61);
    HTTP_CALLS({.url = HEALTH, .status = 503, .times = 602});
    must_fail(&scene, ERROR_SERVICE, "the Kubernetes in it does not come up", "docker rm -f airbyte-abctl-control-plane");
}

static void press_ctrl_c(void) { cancel = 1; }

static void ctrl_c_ends_the_wait_and_leaves_airbyte_starting(void **state) {
    Scene scene = prepare(state, NULL);
    fake_clock_on_sleep(press_ctrl_c);
    DOCKER_CALLS({.call = INSPECT, .answer = NODE("running"), .times = 3}, {.call = HELM, .answer = "deployed"},
                 {.call = PODS, .answer = HALF_READY});
    HTTP_CALLS({.url = HEALTH, .status = 503, .times = 2});
    must_fail(&scene, ERROR_INTERRUPTED, "goes on starting by itself", "devbox airbyte status");
}

static void a_node_without_a_port_cannot_be_waited_for(void **state) {
    static const char node[] =
        "{\"State\":{\"Status\":\"running\"},\"Config\":{\"Labels\":{\"io.x-k8s.kind.cluster\":"
        "\"airbyte-abctl\"}},\"HostConfig\":{}}";
    Scene scene = prepare(state, NULL);
    DOCKER_CALLS({.call = INSPECT, .answer = node, .times = 2});
    must_fail(&scene, ERROR_SERVICE, "publishes no port", "docker inspect");
}

static void what_cannot_carry_airbyte_is_refused_with_the_reason(void **state) {
    static const struct {
        long long memory_bytes;
        int processors;
        const char *architecture;
        bool is_remote;
        const char *message, *hint;
    } rows[] = {
        {3999999999LL, 8, "x86_64", false, "needs 4 GB of memory and 2 CPUs; Docker 27.2 has 4.0 GB and 8", "enabled: false"},
        {16000000000LL, 1, "x86_64", false, "has 16.0 GB and 1", "enabled: false"},
        {16000000000LL, 8, "s390x", false, "not made for this processor (s390x)", "amd64 or arm64"},
        {16000000000LL, 8, "x86_64", true, "remote engine unix:///run/fake.sock: its node mounts files of this machine",
         "unset DOCKER_HOST"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Scene scene = prepare(state, NULL);
        fake_docker_engine.memory_bytes = rows[i].memory_bytes;
        fake_docker_engine.processors = rows[i].processors;
        fake_docker_engine.architecture = rows[i].architecture;
        fake_docker_engine.endpoint.is_remote = rows[i].is_remote;
        must_fail(&scene, ERROR_RUNTIME_MISSING, rows[i].message, rows[i].hint);
    }
    Scene scene = prepare(state, NULL);
    fake_docker_is_missing = true;
    must_fail(&scene, ERROR_RUNTIME_MISSING, "no container engine answers", "systemctl");
}

static void what_an_installation_lacks_is_said_before_the_question(void **state) {
    Scene scene = prepare(state, NULL);
    scene.checkout->ctx.is_confirmed = true;
    DOCKER_CALLS(IS(NULL));
    fake_process_script(NULL, 0);
    must_fail(&scene, ERROR_RUNTIME_MISSING, "the program docker is not on PATH", "docs.docker.com");

    scene = prepare(state, NULL);
    PROGRAMS({.command = "/usr/bin/docker -v", .output = "podman version 5.2.0\n"});
    add_programs();
    fake_docker_script(docker_calls, 1);
    must_fail(&scene, ERROR_RUNTIME_MISSING, "is not Docker's own program", "PATH");
    assert_string_equal(scene.checkout->err.detail, "podman version 5.2.0");
}

static void an_abctl_that_is_nowhere_and_has_no_checksum_is_not_fetched(void **state) {
    Scene scene = prepare(state, NULL);
    scene.checkout->ctx.is_confirmed = true;
    DOCKER_CALLS(IS(NULL));
    PROGRAMS(DOCKER_PROGRAM);
    fake_process_add_program("docker", "/usr/bin/docker");
    must_fail(&scene, ERROR_RUNTIME_MISSING, "this devbox has no checksum for abctl-v0.30.4-", "airbyte: {abctl_sha256: [SHA256]}");
}

static void a_home_that_belongs_to_root_is_said_before_the_question(void **state) {
    Scene scene = prepare(state, NULL);
    if (getuid() != 0) skip();
    checkout_add_folder(*state, ".airbyte");
    assert_int_equal(chown(checkout_path(scene.checkout, ".airbyte"), 65534, 65534), 0);
    DOCKER_CALLS(IS(NULL));
    PROGRAMS(DOCKER_PROGRAM);
    add_programs();
    must_fail(&scene, ERROR_FILE, "belongs to another user", "chown");
}

static void stop_stops_only_what_runs(void **state) {
    bool was_running;
    Scene scene = prepare(state, NULL);
    DOCKER_CALLS({.call = INSPECT, .answer = NODE("running"), .times = 2}, {.call = "stop *"}, IS(NODE("exited")), IS(NULL),
                 IS(NODE("running")));
    Context *ctx = &scene.checkout->ctx;
    assert_true(airbyte_stop(ctx, &was_running, &scene.checkout->err));
    assert_true(was_running);
    assert_true(airbyte_stop(ctx, &was_running, &scene.checkout->err));
    assert_false(was_running);
    assert_true(airbyte_stop(ctx, &was_running, &scene.checkout->err));
    assert_false(was_running);
    ctx->is_dry_run = true;
    assert_true(airbyte_stop(ctx, &was_running, &scene.checkout->err));
    assert_true(was_running);
    fake_docker_assert_used();
}

static void only_a_user_who_had_airbyte_is_told_that_it_runs_on(void **state) {
    Scene scene = prepare(state, NULL);
    event_log_start(&scene.log, &scene.checkout->ctx);
    airbyte_say_still_running(&scene.checkout->ctx, &scene.project);
    checkout_add_folder(*state, ".airbyte/abctl");
    DOCKER_CALLS(IS(NODE("exited")), IS(NODE("running")));
    airbyte_say_still_running(&scene.checkout->ctx, &scene.project);
    assert_string_equal(event_log_take(&scene.log), "");
    airbyte_say_still_running(&scene.checkout->ctx, &scene.project);
    assert_string_equal(event_log_take(&scene.log), "note: Airbyte runs on, for all checkouts; to end it: devbox airbyte stop\n");
    fake_docker_assert_used();
}

static void the_connection_is_there_while_airbyte_runs(void **state) {
    const char *json = "x";
    Scene scene = prepare(state, NULL);
    Context *ctx = &scene.checkout->ctx;
    assert_true(airbyte_connection_find(ctx, &scene.project, "localhost", &json, &scene.checkout->err));
    assert_null(json);
    checkout_add_folder(*state, ".airbyte/abctl");
    DOCKER_CALLS(IS(NODE("exited")), IS(NODE("running")),
                 {.call = "exec *",
                  .answer = "{\"data\":{\"instance-admin-client-id\":\"Yw==\",\"instance-admin-client-secret\":\"cw==\"}}"});
    assert_true(airbyte_connection_find(ctx, &scene.project, "localhost", &json, &scene.checkout->err));
    assert_null(json);
    assert_true(airbyte_connection_find(ctx, &scene.project, "localhost", &json, &scene.checkout->err));
    assert_non_null(strstr(json, "\"login\":\"c\",\"password\":\"s\""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(a_running_airbyte_is_left_alone),
        test_with_checkout(a_stopped_node_is_started_and_waited_for),
        test_with_checkout(a_paused_node_is_woken),
        test_with_checkout(nothing_is_installed_without_consent),
        test_with_checkout(with_consent_abctl_installs),
        test_with_checkout(devbox_yaml_and_the_engine_decide_the_flags),
        test_with_checkout(an_explicit_port_is_never_moved),
        test_with_checkout(an_installation_that_was_cut_short_goes_on_with_consent),
        test_with_checkout(a_cut_short_installation_needs_consent_too),
        test_with_checkout(while_the_chart_takes_its_time_pods_are_the_heartbeat),
        test_with_checkout(an_abctl_that_was_left_at_work_is_not_joined_by_a_second_one),
        test_with_checkout(a_failed_installation_has_cause_evidence_and_log),
        test_with_checkout(the_bootloader_speaks_when_abctl_does_not),
        test_with_checkout(every_end_of_abctl_is_told_apart),
        test_with_checkout(a_node_that_ends_ends_the_wait),
        test_with_checkout(a_wait_without_end_has_a_deadline),
        test_with_checkout(a_kubernetes_that_never_comes_up_is_told_from_a_slow_one),
        test_with_checkout(ctrl_c_ends_the_wait_and_leaves_airbyte_starting),
        test_with_checkout(a_node_without_a_port_cannot_be_waited_for),
        test_with_checkout(what_cannot_carry_airbyte_is_refused_with_the_reason),
        test_with_checkout(what_an_installation_lacks_is_said_before_the_question),
        test_with_checkout(an_abctl_that_is_nowhere_and_has_no_checksum_is_not_fetched),
        test_with_checkout(a_home_that_belongs_to_root_is_said_before_the_question),
        test_with_checkout(stop_stops_only_what_runs),
        test_with_checkout(only_a_user_who_had_airbyte_is_told_that_it_runs_on),
        test_with_checkout(the_connection_is_there_while_airbyte_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
