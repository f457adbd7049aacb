// fakes: network platform
#include "services/port.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/text.h"
#include "fakes/fake_network.h"
#include "fakes/fake_platform.h"
#include "support/checkout.h"

static const char *describe(Checkout *checkout, const char *program, const char **command) {
    static ProcessInfo holder;
    holder = (ProcessInfo){.pid = 77, .command = program, .command_line = "line"};
    fake_platform.holder = &holder;
    return port_describe_holder(&checkout->ctx, AF_INET, 8080, command);
}

static void a_program_is_named_with_the_way_to_end_it(void **state) {
    const char *command;
    assert_string_equal(describe(*state, "java", &command), "java (pid 77, line)");
    assert_string_equal(command, "kill 77");
}

static void a_name_that_the_system_cut_off_is_told_in_full(void **state) {
    const char *command;
    static ProcessInfo holder = {.pid = 77, .command = "python3.11-deco", .command_line = "python3.11-decorated serve"};
    fake_platform.holder = &holder;
    assert_string_equal(port_describe_holder(&((Checkout *)*state)->ctx, AF_INET, 8080, &command),
                        "python3.11-decorated serve (pid 77)");
}

static void an_airflow_is_not_to_be_killed_by_hand(void **state) {
    const char *command;
    static ProcessInfo holder = {.pid = 77, .command = "gunicorn: maste", .command_line = "gunicorn: master [airflow-webserver]"};
    fake_platform.holder = &holder;
    assert_string_equal(port_describe_holder(&((Checkout *)*state)->ctx, AF_INET, 8080, &command),
                        "gunicorn: master [airflow-webserver] (pid 77), which devbox stop ends in the checkout that started it");
    assert_null(command);
    holder = (ProcessInfo){.pid = 78, .command = "vi", .command_line = "vi airflow.cfg"};
    assert_string_equal(port_describe_holder(&((Checkout *)*state)->ctx, AF_INET, 8080, &command), "vi (pid 78, vi airflow.cfg)");
    assert_string_equal(command, "kill 78");
}

// Killing what forwards the port would leave the container as it is.
static void a_container_that_nobody_can_ask_for_is_not_to_be_killed_by_its_forwarder(void **state) {
    const char *command = "untouched";
    assert_string_equal(describe(*state, "docker-proxy", &command), "a container of another engine (docker-proxy, pid 77)");
    assert_null(command);
}

static void a_program_of_somebody_else_has_no_name(void **state) {
    const char *command = "untouched";
    fake_platform.holder = NULL;
    assert_string_equal(port_describe_holder(&((Checkout *)*state)->ctx, AF_INET, 8080, &command), "another user's program");
    assert_null(command);
}

int main(void) {
    // Not the engine of the machine that runs the test.
    setenv("DOCKER_HOST", "unix:///nowhere/docker.sock", 1);
    const struct CMUnitTest tests[] = {
        test_with_checkout(a_program_is_named_with_the_way_to_end_it),
        test_with_checkout(a_name_that_the_system_cut_off_is_told_in_full),
        test_with_checkout(an_airflow_is_not_to_be_killed_by_hand),
        test_with_checkout(a_container_that_nobody_can_ask_for_is_not_to_be_killed_by_its_forwarder),
        test_with_checkout(a_program_of_somebody_else_has_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
