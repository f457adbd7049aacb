#include "services/docker_endpoint.h"

#include <stdlib.h>

#include "base/text.h"
#include "io/file_system.h"
#include "io/process.h"
#include "services/docker_context.h"

// Which program is behind a socket shows in its path.
static const struct {
    const char *mark, *provider, *start_command;
} providers[] = {
    {"/.docker/run/", "Docker Desktop", "docker desktop start"},
    {"/.docker/desktop/", "Docker Desktop", "docker desktop start"},
    {"/.rd/", "Rancher Desktop", "rdctl start"},
    {"/.colima/", "Colima", "colima start"},
    {"/colima/", "Colima", "colima start"},
    {"/.orbstack/", "OrbStack", "orb start"},
    {"/containers/podman/machine/", "Podman", "podman machine start"},
    {"/podman", "Podman", "systemctl --user start podman.socket"},
    {"/.lima/", "Lima", "limactl start"},
    {"/run/user/", "Docker", "systemctl --user start docker"},
};

// ~/.colima/work/docker.sock → "work": profiles and instances are started by name.
static const char *folder_behind(Arena *arena, const char *path, const char *mark) {
    const char *name = strstr(path, mark) + strlen(mark);
    return arena_copy_bytes(arena, name, strcspn(name, "/"));
}

void docker_endpoint_name_provider(Arena *arena, DockerEndpoint *endpoint) {
    endpoint->provider = "Docker";
    endpoint->start_command = endpoint->unix_socket == NULL ? NULL : "sudo systemctl start docker";
    if (endpoint->unix_socket == NULL) return;
    const char *path = path_resolve_if_there(arena, endpoint->unix_socket);
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++) {
        if (strstr(path, providers[i].mark) == NULL) continue;
        endpoint->provider = providers[i].provider;
        endpoint->start_command = providers[i].start_command;
        bool is_named = text_equals(endpoint->provider, "Colima") || text_equals(endpoint->provider, "Lima");
        if (!is_named) return;
        const char *name = folder_behind(arena, path, providers[i].mark);
        if (!text_equals(name, "default")) endpoint->start_command = arena_format(arena, "%s %s", endpoint->start_command, name);
        return;
    }
}

static bool refuse_scheme(const char *address, const char *reason, Error *err) {
    size_t length = strcspn(address, ":");
    error_set(err, ERROR_CONFIG, "%s is %s, and devbox does not speak %.*s", reason, address, (int)length, address);
    if (text_starts_with(address, "ssh://")) {
        return error_hint(err,
                          "forward its socket (ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock %s) and export "
                          "DOCKER_HOST=unix:///tmp/docker.sock",
                          address + strlen("ssh://"));
    }
    return error_hint(err, "give an address that begins with unix:// or tcp://, or unset it");
}

static bool is_this_machine(const char *host) {
    static const char *const names[] = {"127.", "localhost", "[::1]"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (text_starts_with(host, names[i])) return true;
    }
    return false;
}

static const char *with_port(Arena *arena, const char *host, bool is_tls) {
    const char *bracket = strchr(host, ']'), *rest = bracket == NULL ? host : bracket;
    const char *trimmed = arena_copy_bytes(arena, host, (size_t)(rest - host) + strcspn(rest, "/"));
    bool has_port = strchr(bracket == NULL ? trimmed : trimmed + (bracket - host), ':') != NULL;
    return has_port ? trimmed : arena_format(arena, "%s:%d", trimmed, is_tls ? 2376 : 2375);
}

bool docker_endpoint_parse(Arena *arena, const char *address, const char *reason, DockerEndpoint *endpoint, Error *err) {
    DockerEndpoint parsed = {.address = address, .reason = reason, .is_named = true, .tls_folder = endpoint->tls_folder};
    if (text_starts_with(address, "unix://")) {
        parsed.unix_socket = address + strlen("unix://");
        parsed.base_url = "http://docker";
        parsed.tls_folder = NULL;
        if (*parsed.unix_socket != '/')
            return error_set(err, ERROR_CONFIG, "%s is %s, which is no absolute path of a socket", reason, address);
    } else {
        static const char *const schemes[] = {"tcp://", "http://", "https://"};
        const char *host = NULL;
        for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
            if (text_starts_with(address, schemes[i])) host = address + strlen(schemes[i]);
        }
        if (host == NULL) return refuse_scheme(address, reason, err);
        if (*host == '\0' || *host == ':') return error_set(err, ERROR_CONFIG, "%s is %s, which names no host", reason, address);
        bool is_tls = text_starts_with(address, "https://") || parsed.tls_folder != NULL;
        parsed.base_url = arena_format(arena, "%s://%s", is_tls ? "https" : "http", with_port(arena, host, is_tls));
        parsed.is_remote = !is_this_machine(host);
    }
    docker_endpoint_name_provider(arena, &parsed);
    *endpoint = parsed;
    return true;
}

static const char *variable(const char *name) {
    const char *value = getenv(name);
    return text_is_empty(value) ? NULL : value;
}

static const char *home_path(Arena *arena, const char *name) {
    const char *home = variable("HOME");
    return home == NULL ? NULL : path_join(arena, home, name);
}

