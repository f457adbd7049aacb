#include "services/docker_endpoint.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include "base/text.h"
#include "io/hash.h"
#include "support/world.h"

// A home without any engine; this machine's own sockets may come in addition.
static int set_up(void **state) {
    static const char *const variables[] = {"DOCKER_HOST",       "DOCKER_CONTEXT", "DOCKER_CONFIG",
                                            "DOCKER_TLS_VERIFY", "DOCKER_TLS",     "DOCKER_CERT_PATH",
                                            "XDG_RUNTIME_DIR",   "COLIMA_HOME",    "LIMA_HOME"};
    if (test_world_set_up(state) != 0) return -1;
    TestWorld *world = *state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) unsetenv(variables[i]);
    setenv("HOME", world->folder, 1);
    return 0;
}

#define test_at_home(function) cmocka_unit_test_setup_teardown(function, set_up, test_world_tear_down)

static DockerEndpointList list(TestWorld *world) {
    Context ctx = {.arena = world->arena};
    DockerEndpointList endpoints = {0};
    if (!docker_endpoint_list(&ctx, &endpoints, &world->err)) fail_msg("%s", world->err.message);
    return endpoints;
}

static const DockerEndpoint *find(const DockerEndpointList *endpoints, const char *address) {
    list_each(const DockerEndpoint, endpoint, endpoints) {
        if (text_equals(endpoint->address, address)) return endpoint;
    }
    return NULL;
}

static void check_refused(TestWorld *world, const char *message, const char *hint) {
    Context ctx = {.arena = world->arena};
    DockerEndpointList endpoints = {0};
    assert_false(docker_endpoint_list(&ctx, &endpoints, &world->err));
    assert_int_equal(world->err.code, ERROR_CONFIG);
    assert_int_equal(endpoints.count, 0);
    if (strstr(world->err.message, message) == NULL) fail_msg("%s", world->err.message);
    if (hint != NULL && (world->err.hint == NULL || strstr(world->err.hint, hint) == NULL)) fail_msg("hint: %s", world->err.hint);
    error_clear(&world->err);
}

// Any file will do: what is behind it shows when it is dialled.
static const char *put_socket(TestWorld *world, const char *name) {
    return arena_format(world->arena, "unix://%s", test_world_write(world, name, ""));
}

static void put_context(TestWorld *world, const char *name, const char *host) {
    const char *key;
    assert_true(hash_bytes(world->arena, name, strlen(name), &key, &world->err));
    const char *meta =
        arena_format(world->arena, "{\"Name\":\"%s\",\"Metadata\":{},\"Endpoints\":{\"docker\":{\"Host\":\"%s\"}}}", name, host);
    test_world_write(world, arena_format(world->arena, ".docker/contexts/meta/%s/meta.json", key), meta);
}

static void docker_host_alone_counts(void **state) {
    TestWorld *world = *state;
    put_socket(world, ".colima/default/docker.sock");
    test_world_write(world, ".docker/config.json", "{\"currentContext\": \"other\"}");
    setenv("DOCKER_HOST", "unix:///somewhere/.rd/docker.sock", 1);
    DockerEndpointList endpoints = list(world);
    assert_int_equal(endpoints.count, 1);
    const DockerEndpoint *endpoint = &endpoints.items[0];
    assert_string_equal(endpoint->address, "unix:///somewhere/.rd/docker.sock");
    assert_string_equal(endpoint->unix_socket, "/somewhere/.rd/docker.sock");
    assert_string_equal(endpoint->base_url, "http://docker");
    assert_string_equal(endpoint->reason, "DOCKER_HOST");
    assert_string_equal(endpoint->provider, "Rancher Desktop");
    assert_string_equal(endpoint->start_command, "rdctl start");
    assert_false(endpoint->is_remote);
    assert_null(endpoint->tls_folder);
}

static void addresses_become_urls(void **state) {
    static const struct {
        const char *host, *tls_verify, *base_url;
        bool is_remote;
    } rows[] = {
        {"tcp://10.0.0.5:2375", "", "http://10.0.0.5:2375", true},
        {"tcp://10.0.0.5", "", "http://10.0.0.5:2375", true},
        {"tcp://10.0.0.5", "1", "https://10.0.0.5:2376", true},
        {"tcp://localhost:1234/", "", "http://localhost:1234", false},
        {"tcp://127.0.0.1:1234", "1", "https://127.0.0.1:1234", false},
        {"tcp://[::1]:1234", "", "http://[::1]:1234", false},
        {"tcp://[fe80::1]", "", "http://[fe80::1]:2375", true},
        {"http://build.example:80", "", "http://build.example:80", true},
        {"https://build.example", "", "https://build.example:2376", true},
    };
    TestWorld *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        setenv("DOCKER_HOST", rows[i].host, 1);
        setenv("DOCKER_TLS_VERIFY", rows[i].tls_verify, 1);
        DockerEndpointList endpoints = list(world);
        assert_string_equal(endpoints.items[0].base_url, rows[i].base_url);
        assert_int_equal(endpoints.items[0].is_remote, rows[i].is_remote);
        assert_null(endpoints.items[0].unix_socket);
        assert_null(endpoints.items[0].start_command);
    }
}

