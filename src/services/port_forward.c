#include "services/port_forward.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "io/clock.h"
#include "io/network.h"
#include "io/process.h"
#include "io/signals.h"

enum { TURN_MS = 1000, END_MS = 4000, END_TURN_MS = 20 };

typedef LIST_OF(pid_t) PidList;

// Keeps those that still run.
static void reap(PidList *programs) {
    size_t kept = 0;
    for (size_t i = 0; i < programs->count; i++) {
        bool runs = waitpid(programs->items[i], NULL, WNOHANG) == 0;
        if (runs) programs->items[kept++] = programs->items[i];
    }
    programs->count = kept;
}

static bool take_connection(Context *ctx, const PortForward *forward, int listener, PidList *programs, Error *err) {
    pid_t pid;
    cleanup_fd int connection = accept(listener, NULL, NULL);
    if (connection < 0) return true;  // gone again
    fcntl(connection, F_SETFL, 0);    // on macOS it is what the listener is
    ProcessSpec spec = {.argv = forward->program, .timeout_ms = TURN_MS};
    if (!process_serve(ctx, &spec, connection, &pid, err)) return false;
    list_push(ctx->arena, programs, pid);
    return true;
}

static void end_all(PidList *programs) {
    long long deadline_ms = clock_now_ms() + END_MS;
    for (size_t i = 0; i < programs->count; i++) kill(-programs->items[i], SIGTERM);
    for (reap(programs); programs->count > 0 && clock_now_ms() < deadline_ms; reap(programs)) clock_sleep_ms(END_TURN_MS);
    for (size_t i = 0; i < programs->count; i++) kill(-programs->items[i], SIGKILL);
}

static bool has_ended(int fd) {
    char ignored[64];
    return read(fd, ignored, sizeof ignored) == 0;
}

static bool serve(Context *ctx, const PortForward *forward, int listener, PidList *programs, Error *err) {
    struct pollfd polled[] = {{.fd = listener, .events = POLLIN},
                              {.fd = signals_wake_fd(), .events = POLLIN},
                              {.fd = forward->owner_fd, .events = POLLIN}};
    while (!context_is_cancelled(ctx)) {
        int news = poll(polled, 3, TURN_MS);
        reap(programs);
        if (news < 1) continue;
        if (polled[1].revents != 0) signals_drain();
        if (polled[2].revents != 0 && has_ended(forward->owner_fd)) return true;
        if (polled[0].revents != 0 && !take_connection(ctx, forward, listener, programs, err)) return false;
    }
    return true;
}

bool port_forward_run(Context *ctx, const PortForward *forward, Error *err) {
    cleanup_fd int listener = -1;
    int port;
    PidList programs = {0};
    if (!network_listen(forward->preferred_port, &listener, &port, err)) return false;
    forward->on_ready(forward->state, port);
    bool is_done = serve(ctx, forward, listener, &programs, err);
    end_all(&programs);
    return is_done;
}
