// fakes: docker
#include "services/airbyte_cluster.h"

#include "base/text.h"
#include "fakes/fake_docker.h"
#include "io/file_system.h"
#include "support/event_log.h"

#define INSPECT "GET /containers/airbyte-abctl-control-plane/json"
#define NODE(state, rest)                                                                         \
    "{\"State\":{\"Status\":\"" state                                                             \
    "\",\"ExitCode\":130},\"Config\":{\"Labels\":{\"io.x-k8s.kind.cluster\":\"airbyte-abctl\"}}," \
    "\"HostConfig\":{" rest "}}"
#define PORT(number) "\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"" number "\"}]}"

typedef struct Scene {
    Context ctx;
    Error err;
} Scene;

static Scene prepare(void **state, const FakeDockerAnswer *script, size_t count) {
    fake_docker_script(script, count);
    return (Scene){.ctx = {.arena = *state}, .err = {.arena = *state}};
}

static const char *fixture(Arena *arena, const char *name) {
    char *content;
    Error err = {.arena = arena};
    if (!file_read(arena, arena_format(arena, "%s/fixtures/airbyte/%s", TEST_DATA, name), &content, NULL, &err))
        fail_msg("%s", err.message);
    return content;
}

static void the_container_tells_state_and_port(void **state) {
    static const struct {
        const char *answer;
        AirbyteState state;
        int port;
    } rows[] = {
        {NULL, AIRBYTE_ABSENT, 0},
        {NODE("running", PORT("8000")), AIRBYTE_RUNNING, 8000},
        {NODE("restarting", PORT("8000")), AIRBYTE_RUNNING, 8000},
        {NODE("paused", PORT("8001")), AIRBYTE_PAUSED, 8001},
        {NODE("exited", PORT("65535")), AIRBYTE_STOPPED, 65535},
        {NODE("created", PORT("65536")), AIRBYTE_STOPPED, 0},
        {NODE("dead", PORT("")), AIRBYTE_STOPPED, 0},
        {NODE("running", "\"PortBindings\":{\"80/tcp\":[]}"), AIRBYTE_RUNNING, 0},
        {NODE("running", "\"PortBindings\":null"), AIRBYTE_RUNNING, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const FakeDockerAnswer script[] = {{.call = INSPECT, .answer = rows[i].answer}};
        AirbyteCluster cluster;
        Scene scene = prepare(state, script, 1);
        assert_true(airbyte_cluster_inspect(&scene.ctx, &fake_docker_engine, &cluster, &scene.err));
        assert_int_equal(cluster.state, rows[i].state);
        assert_int_equal(cluster.port, rows[i].port);
    }
}

static void a_foreign_container_of_that_name_is_left_alone(void **state) {
    static const FakeDockerAnswer script[] = {
        {.call = INSPECT, .answer = "{\"State\":{\"Status\":\"running\"},\"Config\":{\"Labels\":null},\"HostConfig\":{}}"}};
    AirbyteCluster cluster = {.port = 7};
    Scene scene = prepare(state, script, 1);
    assert_false(airbyte_cluster_inspect(&scene.ctx, &fake_docker_engine, &cluster, &scene.err));
    assert_string_equal(
        error_as_text(&scene.err),
        "SERVICE the container airbyte-abctl-control-plane is no cluster of abctl's → see what it is: docker inspect "
        "airbyte-abctl-control-plane");
    assert_int_equal(cluster.port, 7);
}

static void a_stopped_node_is_started_and_a_paused_one_woken(void **state) {
    static const FakeDockerAnswer script[] = {{.call = "start airbyte-abctl-control-plane"},
                                              {.call = "unpause airbyte-abctl-control-plane"}};
    AirbyteCluster stopped = {.state = AIRBYTE_STOPPED}, paused = {.state = AIRBYTE_PAUSED}, running = {.state = AIRBYTE_RUNNING};
    Scene scene = prepare(state, script, 2);
    assert_true(airbyte_cluster_wake(&scene.ctx, &fake_docker_engine, &stopped, &scene.err));
    assert_true(airbyte_cluster_wake(&scene.ctx, &fake_docker_engine, &paused, &scene.err));
    assert_true(airbyte_cluster_wake(&scene.ctx, &fake_docker_engine, &running, &scene.err));
    fake_docker_assert_used();
}

static void a_taken_port_is_named_when_the_node_cannot_start(void **state) {
    static const FakeDockerAnswer script[] = {
        {.call = "start *",
         .failure = ERROR_SERVICE,
         .answer = "driver failed: Bind for 0.0.0.0:8000 failed: port is already allocated"},
        {.call = "start *", .failure = ERROR_SERVICE, .answer = "no space left"},
    };
    AirbyteCluster stopped = {.state = AIRBYTE_STOPPED, .port = 8000};
    Scene scene = prepare(state, script, 2);
    assert_false(airbyte_cluster_wake(&scene.ctx, &fake_docker_engine, &stopped, &scene.err));
    assert_int_equal(scene.err.code, ERROR_PORT_BUSY);
    assert_non_null(strstr(scene.err.message, "port 8000"));
    error_clear(&scene.err);
    assert_false(airbyte_cluster_wake(&scene.ctx, &fake_docker_engine, &stopped, &scene.err));
    assert_string_equal(scene.err.message, "Airbyte's node does not start: no space left");
}

static void a_paused_node_is_woken_before_it_is_stopped(void **state) {
    static const FakeDockerAnswer script[] = {{.call = INSPECT, .answer = NODE("paused", PORT("8000"))},
                                              {.call = "unpause *"},
                                              {.call = "stop airbyte-abctl-control-plane"}};
    Scene scene = prepare(state, script, 3);
    assert_true(airbyte_cluster_stop(&scene.ctx, &fake_docker_engine, &scene.err));
    fake_docker_assert_used();
}

static void pods_are_counted_without_those_that_ended_and_those_of_syncs(void **state) {
    static const struct {
        const char *name;
        int ready;
        const char *trouble;
    } rows[] = {{"pods_ready.json", 11, NULL},
                {"pods_starting.json", 7, NULL},
                {"pods_stuck.json", 7, "airbyte-abctl-connector-rollout-worker-7d9c: ImagePullBackOff"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const FakeDockerAnswer script[] = {
            {.call = "exec kubectl -n airbyte-abctl get pods -o json", .answer = fixture(*state, rows[i].name)}};
        AirbytePods pods;
        Scene scene = prepare(state, script, 1);
        assert_true(airbyte_cluster_pods(&scene.ctx, &fake_docker_engine, &pods, &scene.err));
        assert_int_equal(pods.ready, rows[i].ready);
        assert_int_equal(pods.total, 11);
        if (!text_equals(pods.trouble, rows[i].trouble)) fail_msg("%s", pods.trouble);
    }
}

static void a_kubernetes_that_does_not_answer_is_an_error_with_its_words(void **state) {
    static const FakeDockerAnswer script[] = {
        {.call = "exec *", .exit_code = 1, .answer = "The connection to the server localhost:6443 was refused"},
        {.call = "exec *", .answer = "Error: no JSON"},
        {.call = "exec *", .failure = ERROR_TIMEOUT, .answer = "kubectl did not end within 10s"},
    };
    AirbytePods pods = {.total = -1};
    Scene scene = prepare(state, script, 3);
    assert_false(airbyte_cluster_pods(&scene.ctx, &fake_docker_engine, &pods, &scene.err));
    assert_string_equal(scene.err.message, "the Kubernetes in Airbyte's node does not answer");
    assert_non_null(strstr(scene.err.detail, "localhost:6443"));
    assert_false(airbyte_cluster_pods(&scene.ctx, &fake_docker_engine, &pods, &scene.err));
    assert_false(airbyte_cluster_pods(&scene.ctx, &fake_docker_engine, &pods, &scene.err));
    assert_int_equal(scene.err.code, ERROR_TIMEOUT);
    assert_int_equal(pods.total, -1);
}

static void helm_tells_whether_airbyte_is_installed(void **state) {
    static const struct {
        const char *output;
        bool is_installed;
    } rows[] = {{"deployed", true},
                {"superseded deployed\n", true},
                {"superseded pending-upgrade", true},
                {"pending-install", false},
                {"failed", false},
                {"", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const FakeDockerAnswer script[] = {
            {.call = "exec kubectl -n airbyte-abctl get secrets -l owner=helm,name=airbyte-abctl *", .answer = rows[i].output}};
        bool is_installed = !rows[i].is_installed;
        Scene scene = prepare(state, script, 1);
        assert_true(airbyte_cluster_is_installed(&scene.ctx, &fake_docker_engine, &is_installed, &scene.err));
        assert_int_equal(is_installed, rows[i].is_installed);
    }
}

static void the_bootloader_has_another_name_in_old_charts(void **state) {
    static const FakeDockerAnswer script[] = {
        {.call = "exec kubectl -n airbyte-abctl logs --tail=15 airbyte-abctl-bootloader", .exit_code = 1, .answer = "not found"},
        {.call = "exec kubectl -n airbyte-abctl logs --tail=15 airbyte-abctl-airbyte-bootloader", .answer = "migrated\n"},
        {.call = "exec *", .exit_code = 1, .times = 2},
    };
    Scene scene = prepare(state, script, 3);
    assert_string_equal(airbyte_cluster_bootloader_log(&scene.ctx, &fake_docker_engine), "migrated\n");
    assert_null(airbyte_cluster_bootloader_log(&scene.ctx, &fake_docker_engine));
    fake_docker_assert_used();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(the_container_tells_state_and_port),
        test_with_arena(a_foreign_container_of_that_name_is_left_alone),
        test_with_arena(a_stopped_node_is_started_and_a_paused_one_woken),
        test_with_arena(a_taken_port_is_named_when_the_node_cannot_start),
        test_with_arena(a_paused_node_is_woken_before_it_is_stopped),
        test_with_arena(pods_are_counted_without_those_that_ended_and_those_of_syncs),
        test_with_arena(a_kubernetes_that_does_not_answer_is_an_error_with_its_words),
        test_with_arena(helm_tells_whether_airbyte_is_installed),
        test_with_arena(the_bootloader_has_another_name_in_old_charts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
