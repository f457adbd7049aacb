#include "services/docker_container_facts.h"

#include "base/text.h"
#include "io/json.h"
#include "support/test.h"

static const Value *parse(Arena *arena, const char *text) {
    Error err = {.arena = arena};
    Value *value;
    if (!json_parse(arena, text, "test", &value, &err)) fail_msg("%s", err.message);
    return value;
}

static void health_is_read_from_the_status_line(void **state) {
    static const struct {
        const char *status;
        DockerHealth health;
    } rows[] = {
        {"Up 5 minutes (healthy)", DOCKER_HEALTH_HEALTHY},
        {"Up 3 seconds (health: starting)", DOCKER_HEALTH_STARTING},
        {"Up 3 seconds (starting)", DOCKER_HEALTH_STARTING},
        {"Up 2 hours (unhealthy)", DOCKER_HEALTH_UNHEALTHY},
        {"Up 2 hours", DOCKER_HEALTH_NONE},
        {"Up 2 hours (Paused)", DOCKER_HEALTH_NONE},
        {"Exited (137) 3 minutes ago", DOCKER_HEALTH_NONE},
        {"", DOCKER_HEALTH_NONE},
        {NULL, DOCKER_HEALTH_NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(docker_health_of_status(rows[i].status), rows[i].health);
    }
}

static void a_list_says_name_state_labels_and_ports(void **state) {
    const Value *item =
        parse(*state,
              "{\"Id\":\"ab12\",\"Names\":[\"/shop-web-1\"],\"Image\":\"apache/airflow:2.10.3\",\"State\":\"running\","
              "\"Status\":\"Up 5 minutes (healthy)\",\"Labels\":{\"com.docker.compose.project\":\"shop\","
              "\"com.docker.compose.service\":\"web\",\"x\":\"y\"},"
              "\"Ports\":[{\"PrivatePort\":8080,\"PublicPort\":8081,\"Type\":\"tcp\",\"IP\":\"127.0.0.1\"},"
              "{\"PrivatePort\":8080,\"PublicPort\":8081,\"Type\":\"tcp\",\"IP\":\"::1\"},"
              "{\"PrivatePort\":53,\"PublicPort\":53,\"Type\":\"udp\",\"IP\":\"127.0.0.1\"},"
              "{\"PrivatePort\":5555,\"Type\":\"tcp\"}]}");
    DockerContainer container = docker_container_of_list(*state, item);
    assert_string_equal(container.id, "ab12");
    assert_string_equal(container.name, "shop-web-1");
    assert_string_equal(container.project, "shop");
    assert_string_equal(container.service, "web");
    assert_string_equal(container.image, "apache/airflow:2.10.3");
    assert_string_equal(container.state, "running");
    assert_int_equal(container.health, DOCKER_HEALTH_HEALTHY);
    assert_int_equal(container.labels.count, 3);
    assert_int_equal(container.ports.count, 2);
    assert_int_equal(container.ports.items[0].inside, 8080);
    assert_int_equal(container.ports.items[0].outside, 8081);
    assert_string_equal(container.ports.items[0].address, "127.0.0.1");
    assert_int_equal(container.ports.items[1].outside, 0);
}

static void an_inspection_says_why_it_ended(void **state) {
    const Value *answer =
        parse(*state,
              "{\"Id\":\"ab12\",\"Name\":\"/shop-web-1\",\"RestartCount\":4,\"HostConfig\":{\"Memory\":1073741824},"
              "\"Config\":{\"Image\":\"x:1\",\"Labels\":{\"com.docker.compose.service\":\"web\"}},"
              "\"State\":{\"Status\":\"exited\",\"ExitCode\":137,\"OOMKilled\":true,\"Pid\":0,\"Error\":\"\","
              "\"StartedAt\":\"2026-11-23T12:00:00.5Z\",\"FinishedAt\":\"2026-11-23T12:00:12.123456789Z\",\"Health\":{\"Status\":"
              "\"unhealthy\",\"Log\":[{\"Output\":\"first\"},{\"Output\":\"curl: (22)\\nthe server said 503\\n\"}]}},"
              "\"NetworkSettings\":{\"Ports\":{\"8080/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"8081\"}],\"5432/tcp\":null,"
              "\"53/udp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"53\"}],\"6/tcp\":[]}}}");
    DockerContainer container = docker_container_of_inspection(*state, answer);
    assert_string_equal(container.name, "shop-web-1");
    assert_string_equal(container.service, "web");
    assert_null(container.project);
    assert_int_equal(container.exit_code, 137);
    assert_true(container.is_out_of_memory);
    assert_int_equal(container.restarts, 4);
    assert_true(container.memory_limit_bytes == 1073741824);
    assert_true(container.finished_ms - container.started_ms == 11623);
    assert_int_equal(container.health, DOCKER_HEALTH_UNHEALTHY);
    assert_string_equal(container.health_words, "the server said 503");
    assert_int_equal(container.ports.count, 3);
    assert_int_equal(container.ports.items[0].outside, 8081);
    assert_int_equal(container.ports.items[1].outside, 0);
}

static void a_container_that_never_ran_has_no_times(void **state) {
    const Value *answer =
        parse(*state,
              "{\"State\":{\"Status\":\"created\",\"StartedAt\":\"0001-01-01T00:00:00Z\",\"FinishedAt\":\"0001-01-01T00:00:00Z\","
              "\"Error\":\"driver failed programming external connectivity\"}}");
    DockerContainer container = docker_container_of_inspection(*state, answer);
    assert_true(container.started_ms == 0 && container.finished_ms == 0);
    assert_string_equal(container.error, "driver failed programming external connectivity");
    assert_string_equal(container.health_words, "");
    assert_string_equal(container.name, "");
}

static void odd_answers_give_empty_containers(void **state) {
    static const char *const texts[] = {"null", "[]", "7", "{\"Names\":[5],\"Ports\":[null,7],\"Labels\":[\"a\"],\"State\":{}}",
                                        "{\"NetworkSettings\":{\"Ports\":{\"x/tcp\":[5]}},\"State\":[]}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        DockerContainer listed = docker_container_of_list(*state, parse(*state, texts[i]));
        DockerContainer inspected = docker_container_of_inspection(*state, parse(*state, texts[i]));
        assert_string_equal(listed.name, "");
        assert_string_equal(inspected.state, "");
        assert_int_equal(listed.labels.count, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(health_is_read_from_the_status_line), test_with_arena(a_list_says_name_state_labels_and_ports),
        test_with_arena(an_inspection_says_why_it_ended),     test_with_arena(a_container_that_never_ran_has_no_times),
        test_with_arena(odd_answers_give_empty_containers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
