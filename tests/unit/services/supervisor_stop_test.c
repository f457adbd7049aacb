#include "services/supervisor_stop.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/platform.h"
#include "io/process.h"
#include "services/supervisor.h"
#include "support/checkout.h"

enum { CHILD_TIMEOUT_MS = 5000, QUICK_MS = 4000 };

static bool is_marked(Checkout *checkout, pid_t pid, const char *variable) {
    ProcessInfoList marked = platform_processes_with_marker(checkout->arena, variable);
    list_each(const ProcessInfo, process, &marked) {
        if (process->pid == pid) return true;
    }
    return false;
}

// A process that sleeps, with this variable in its environment.
static pid_t spawn_sleeper(Checkout *checkout, const char *variable) {
    pid_t pid;
    const char *const argv[] = {"/bin/sleep", "60", NULL};
    const char *const environment[] = {variable, NULL};
    ProcessSpec spec = {.argv = argv,
                        .environment = environment,
                        .log_path = checkout_path(checkout, "sleeper.log"),
                        .timeout_ms = CHILD_TIMEOUT_MS};
    assert_true(process_detach(&checkout->ctx, &spec, &pid, &checkout->err));
    // A program that has just begun shows its environment only a moment later.
    for (int i = 0; !is_marked(checkout, pid, variable) && i < CHILD_TIMEOUT_MS; i++) clock_sleep_ms(1);
    return pid;
}

// A zombie is dead, whether or not somebody waited for it yet.
static bool is_alive(pid_t pid) {
    Arena *arena = arena_create();
    ProcessInfo info = {0};
    bool is_living = platform_process_info(arena, pid, &info) && !info.is_zombie;
    arena_destroy(arena);
    return is_living;
}

static void end(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static Project open_project(Checkout *checkout) {
    checkout_add_folder(checkout, "dags");
    return checkout_open(checkout);
}

static void leftovers_of_this_platform_are_killed_and_nobody_else(void **state) {
    Checkout *checkout = *state;
    Project project = open_project(checkout);
    pid_t ours = spawn_sleeper(checkout, supervisor_marker(checkout->arena, &project));
    pid_t neighbour = spawn_sleeper(checkout, "DEVBOX_SERVICES=another");
    assert_int_equal(supervisor_count_processes(&checkout->ctx, &project), 1);
    supervisor_kill_leftovers(&checkout->ctx, &project);
    assert_int_equal(supervisor_count_processes(&checkout->ctx, &project), 0);
    assert_false(is_alive(ours));
    assert_true(is_alive(neighbour));
    end(neighbour);
}

static void orphans_are_killed_but_the_parent_of_the_components_is_spared(void **state) {
    Checkout *checkout = *state;
    Project project = open_project(checkout);
    pid_t host = spawn_sleeper(checkout, supervisor_marker(checkout->arena, &project));
    pid_t orphan = spawn_sleeper(checkout, supervisor_marker(checkout->arena, &project));
    pid_t neighbour = spawn_sleeper(checkout, "DEVBOX_SERVICES=another");
    supervisor_kill_orphans(&checkout->ctx, &project, host);
    assert_false(is_alive(orphan));
    assert_true(is_alive(host));
    assert_true(is_alive(neighbour));
    end(host);
    end(neighbour);
}

static void without_leftovers_nothing_is_waited_for(void **state) {
    Checkout *checkout = *state;
    Project project = open_project(checkout);
    long long start_ms = clock_now_ms();
    supervisor_kill_leftovers(&checkout->ctx, &project);
    supervisor_kill_orphans(&checkout->ctx, &project, 0);
    assert_true(clock_now_ms() - start_ms < QUICK_MS);
}

static void services_are_asked_to_end_and_waited_for(void **state) {
    Checkout *checkout = *state;
    Project project = open_project(checkout);
    ServiceStatusList services = {0};
    ServiceStatus running = {.name = "scheduler", .pid = spawn_sleeper(checkout, supervisor_marker(checkout->arena, &project))};
    ServiceStatus crashed = {.name = "triggerer", .pid = 0};
    list_push(checkout->arena, &services, running);
    list_push(checkout->arena, &services, crashed);
    long long start_ms = clock_now_ms();
    supervisor_stop_services(&checkout->ctx, &services);
    assert_false(is_alive(running.pid));
    assert_true(clock_now_ms() - start_ms < QUICK_MS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(leftovers_of_this_platform_are_killed_and_nobody_else),
        test_with_checkout(orphans_are_killed_but_the_parent_of_the_components_is_spared),
        test_with_checkout(without_leftovers_nothing_is_waited_for),
        test_with_checkout(services_are_asked_to_end_and_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
