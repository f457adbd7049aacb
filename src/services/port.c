#include "services/port.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/network.h"
#include "io/platform.h"
#include "model/event.h"
#include "services/docker_containers.h"
#include "services/port_reservation.h"
#include "services/state_store.h"

enum { ENDING_TIMEOUT_MS = 2 * 1000, PAUSE_MS = 20, LAST_PORT = 65535, LONGEST_COMMAND = 15 };

// Programs that hold ports for containers.
static bool is_forwarder(const char *command) {
    static const char *const names[] = {"docker-proxy", "rootlessport", "rootlesskit", "com.docker.backend", "com.docke",
                                        "vpnkit",       "gvproxy",      "limactl",     "OrbStack Helper",    "conmon"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (text_starts_with(command, names[i])) return true;
    }
    return false;
}

static const char *describe_container(Context *ctx, int port, const char **command) {
    DockerEngine engine;
    DockerContainer container;
    bool is_found = false;
    Error ignored = {.arena = ctx->arena};
    if (!docker_engine_find(ctx, &engine, &ignored)) return NULL;
    if (!docker_container_find_port(ctx, &engine, port, &container, &is_found, &ignored) || !is_found) return NULL;
    *command = arena_format(ctx->arena, "docker stop %s", container.name);
    if (container.project == NULL) return arena_format(ctx->arena, "the container %s", container.name);
    return arena_format(ctx->arena, "the container %s (compose project %s)", container.name, container.project);
}

// By the titles that they give themselves.
static bool is_web_server_of_airflow(const char *command_line) {
    return strstr(command_line, "[airflow-webserver]") != NULL || text_starts_with(command_line, "airflow api_server");
}

const char *port_describe_holder(Context *ctx, int family, int port, const char **command) {
    ProcessInfo holder;
    *command = NULL;
    bool is_known = platform_port_holder(ctx->arena, family, port, &holder) && holder.pid != 0;
    bool may_be_container = !is_known || is_forwarder(holder.command);
    const char *container = may_be_container ? describe_container(ctx, port, command) : NULL;
    if (container != NULL) return container;
    if (!is_known) return "another user's program";
    // To end the forwarder would not end the container.
    if (may_be_container)
        return arena_format(ctx->arena, "a container of another engine (%s, pid %d)", holder.command, (int)holder.pid);
    bool is_cut = strlen(holder.command) == LONGEST_COMMAND && text_starts_with(holder.command_line, holder.command);
    const char *name = is_cut ? arena_format(ctx->arena, "%s (pid %d)", holder.command_line, (int)holder.pid)
                              : arena_format(ctx->arena, "%s (pid %d, %s)", holder.command, (int)holder.pid, holder.command_line);
    // Who keeps it running would only start what was killed again.
    if (is_web_server_of_airflow(holder.command_line))
        return arena_format(ctx->arena, "%s, which devbox stop ends in the checkout that started it", name);
    *command = arena_format(ctx->arena, "kill %d", (int)holder.pid);
    return name;
}

// Why a port cannot be had.
typedef struct BusyPort {
    int port;
    int family;     // of the address that somebody listens on; 0: nobody does, but another checkout is about to
    pid_t starter;  // of that checkout
} BusyPort;

static const char *describe_busy(Context *ctx, const BusyPort *busy, const char **command) {
    *command = NULL;
    if (busy->family != 0) return port_describe_holder(ctx, busy->family, busy->port, command);
    return arena_format(ctx->arena, "the start of another checkout (pid %d)", (int)busy->starter);
}

static bool report_busy(Context *ctx, const PortWish *wish, const BusyPort *busy, Error *err) {
    const char *command, *address = busy->family == AF_INET6 ? "[::1]" : "127.0.0.1";
    const char *holder = describe_busy(ctx, busy, &command);
    error_set(err, ERROR_PORT_BUSY, "port %d on %s is held by %s", busy->port, address, holder);
    if (command == NULL) return error_hint(err, "end that program, or give %s in devbox.yaml another value", wish->key);
    return error_hint(err, "end it with: %s · or give %s in devbox.yaml another value", command, wish->key);
}