static void certificates_are_docker_s(void **state) {
    TestWorld *world = *state;
    setenv("DOCKER_HOST", "tcp://10.0.0.5:2376", 1);
    assert_null(list(world).items[0].tls_folder);
    setenv("DOCKER_TLS_VERIFY", "1", 1);
    assert_string_equal(list(world).items[0].tls_folder, test_world_path(world, ".docker"));
    setenv("DOCKER_CONFIG", "/etc/docker-config", 1);
    assert_string_equal(list(world).items[0].tls_folder, "/etc/docker-config");
    setenv("DOCKER_CERT_PATH", "/certificates", 1);
    assert_string_equal(list(world).items[0].tls_folder, "/certificates");
}

static void addresses_that_devbox_cannot_speak_to_are_refused(void **state) {
    TestWorld *world = *state;
    setenv("DOCKER_HOST", "ssh://dana@build.example", 1);
    check_refused(world, "DOCKER_HOST is ssh://dana@build.example",
                  "ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock dana@build.example");
    setenv("DOCKER_HOST", "npipe:////./pipe/docker_engine", 1);
    check_refused(world, "does not speak npipe", "unix:// or tcp://");
    setenv("DOCKER_HOST", "docker.example:2375", 1);
    check_refused(world, "DOCKER_HOST is docker.example:2375", "unix:// or tcp://");
    setenv("DOCKER_HOST", "unix://relative.sock", 1);
    check_refused(world, "no absolute path", NULL);
    setenv("DOCKER_HOST", "tcp://:2375", 1);
    check_refused(world, "names no host", NULL);
}

static void the_current_context_is_tried_first(void **state) {
    TestWorld *world = *state;
    const char *socket = put_socket(world, ".orbstack/run/docker.sock");
    test_world_write(world, ".docker/config.json", "{\"auths\": {}, \"currentContext\": \"colima-work\"}");
    put_context(world, "colima-work", "unix:///users/dana/.colima/work/docker.sock");
    put_context(world, "other", "unix:///other.sock");
    DockerEndpointList endpoints = list(world);
    assert_string_equal(endpoints.items[0].address, "unix:///users/dana/.colima/work/docker.sock");
    assert_string_equal(endpoints.items[0].reason, "the Docker context colima-work");
    assert_string_equal(endpoints.items[0].provider, "Colima");
    assert_string_equal(endpoints.items[0].start_command, "colima start work");
    assert_non_null(find(&endpoints, socket));
    setenv("DOCKER_CONTEXT", "other", 1);
    assert_string_equal(list(world).items[0].address, "unix:///other.sock");
    setenv("DOCKER_CONTEXT", "default", 1);
    assert_int_equal(list(world).count, endpoints.count - 1);
}

static void a_context_on_another_machine_has_its_certificates(void **state) {
    TestWorld *world = *state;
    const char *key;
    put_context(world, "far", "tcp://10.0.0.5:2376");
    setenv("DOCKER_CONTEXT", "far", 1);
    assert_string_equal(list(world).items[0].base_url, "http://10.0.0.5:2376");
    assert_true(hash_bytes(world->arena, "far", 3, &key, &world->err));
    const char *folder = arena_format(world->arena, ".docker/contexts/tls/%s/docker", key);
    test_world_write(world, arena_format(world->arena, "%s/ca.pem", folder), "");
    DockerEndpoint endpoint = list(world).items[0];
    assert_string_equal(endpoint.tls_folder, test_world_path(world, folder));
    assert_string_equal(endpoint.base_url, "https://10.0.0.5:2376");
    assert_true(endpoint.is_remote);
}

static void a_context_that_does_not_work_is_named(void **state) {
    TestWorld *world = *state;
    put_context(world, "far", "ssh://build.example");
    put_context(world, "empty", "");
    setenv("DOCKER_CONTEXT", "far", 1);
    check_refused(world, "the Docker context far is ssh://build.example", "forward its socket");
    setenv("DOCKER_CONTEXT", "empty", 1);
    check_refused(world, "the Docker context empty has no address", "docker context inspect empty");
    setenv("DOCKER_CONTEXT", "nobody", 1);
    check_refused(world, "names the context nobody, which does not exist", "docker context ls");
    unsetenv("DOCKER_CONTEXT");
    test_world_write(world, ".docker/config.json", "{\"currentContext\": ");
    check_refused(world, ".docker/config.json", NULL);
}

