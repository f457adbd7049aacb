#include "io/signals.h"

#include <errno.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/test.h"

static bool is_awake(int timeout_ms) {
    struct pollfd polled = {.fd = signals_wake_fd(), .events = POLLIN};
    for (;;) {
        int count = poll(&polled, 1, timeout_ms);
        if (count >= 0 || errno != EINTR) return count == 1;
    }
}

// Handlers stay installed, so every test runs in a process of its own.
static void in_own_process(bool (*check)(void)) {
    pid_t pid = fork();
    if (pid == 0) _exit(check() ? 0 : 1);
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

static bool check_counting(void) {
    volatile sig_atomic_t *count = signals_install();
    if (*count != 0 || signals_last() != 0) return false;
    raise(SIGINT);
    raise(SIGTERM);
    raise(SIGHUP);
    return *count == 3 && signals_last() == SIGHUP && signals_install() == count;
}

static void int_term_and_hup_are_counted(void **state) {
    (void)state;
    in_own_process(check_counting);
}

static bool check_waking(void) {
    signals_install();
    if (is_awake(0)) return false;
    raise(SIGTERM);
    if (!is_awake(0)) return false;
    signals_drain();
    return !is_awake(0);
}

static void a_signal_wakes_a_poll_loop_until_drained(void **state) {
    (void)state;
    in_own_process(check_waking);
}

static bool check_child(void) {
    signal(SIGCHLD, SIG_IGN);
    signals_wake_fd();
    pid_t pid = fork();
    if (pid == 0) _exit(7);
    int status = 0;
    bool is_woken = is_awake(5000);
    return is_woken && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7;
}

static void the_end_of_a_child_wakes_even_when_our_parent_ignored_it(void **state) {
    (void)state;
    in_own_process(check_child);
}

static bool check_no_hang_up(void) {
    signal(SIGHUP, SIG_IGN);
    volatile sig_atomic_t *count = signals_install();
    raise(SIGHUP);
    return *count == 0 && signals_last() == 0;
}

static void nohup_stays_in_force(void **state) {
    (void)state;
    in_own_process(check_no_hang_up);
}

static bool check_broken_pipe(void) {
    int ends[2];
    signals_install();
    if (pipe(ends) != 0) return false;
    close(ends[0]);
    return write(ends[1], "", 1) == -1 && errno == EPIPE;
}

static void a_broken_pipe_is_an_error_and_not_the_end(void **state) {
    (void)state;
    in_own_process(check_broken_pipe);
}

static bool check_blocked(void) {
    sigset_t set;
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    volatile sig_atomic_t *count = signals_install();
    raise(SIGTERM);
    return *count == 1;
}

static void a_blocked_signal_is_unblocked(void **state) {
    (void)state;
    in_own_process(check_blocked);
}

static bool check_flood(void) {
    volatile sig_atomic_t *count = signals_install();
    for (int i = 0; i < 70000; i++) raise(SIGTERM);
    if (*count != 70000 || !is_awake(0)) return false;
    signals_drain();
    return !is_awake(0);
}

static void a_full_wake_pipe_blocks_nobody(void **state) {
    (void)state;
    in_own_process(check_flood);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(int_term_and_hup_are_counted),
        cmocka_unit_test(a_signal_wakes_a_poll_loop_until_drained),
        cmocka_unit_test(the_end_of_a_child_wakes_even_when_our_parent_ignored_it),
        cmocka_unit_test(nohup_stays_in_force),
        cmocka_unit_test(a_broken_pipe_is_an_error_and_not_the_end),
        cmocka_unit_test(a_blocked_signal_is_unblocked),
        cmocka_unit_test(a_full_wake_pipe_blocks_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
