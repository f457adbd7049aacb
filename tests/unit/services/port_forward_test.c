#include "services/port_forward.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/network.h"
#include "io/signals.h"
#include "support/test.h"

enum { DEADLINE_MS = 10 * 1000 };

typedef struct Forwarder {
    pid_t pid;
    int port, news, owner;  // owner: this end of what it watches
} Forwarder;

static void say_port(void *state, int port) {
    const int *fd = state;
    assert_int_equal(write(*fd, &port, sizeof port), sizeof port);
}

// In a process of its own, as devbox runs it.
static Forwarder start(Arena *arena, const char *const *program) {
    int ends[2], owner[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pipe(owner), 0);
    Forwarder forwarder = {.pid = fork(), .news = ends[0], .owner = owner[1]};
    if (forwarder.pid == 0) {
        close(owner[1]);
        Context ctx = {.arena = arena, .cancel = signals_install()};
        Error err = {.arena = arena};
        close(ends[0]);
        PortForward forward = {
            .preferred_port = 25678, .owner_fd = owner[0], .program = program, .on_ready = say_port, .state = &ends[1]};
        _exit(port_forward_run(&ctx, &forward, &err) ? 0 : 1);
    }
    close(ends[1]);
    close(owner[0]);
    if (read(ends[0], &forwarder.port, sizeof forwarder.port) != sizeof forwarder.port) forwarder.port = 0;
    return forwarder;
}

static int end(Forwarder *forwarder) {
    int status;
    kill(forwarder->pid, SIGTERM);
    assert_int_equal(waitpid(forwarder->pid, &status, 0), forwarder->pid);
    close(forwarder->news);
    close(forwarder->owner);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int dial(const Forwarder *forwarder) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)forwarder->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

// One byte within the deadline; -1: the other side has hung up.
static int hear(int fd) {
    unsigned char byte;
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&polled, 1, DEADLINE_MS), 1);
    return read(fd, &byte, 1) == 1 ? byte : -1;
}

static void each_connection_has_a_program_of_its_own(void **state) {
    const char *const program[] = {"cat", NULL};
    Forwarder forwarder = start(*state, program);
    int one = dial(&forwarder), other = dial(&forwarder);
    assert_int_equal(write(one, "a", 1), 1);
    assert_int_equal(write(other, "b", 1), 1);
    assert_int_equal(hear(other), 'b');
    assert_int_equal(hear(one), 'a');
    shutdown(one, SHUT_WR);
    assert_int_equal(hear(one), -1);
    // Who comes back is served again.
    int again = dial(&forwarder);
    assert_int_equal(write(again, "c", 1), 1);
    assert_int_equal(hear(again), 'c');
    close(one);
    close(other);
    close(again);
    assert_int_equal(end(&forwarder), 0);
}

static void its_end_ends_the_programs(void **state) {
    const char *const program[] = {"sh", "-c", "trap '' TERM; printf x; while :; do sleep 1; done", NULL};
    Forwarder forwarder = start(*state, program);
    int connection = dial(&forwarder);
    assert_int_equal(hear(connection), 'x');
    assert_int_equal(end(&forwarder), 0);
    assert_int_equal(hear(connection), -1);
    close(connection);
}

static void the_end_of_its_owner_ends_it(void **state) {
    const char *const program[] = {"cat", NULL};
    int status;
    Forwarder forwarder = start(*state, program);
    int connection = dial(&forwarder);
    assert_int_equal(write(connection, "a", 1), 1);
    assert_int_equal(hear(connection), 'a');
    close(forwarder.owner);
    assert_int_equal(waitpid(forwarder.pid, &status, 0), forwarder.pid);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(hear(connection), -1);
    close(connection);
    close(forwarder.news);
}

static void a_program_that_is_not_there_is_an_error(void **state) {
    const char *const program[] = {"devbox-no-such-program", NULL};
    int status;
    Forwarder forwarder = start(*state, program);
    close(dial(&forwarder));
    assert_int_equal(waitpid(forwarder.pid, &status, 0), forwarder.pid);
    assert_int_equal(WEXITSTATUS(status), 1);
    close(forwarder.news);
    close(forwarder.owner);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(each_connection_has_a_program_of_its_own),
        test_with_arena(its_end_ends_the_programs),
        test_with_arena(the_end_of_its_owner_ends_it),
        test_with_arena(a_program_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
