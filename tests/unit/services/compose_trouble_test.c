#include "services/compose_trouble.h"

#include <string.h>

#include "base/text.h"
#include "support/test.h"

// What compose 2.40.3 and 1.29.2 really wrote, shortened only where an address stood.
typedef struct Recorded {
    const char *words, *service;
    ErrorCode code;
    const char *message, *hint;
} Recorded;

static const Recorded recorded[] = {
    {"Error response from daemon: driver failed programming external connectivity on endpoint x: Error starting userland proxy: "
     "listen tcp4 127.0.0.1:18080: bind: address already in use",
     NULL, ERROR_PORT_BUSY, "taken at the last moment", "airflow.port"},
    {"Error response from daemon: Bind for 127.0.0.1:8080 failed: port is already allocated", NULL, ERROR_PORT_BUSY, "taken",
     "airflow.port"},
    {"Error response from daemon: Get \"https://registry/v2/\": dial tcp: lookup registry on 10.0.0.1:53: no such host", NULL,
     ERROR_NETWORK, "registry", "proxy"},
    {"Error response from daemon: No such image: apache/airflow:2.10.3", NULL, ERROR_RUNTIME_MISSING, "image", "docker pull"},
    {"service \"airflow-init\" didn't complete successfully: exit 3", "airflow-init", ERROR_SERVICE,
     "airflow-init did not come up", "devbox logs airflow-init"},
    {"dependency failed to start: container devbox-shop-0f3a9c-postgres-1 is unhealthy", "postgres", ERROR_SERVICE,
     "postgres did not come up", "devbox logs postgres"},
    {"dependency failed to start: container devbox-shop-0f3a9c-airflow-init-1 is unhealthy", "airflow-init", ERROR_SERVICE,
     "airflow-init", "devbox logs"},
    {"Cannot connect to the Docker daemon at unix:///nope.sock. Is the docker daemon running?", NULL, ERROR_SERVICE,
     "engine stopped", "devbox start"},
    {"docker.errors.DockerException: Error while fetching server API version: ('Connection aborted.')", NULL, ERROR_SERVICE,
     "engine stopped", "devbox start"},
    {"failed to create network x: Error response from daemon: Failed to Setup IP tables: Unable to enable SKIP DNAT rule:  "
     "(iptables "
     "failed: iptables --wait -t nat -I DOCKER -i br-7f8c0faa784c -j RETURN: iptables: No chain/target/match by that name.",
     NULL, ERROR_SERVICE, "firewall rules", "systemctl restart docker"},
    {"write /var/lib/docker/x: no space left on device", NULL, ERROR_FILE, "disk of the container engine is full",
     "docker system df"},
    {"toomanyrequests: You have reached your pull rate limit.", NULL, ERROR_NETWORK, "rate limit", "docker login"},
    {"something that nobody has seen before", NULL, ERROR_CHILD, "could not bring", "compose.log"},
};

static void recorded_failures_get_cause_and_remedy(void **state) {
    for (size_t i = 0; i < sizeof recorded / sizeof *recorded; i++) {
        const char *service;
        Error err = {.arena = *state};
        ComposeRun run = {.project = "devbox-shop-0f3a9c", .words = recorded[i].words};
        assert_false(compose_trouble_explain(*state, &run, &service, &err));
        if (err.code != recorded[i].code || strstr(err.message, recorded[i].message) == NULL ||
            strstr(err.hint, recorded[i].hint) == NULL)
            fail_msg("%s: %s → %s", recorded[i].words, err.message, err.hint);
        assert_true(text_equals(service, recorded[i].service));
        assert_non_null(strstr(err.detail, recorded[i].words));
    }
}

static void a_mistake_is_blamed_on_the_file_of_the_team(void **state) {
    static const char *const words[] = {
        "validating /x/devbox.compose.yaml: services.a additional properties 'comand' not allowed",
        "yaml: line 2: did not find expected ',' or '}'", "Unsupported config option for services.a: 'comand'"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *service;
        Error err = {.arena = *state};
        ComposeRun run = {.project = "p", .override_name = "devbox.compose.yaml", .words = words[i]};
        assert_false(compose_trouble_explain(*state, &run, &service, &err));
        assert_int_equal(err.code, ERROR_CONFIG);
        assert_string_equal(err.message, "compose does not understand devbox.compose.yaml");
        run.override_name = NULL;
        assert_false(compose_trouble_explain(*state, &run, &service, &err));
        assert_int_equal(err.code, ERROR_INTERNAL);
    }
}

// Names that compose makes for containers of other projects, or that are no names at all.
static void a_strange_container_name_blames_no_service(void **state) {
    static const char *const names[] = {"other-postgres-1", "devbox-shop-0f3a9c", "devbox-shop-0f3a9c-", "x"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *service;
        Error err = {.arena = *state};
        const char *words = arena_format(*state, "dependency failed to start: container %s is unhealthy", names[i]);
        ComposeRun run = {.project = "devbox-shop-0f3a9c", .words = words};
        assert_false(compose_trouble_explain(*state, &run, &service, &err));
        assert_null(service);
    }
}

static void the_port_is_found_in_the_words_of_compose_and_engine(void **state) {
    static const struct {
        const char *words;
        int port;
    } rows[] = {
        {"Error starting userland proxy: listen tcp4 127.0.0.1:18080: bind: address already in use", 18080},
        {"Bind for 127.0.0.1:8080 failed: port is already allocated", 8080},
        {"listen tcp4 0.0.0.0:18080: bind: address already in use", 0},
        {"127.0.0.1:", 0},
        {"127.0.0.1:99999", 0},
        {"", 0},
        {NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(compose_trouble_find_port(rows[i].words), rows[i].port);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(recorded_failures_get_cause_and_remedy),
        test_with_arena(a_mistake_is_blamed_on_the_file_of_the_team),
        test_with_arena(a_strange_container_name_blames_no_service),
        test_with_arena(the_port_is_found_in_the_words_of_compose_and_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
