// fakes: process workbench
#include "services/dag_debug_relay.h"

#include "base/text.h"
#include "fakes/fake_process.h"
#include "fakes/fake_workbench.h"
#include "support/checkout.h"

static Project open_in_containers(Checkout *checkout) {
    checkout_add(checkout, "devbox.yaml", "runtime: docker\n");
    checkout->ctx.executable = "/bin/devbox";
    fake_workbench = (FakeWorkbench){0};
    return checkout_open(checkout);
}

static void write_port(const ProcessSpec *spec) {
    const char *const *last = spec->argv;
    Arena *arena = arena_create();
    Error err = {.arena = arena};
    while (last[1] != NULL) last++;
    assert_true(file_write_string(arena, *last, "40123", 0600, &err));
    arena_destroy(arena);
}

static void be_on_the_terminal(const ProcessSpec *spec) {
    assert_true(spec->is_foreground && spec->is_relay);
    write_port(spec);
}

static void an_editor_gets_the_port_that_was_free(void **state) {
    static const FakeChild children[] = {{"/bin/devbox __forward 5678 -- python3 */debug_relay.py */.devbox/run/debugger-*",
                                          .output = "5679\n", .effect = write_port}};
    Checkout *checkout = *state;
    DagDebugRelay relay;
    Project project = open_in_containers(checkout);
    fake_process_script(children, 1);
    assert_true(dag_debug_relay_listen(&checkout->ctx, &project, &relay, &checkout->err));
    assert_int_equal(relay.port, 5679);
    assert_true(file_exists(relay.port_file));
    dag_debug_relay_end(&checkout->ctx, &relay);
    assert_null(relay.process);
    assert_false(file_exists(relay.port_file));
    fake_process_assert_used();
}

static void without_a_port_it_says_what_the_forwarder_said(void **state) {
    static const FakeChild children[] = {
        {"/bin/devbox __forward *", .exit_code = 6, .errors = "cannot listen on 127.0.0.1:5678\n"}};
    Checkout *checkout = *state;
    DagDebugRelay relay;
    Project project = open_in_containers(checkout);
    fake_process_script(children, 1);
    assert_false(dag_debug_relay_listen(&checkout->ctx, &project, &relay, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_CHILD);
    assert_non_null(strstr(checkout->err.detail, "cannot listen on 127.0.0.1:5678"));
    assert_null(relay.process);
}

static void ctrl_c_while_it_opens_the_port_is_no_trouble(void **state) {
    static const FakeChild children[] = {{"/bin/devbox __forward *", .outcome = PROCESS_INTERRUPTED}};
    Checkout *checkout = *state;
    DagDebugRelay relay;
    Project project = open_in_containers(checkout);
    fake_process_script(children, 1);
    assert_false(dag_debug_relay_listen(&checkout->ctx, &project, &relay, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_INTERRUPTED);
}

static void pdb_gets_this_terminal_as_bytes(void **state) {
    static const FakeChild children[] = {{"python3 */debug_relay.py */.devbox/run/debugger-*", .effect = be_on_the_terminal}};
    Checkout *checkout = *state;
    DagDebugRelay relay;
    Project project = open_in_containers(checkout);
    fake_process_script(children, 1);
    assert_true(dag_debug_relay_connect(&checkout->ctx, &project, &relay, &checkout->err));
    assert_int_equal(relay.port, 0);
    assert_non_null(relay.process);
    dag_debug_relay_end(&checkout->ctx, &relay);
    assert_false(file_exists(relay.port_file));
    fake_process_assert_used();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(an_editor_gets_the_port_that_was_free),
        test_with_checkout(without_a_port_it_says_what_the_forwarder_said),
        test_with_checkout(ctrl_c_while_it_opens_the_port_is_no_trouble),
        test_with_checkout(pdb_gets_this_terminal_as_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
