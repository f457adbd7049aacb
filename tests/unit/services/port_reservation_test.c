#include "services/port_reservation.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/lock_file.h"
#include "support/checkout.h"

static Project prepare(Checkout *checkout) {
    setenv("XDG_CACHE_HOME", checkout_path(checkout, "cache"), 1);
    checkout_add_folder(checkout, "dags");
    return checkout_open(checkout);
}

static bool take(Checkout *checkout, const Project *project, int port, pid_t *holder) {
    *holder = -1;
    return port_reservation_take(&checkout->ctx, project, port, holder);
}

// Another process that reserves the port for a checkout of this name and lives until it is ended.
static pid_t fork_starter(Checkout *checkout, const char *instance, int port) {
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        pid_t holder;
        Project other = {.instance = instance};
        bool is_taken = port_reservation_take(&checkout->ctx, &other, port, &holder);
        if (!is_taken || write(ready[1], "x", 1) != 1) _exit(1);
        for (;;) pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void end(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void a_port_that_another_start_has_is_refused_until_it_ends(void **state) {
    Checkout *checkout = *state;
    Project project = prepare(checkout);
    pid_t holder, starter = fork_starter(checkout, "another", 8080);
    assert_false(take(checkout, &project, 8080, &holder));
    assert_int_equal(holder, starter);
    assert_true(take(checkout, &project, 8081, &holder));
    end(starter);
    assert_true(take(checkout, &project, 8080, &holder));
}

static void the_steps_of_one_start_share_its_port(void **state) {
    Checkout *checkout = *state;
    Project project = prepare(checkout);
    pid_t holder, starter = fork_starter(checkout, project.instance, 8080);
    assert_true(take(checkout, &project, 8080, &holder));
    end(starter);
    assert_true(take(checkout, &project, 8080, &holder));
    assert_true(take(checkout, &project, 8080, &holder));
}

static void without_a_cache_nothing_is_reserved(void **state) {
    Checkout *checkout = *state;
    pid_t holder;
    Project project = prepare(checkout);
    checkout_add(checkout, "cache", "this is no folder");
    assert_true(take(checkout, &project, 8080, &holder));
    assert_true(take(checkout, &project, 8080, &holder));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(a_port_that_another_start_has_is_refused_until_it_ends),
        test_with_checkout(the_steps_of_one_start_share_its_port),
        test_with_checkout(without_a_cache_nothing_is_reserved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