static void a_current_context_that_is_gone_is_passed_over(void **state) {
    TestWorld *world = *state;
    size_t usual = list(world).count;
    test_world_write(world, ".docker/config.json", "{\"currentContext\": \"desktop-linux\"}");
    assert_int_equal(list(world).count, usual);
    test_world_write(world, ".docker/contexts/meta/abc/meta.json", "no JSON");
    assert_int_equal(list(world).count, usual);
    test_world_write(world, ".docker/config.json", "{\"currentContext\": 5}");
    assert_int_equal(list(world).count, usual);
}

static void the_usual_sockets_are_tried_with_their_start_commands(void **state) {
    static const struct {
        const char *path, *provider, *start_command;
    } rows[] = {
        {".docker/run/docker.sock", "Docker Desktop", "docker desktop start"},
        {".docker/desktop/docker.sock", "Docker Desktop", "docker desktop start"},
        {".rd/docker.sock", "Rancher Desktop", "rdctl start"},
        {".colima/default/docker.sock", "Colima", "colima start"},
        {".orbstack/run/docker.sock", "OrbStack", "orb start"},
        {".local/share/containers/podman/machine/podman.sock", "Podman", "podman machine start"},
        {".lima/default/sock/docker.sock", "Lima", "limactl start"},
        {".lima/work/sock/docker.sock", "Lima", "limactl start work"},
    };
    TestWorld *world = *state;
    size_t usual = list(world).count, last = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) put_socket(world, rows[i].path);
    DockerEndpointList endpoints = list(world);
    assert_int_equal(endpoints.count, usual + sizeof rows / sizeof *rows);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const DockerEndpoint *endpoint =
            find(&endpoints, arena_format(world->arena, "unix://%s/%s", world->folder, rows[i].path));
        assert_non_null(endpoint);
        assert_string_equal(endpoint->provider, rows[i].provider);
        assert_string_equal(endpoint->start_command, rows[i].start_command);
        assert_string_equal(endpoint->reason, "a socket that is there");
        assert_true((size_t)(endpoint - endpoints.items) >= last);
        last = (size_t)(endpoint - endpoints.items);
    }
}

static void folders_of_the_environment_are_looked_into(void **state) {
    TestWorld *world = *state;
    const char *podman = put_socket(world, "runtime/podman/podman.sock"), *rootless = put_socket(world, "runtime/docker.sock");
    const char *colima = put_socket(world, "colima/default/docker.sock"), *lima = put_socket(world, "lima/x/sock/docker.sock");
    setenv("XDG_RUNTIME_DIR", test_world_path(world, "runtime"), 1);
    setenv("COLIMA_HOME", test_world_path(world, "colima"), 1);
    setenv("LIMA_HOME", test_world_path(world, "lima"), 1);
    DockerEndpointList endpoints = list(world);
    assert_string_equal(find(&endpoints, podman)->provider, "Podman");
    assert_string_equal(find(&endpoints, podman)->start_command, "systemctl --user start podman.socket");
    assert_non_null(find(&endpoints, rootless));
    assert_string_equal(find(&endpoints, colima)->provider, "Colima");
    assert_non_null(find(&endpoints, lima));
}

static void one_socket_by_two_names_is_tried_once(void **state) {
    TestWorld *world = *state;
    put_socket(world, ".orbstack/run/docker.sock");
    size_t before = list(world).count;
    assert_true(folder_create(world->arena, test_world_path(world, ".docker/run"), &world->err));
    assert_int_equal(symlink("../../.orbstack/run/docker.sock", test_world_path(world, ".docker/run/docker.sock")), 0);
    DockerEndpointList endpoints = list(world);
    assert_int_equal(endpoints.count, before);
    const char *link = arena_format(world->arena, "unix://%s", test_world_path(world, ".docker/run/docker.sock"));
    assert_string_equal(find(&endpoints, link)->provider, "OrbStack");
}

static void nothing_is_needed_of_the_environment(void **state) {
    unsetenv("HOME");
    list(*state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_at_home(docker_host_alone_counts),
        test_at_home(addresses_become_urls),
        test_at_home(certificates_are_docker_s),
        test_at_home(addresses_that_devbox_cannot_speak_to_are_refused),
        test_at_home(the_current_context_is_tried_first),
        test_at_home(a_context_on_another_machine_has_its_certificates),
        test_at_home(a_context_that_does_not_work_is_named),
        test_at_home(a_current_context_that_is_gone_is_passed_over),
        test_at_home(the_usual_sockets_are_tried_with_their_start_commands),
        test_at_home(folders_of_the_environment_are_looked_into),
        test_at_home(one_socket_by_two_names_is_tried_once),
        test_at_home(nothing_is_needed_of_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