static bool remember(Context *ctx, const Project *project, const PortWish *wish, int port, Error *err) {
    const char *text = arena_format(ctx->arena, "%d", port);
    return text_equals(state_store_get(ctx, project, wish->key), text) || state_store_set(ctx, project, wish->key, text, err);
}

// The next port that is free and that no other start has its eye on; 0 when there is none near by.
static int find_substitute(Context *ctx, const Project *project, int busy) {
    pid_t starter;
    int found = busy;
    do found = network_find_free_port(found + 1);
    while (found != 0 && !port_reservation_take(ctx, project, found, &starter));
    return found;
}

static bool substitute(Context *ctx, const Project *project, const PortWish *wish, const BusyPort *busy, int *port, Error *err) {
    const char *command;
    int found = find_substitute(ctx, project, busy->port);
    if (found == 0) return report_busy(ctx, wish, busy, err);
    const char *holder = describe_busy(ctx, busy, &command);
    const char *remedy = command == NULL ? "" : arena_format(ctx->arena, "; to get it back: %s", command);
    event_warning(ctx, NULL, "%-10s port %d is held by %s → using %d from now on%s", wish->who, busy->port, holder, found,
                  remedy);
    if (!remember(ctx, project, wish, found, err)) return false;
    *port = found;
    return true;
}

// A process that ends gives up its files, by which it is found, a moment before the port itself.
static bool is_holder_ending(Context *ctx, int family, int port) {
    ProcessInfo holder;
    return platform_port_holder(ctx->arena, family, port, &holder) && holder.pid == 0 && holder.owner == geteuid();
}

static bool is_silent(Context *ctx, BusyPort *busy) {
    long long deadline_ms = clock_now_ms() + ENDING_TIMEOUT_MS;
    if (network_port_is_free(busy->port, &busy->family)) return true;
    while (is_holder_ending(ctx, busy->family, busy->port) && clock_now_ms() < deadline_ms) clock_sleep_ms(PAUSE_MS);
    return network_port_is_free(busy->port, &busy->family);
}

static bool can_have(Context *ctx, const Project *project, BusyPort *busy) {
    if (!is_silent(ctx, busy)) return false;
    busy->family = 0;
    return port_reservation_take(ctx, project, busy->port, &busy->starter);
}

int port_first_choice(Context *ctx, const Project *project, const PortWish *wish) {
    long long port;
    if (wish->is_explicit) return wish->wanted;
    if (wish->used != 0) return wish->used;
    const char *known = state_store_get(ctx, project, wish->key);
    bool is_known = known != NULL && text_parse_integer(known, &port) && port > 0 && port <= LAST_PORT;
    return is_known ? (int)port : wish->wanted;
}

bool port_choose(Context *ctx, const Project *project, const PortWish *wish, int *port, Error *err) {
    BusyPort busy = {.port = port_first_choice(ctx, project, wish)};
    if (wish->used != busy.port && !can_have(ctx, project, &busy)) {
        return wish->is_explicit ? report_busy(ctx, wish, &busy, err) : substitute(ctx, project, wish, &busy, port, err);
    }
    if (!wish->is_explicit && !remember(ctx, project, wish, busy.port, err)) return false;
    *port = busy.port;
    return true;
}

bool port_report_taken(Context *ctx, int port, Error *err) {
    const char *command = NULL;
    if (port == 0) {
        error_set(err, ERROR_PORT_BUSY, "a port that Airflow's page needs was taken at the last moment");
    } else {
        const char *holder = port_describe_holder(ctx, AF_INET, port, &command);
        error_set(err, ERROR_PORT_BUSY, "port %d was taken at the last moment by %s", port, holder);
    }
    if (command != NULL) return error_hint(err, "end it with: %s · then: devbox start", command);
    return error_hint(err, "devbox start chooses another, unless airflow.port names one in devbox.yaml");
}
