#include "io/network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/test.h"

typedef struct Address {
    int family;
    const char *text;
} Address;

static const Address LOOPBACK_4 = {AF_INET, "127.0.0.1"}, ANY_4 = {AF_INET, "0.0.0.0"};
static const Address LOOPBACK_6 = {AF_INET6, "::1"}, ANY_6 = {AF_INET6, "::"};

// Binds to `port` (0: any) and returns the socket, -1 when this machine has no such address.
static int bind_to(Address address, int port, int *bound_port, bool is_reusable) {
    struct sockaddr_storage storage = {.ss_family = (sa_family_t)address.family};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;
    bool is_v4 = address.family == AF_INET;
    socklen_t length = is_v4 ? sizeof *v4 : sizeof *v6;
    inet_pton(address.family, address.text, is_v4 ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr);
    *(is_v4 ? &v4->sin_port : &v6->sin6_port) = htons((uint16_t)port);
    int fd = socket(address.family, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){is_reusable}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&storage, length) != 0) {
        close(fd);
        return -1;
    }
    getsockname(fd, (struct sockaddr *)&storage, &length);
    *bound_port = ntohs(is_v4 ? v4->sin_port : v6->sin6_port);
    return fd;
}

static int listen_on(Address address, int *port) {
    int fd = bind_to(address, 0, port, true);
    if (fd >= 0) assert_int_equal(listen(fd, 4), 0);
    return fd;
}

static void a_port_nobody_uses_is_free(void **state) {
    (void)state;
    int port, fd = bind_to(LOOPBACK_4, 0, &port, false), family = -1;
    close(fd);
    assert_true(network_port_is_free(port, &family));
    assert_int_equal(family, -1);
    assert_false(network_port_accepts(port, 200));
}

static void assert_busy(Address address, int expected_family) {
    int port = 0, family = -1, fd = listen_on(address, &port);
    if (fd < 0) return;
    assert_false(network_port_is_free(port, &family));
    assert_int_equal(family, expected_family);
    assert_false(network_port_is_free(port, NULL));
    close(fd);
    assert_true(network_port_is_free(port, NULL));
}

static void a_listener_on_any_loopback_address_is_found(void **state) {
    (void)state;
    assert_busy(LOOPBACK_4, AF_INET);
    assert_busy(ANY_4, AF_INET);
    assert_busy(LOOPBACK_6, AF_INET6);
    assert_busy(ANY_6, AF_INET);
}

static void a_bound_port_without_a_listener_is_busy(void **state) {
    (void)state;
    int port, fd = bind_to(LOOPBACK_4, 0, &port, false);
    assert_false(network_port_is_free(port, NULL));
    assert_false(network_port_accepts(port, 200));
    close(fd);
}

// A server that was just stopped leaves connections in TIME_WAIT; its port is free all the same.
static void a_port_with_old_connections_is_free(void **state) {
    (void)state;
    int port, probe = 0, listener = listen_on(LOOPBACK_4, &port);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    int server = accept(listener, NULL, NULL);
    close(server);
    close(client);
    close(listener);
    assert_int_equal(bind_to(LOOPBACK_4, port, &probe, false), -1);
    assert_true(network_port_is_free(port, NULL));
}

static void the_next_free_port_passes_over_busy_ones(void **state) {
    (void)state;
    int port, listener = listen_on(LOOPBACK_4, &port);
    int found = network_find_free_port(port);
    assert_true(found == 0 || (found > port && found < port + 100));
    close(listener);
    assert_int_equal(network_find_free_port(port), port);
    assert_int_equal(network_find_free_port(65536), 0);
}

static void a_listening_port_accepts(void **state) {
    (void)state;
    int port, listener = listen_on(LOOPBACK_4, &port);
    assert_true(network_port_accepts(port, 1000));
    close(listener);
    assert_false(network_port_accepts(port, 1000));
}

// Every port of the ephemeral range may be chosen as our own end of the connection.
static void a_port_never_accepts_itself(void **state) {
    (void)state;
    int port, fd = bind_to(LOOPBACK_4, 0, &port, false);
    close(fd);
    for (int i = 0; i < 30000; i++) assert_false(network_port_accepts(port, 50));
}

typedef struct Listener {
    int fd;
    char word;
} Listener;

static void *hear_one(void *state) {
    Listener *listener = state;
    int fd = accept(listener->fd, NULL, NULL);
    if (read(fd, &listener->word, 1) != 1) listener->word = '?';
    close(fd);
    return NULL;
}

static void a_listener_takes_the_wanted_port_or_another(void **state) {
    int first = -1, second = -1, port, other;
    Error err = {.arena = *state};
    int wanted = network_find_free_port(25678);
    assert_true(network_listen(wanted, &first, &port, &err));
    assert_int_equal(port, wanted);
    assert_true(network_port_accepts(port, 1000));
    assert_true(network_listen(wanted, &second, &other, &err));
    assert_int_not_equal(other, wanted);
    assert_int_equal(fcntl(second, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    close(first);
    close(second);
}

static void a_socket_is_told_and_waited_for(void **state) {
    (void)state;
    char folder[] = "/tmp/devbox-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/s.sock", folder);
    assert_false(network_tell_socket(address.sun_path, "Q", 1000));
    Listener listener = {.fd = socket(AF_UNIX, SOCK_STREAM, 0)};
    assert_int_equal(bind(listener.fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener.fd, 4), 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, hear_one, &listener), 0);
    assert_true(network_tell_socket(address.sun_path, "Q", 60 * 1000));
    pthread_join(thread, NULL);
    assert_int_equal(listener.word, 'Q');
    // Nobody reads it: told all the same, and not waited for any longer than said.
    assert_true(network_tell_socket(address.sun_path, "Q", 20));
    close(listener.fd);
    assert_false(network_tell_socket(address.sun_path, "Q", 1000));
    unlink(address.sun_path);
    rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_nobody_uses_is_free),
        cmocka_unit_test(a_listener_on_any_loopback_address_is_found),
        cmocka_unit_test(a_bound_port_without_a_listener_is_busy),
        cmocka_unit_test(a_port_with_old_connections_is_free),
        cmocka_unit_test(the_next_free_port_passes_over_busy_ones),
        cmocka_unit_test(a_listening_port_accepts),
        cmocka_unit_test(a_port_never_accepts_itself),
        test_with_arena(a_listener_takes_the_wanted_port_or_another),
        cmocka_unit_test(a_socket_is_told_and_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