static bool add_host_of_environment(Arena *arena, const char *address, DockerEndpointList *endpoints, Error *err) {
    DockerEndpoint endpoint = {0};
    bool wants_tls = variable("DOCKER_TLS_VERIFY") != NULL || variable("DOCKER_TLS") != NULL;
    const char *certificates = variable("DOCKER_CERT_PATH");
    if (certificates == NULL) certificates = docker_context_config_folder(arena);
    if (wants_tls) endpoint.tls_folder = certificates;
    if (!docker_endpoint_parse(arena, address, "DOCKER_HOST", &endpoint, err)) return false;
    list_push(arena, endpoints, endpoint);
    return true;
}

static bool is_known(Arena *arena, const DockerEndpointList *endpoints, const char *path) {
    const char *resolved = path_resolve(arena, path);
    list_each(const DockerEndpoint, known, endpoints) {
        if (known->unix_socket == NULL) continue;
        if (text_equals(known->unix_socket, path)) return true;
        const char *other = path_resolve(arena, known->unix_socket);
        if (resolved != NULL && other != NULL && text_equals(resolved, other)) return true;
    }
    return false;
}

static void add_socket(Arena *arena, const char *folder, const char *name, DockerEndpointList *endpoints) {
    if (folder == NULL) return;
    const char *path = path_join(arena, folder, name);
    if (!file_exists(path) || is_known(arena, endpoints, path)) return;
    DockerEndpoint endpoint = {.address = arena_format(arena, "unix://%s", path),
                               .unix_socket = path,
                               .base_url = "http://docker",
                               .reason = "a socket that is there"};
    docker_endpoint_name_provider(arena, &endpoint);
    list_push(arena, endpoints, endpoint);
}

static void add_lima(Arena *arena, DockerEndpointList *endpoints) {
    const char *folder = variable("LIMA_HOME") == NULL ? home_path(arena, ".lima") : variable("LIMA_HOME");
    Error err = {.arena = arena};
    StringList instances = {0};
    if (folder == NULL || !folder_list(arena, folder, &instances, &err)) return;
    list_each(const char *const, instance, &instances) {
        add_socket(arena, path_join(arena, folder, *instance), "sock/docker.sock", endpoints);
    }
}

static void add_usual_sockets(Arena *arena, DockerEndpointList *endpoints) {
    const char *home = variable("HOME"), *runtime = variable("XDG_RUNTIME_DIR");
    add_socket(arena, "/var/run", "docker.sock", endpoints);
    add_socket(arena, home, ".docker/run/docker.sock", endpoints);
    add_socket(arena, home, ".docker/desktop/docker.sock", endpoints);
    add_socket(arena, home, ".rd/docker.sock", endpoints);
    add_socket(arena, variable("COLIMA_HOME"), "default/docker.sock", endpoints);
    add_socket(arena, home, ".colima/default/docker.sock", endpoints);
    add_socket(arena, home, ".config/colima/default/docker.sock", endpoints);
    add_socket(arena, home, ".orbstack/run/docker.sock", endpoints);
    add_socket(arena, runtime, "podman/podman.sock", endpoints);
    add_socket(arena, home, ".local/share/containers/podman/machine/podman.sock", endpoints);
    add_socket(arena, "/run/podman", "podman.sock", endpoints);
    add_lima(arena, endpoints);
    add_socket(arena, runtime, "docker.sock", endpoints);
}

bool docker_endpoint_is_given(void) { return variable("DOCKER_HOST") != NULL; }

bool docker_endpoint_list(Context *ctx, DockerEndpointList *endpoints, Error *err) {
    const char *host = variable("DOCKER_HOST");
    DockerEndpointList found = {0};
    DockerEndpoint endpoint = {0};
    bool is_found = false;
    if (host != NULL) {
        if (!add_host_of_environment(ctx->arena, host, &found, err)) return false;
    } else {
        if (!docker_context_find(ctx->arena, &endpoint, &is_found, err)) return false;
        if (is_found) list_push(ctx->arena, &found, endpoint);
        add_usual_sockets(ctx->arena, &found);
    }
    *endpoints = found;
    return true;
}

const char *docker_endpoint_suggest_start(Context *ctx) {
    static const struct {
        const char *path, *program, *start_command;  // a path without a leading slash is one of the home folder
    } signs[] = {
        {"/Applications/Docker.app", NULL, "docker desktop start"},
        {"/opt/docker-desktop", NULL, "docker desktop start"},
        {".orbstack", "orb", "orb start"},
        {".colima", "colima", "colima start"},
        {".rd", "rdctl", "rdctl start"},
        {NULL, "dockerd", "sudo systemctl start docker"},
        {NULL, "podman", "podman machine start"},
        {".lima", "limactl", "limactl start"},
    };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        const char *path = signs[i].path == NULL ? NULL : home_path(ctx->arena, signs[i].path);
        bool is_there = path == NULL || file_exists(path) || folder_exists(path);
        bool can_start = signs[i].program == NULL || process_find_program(ctx->arena, signs[i].program, NULL) != NULL;
        if (signs[i].path != NULL && path == NULL) continue;
        if (is_there && can_start) return signs[i].start_command;
    }
    return NULL;
}
