// A checkout whose Airflow runs natively, between fakes of the clock, the network, the system and processes; this process can be
// its supervisor.
#pragma once
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "fakes/fake_clock.h"
#include "fakes/fake_network.h"
#include "fakes/fake_platform.h"
#include "fakes/fake_process.h"
#include "io/lock_file.h"
#include "support/checkout.h"
#include "support/event_log.h"

// What Ctrl-C counts up.
static volatile sig_atomic_t native_cancel;

typedef struct Native {
    Checkout *checkout;
    Context *ctx;
    Error *err;
    Project project;
    EventLog log;
    int lock_fd;
} Native;

// Of the test that runs, for what a fake calls.
static Native *native_current;

static inline int native_set_up(void **state) {
    if (checkout_create(state) != 0) return -1;
    Checkout *checkout = *state;
    Native *native = arena_allocate(checkout->arena, sizeof *native);
    *native = (Native){.checkout = checkout, .ctx = &checkout->ctx, .err = &checkout->err, .lock_fd = -1};
    setenv("XDG_CACHE_HOME", checkout_path(checkout, "cache"), 1);
    setenv("DOCKER_HOST", "unix:///nowhere/docker.sock", 1);
    checkout_add_folder(checkout, "dags");
    native->project = checkout_open(checkout);
    assert_true(project_prepare_state(native->ctx, &native->project, native->err));
    native_cancel = 0;
    native->ctx->cancel = &native_cancel;
    native->ctx->executable = "/usr/bin/devbox";
    fake_clock_set(1000, 1795435200LL * 1000);
    fake_clock_on_sleep(NULL);
    fake_network_reset();
    fake_platform_reset();
    fake_process_script(NULL, 0);
    event_log_start(&native->log, native->ctx);
    native_current = native;
    *state = native;
    return 0;
}

static inline int native_tear_down(void **state) {
    Native *native = *state;
    void *checkout = native->checkout;
    if (native->lock_fd >= 0) close(native->lock_fd);
    return checkout_remove(&checkout);
}

// A test that gets a Native * as *state.
#define test_with_native(function) cmocka_unit_test_setup_teardown(function, native_set_up, native_tear_down)

// From now on this process is the supervisor.
static inline void native_hold_lock(Native *native) {
    const char *path = runtime_state_lock_path(native->ctx->arena, &native->project);
    assert_true(lock_file_take(native->ctx, path, "supervisor", 0, &native->lock_fd, native->err));
}

static inline RuntimeState native_make_state(RuntimePhase phase, int port) {
    return (RuntimeState){.phase = phase, .supervisor = getpid(), .version = "3.0.6", .fingerprint = "abc", .port = port};
}

static inline void native_write_state(Native *native, const RuntimeState *state) {
    assert_true(runtime_state_write(native->ctx, &native->project, state, native->err));
}
