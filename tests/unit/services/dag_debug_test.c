// fakes: process workbench
#include "services/dag_debug.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_process.h"
#include "fakes/fake_workbench.h"
#include "io/json.h"
#include "support/airflow_ready.h"
#include "support/event_log.h"

static Project open_with(Checkout *checkout, const char *runtime) {
    airflow_use_own_cache(checkout);
    checkout->ctx.executable = "/usr/bin/devbox";
    checkout_add(checkout, "devbox.yaml", arena_format(checkout->arena, "runtime: %s\n", runtime));
    fake_process_script(NULL, 0);
    return checkout_open(checkout);
}

static bool prepare(Checkout *checkout, const Project *project, DagDebugger debugger, Value *message) {
    DagDebugRelay relay;
    bool is_ready = dag_debug_prepare(&checkout->ctx, project, debugger, message, &relay, &checkout->err);
    assert_null(relay.process);
    return is_ready;
}

static void no_debugger_changes_nothing(void **state) {
    Checkout *checkout = *state;
    Project project = open_with(checkout, "docker");
    Value *message = value_object(checkout->arena);
    assert_true(prepare(checkout, &project, DAG_DEBUGGER_NONE, message));
    assert_string_equal(json_print(checkout->arena, message), "{}");
}

static void without_the_containers_there_is_no_way_to_a_debugger(void **state) {
    Checkout *checkout = *state;
    Project project = open_with(checkout, "docker");
    fake_workbench = (FakeWorkbench){.failure = ERROR_RUNTIME_MISSING};
    assert_false(prepare(checkout, &project, DAG_DEBUGGER_EDITOR, value_object(checkout->arena)));
    assert_int_equal(checkout->err.code, ERROR_RUNTIME_MISSING);
    fake_workbench = (FakeWorkbench){0};
}

#define FORWARD "* __forward 5678 -- python3 */debug_relay.py */.devbox/run/debugger-*"

static void editors_reach_into_containers_through_a_port_of_ours(void **state) {
    Checkout *checkout = *state;
    DagDebugRelay relay;
    Value *message = value_object(checkout->arena);
    Project project = open_with(checkout, "docker");
    const FakeChild children[] = {{.command = FORWARD, .output = "5679\n"}};
    fake_process_script(children, 1);
    assert_true(dag_debug_prepare(&checkout->ctx, &project, DAG_DEBUGGER_EDITOR, message, &relay, &checkout->err));
    assert_int_equal(relay.port, 5679);
    const Value *wish = value_get(message, "debug");
    assert_string_equal(value_get_string(wish, "port_file", ""), relay.port_file);
    assert_string_equal(value_get_string(wish, "packages", ""), "/opt/devbox/debugpy");
    checkout_add(checkout, path_relative(checkout->arena, relay.port_file, checkout->root), "40001");
    dag_debug_relay_end(&checkout->ctx, &relay);
    assert_false(file_exists(relay.port_file));
    fake_process_assert_used();
}

static void a_port_that_does_not_open_is_an_error(void **state) {
    Checkout *checkout = *state;
    Project project = open_with(checkout, "docker");
    const FakeChild children[] = {{.command = FORWARD, .exit_code = 6, .errors = "no port is free"}};
    fake_process_script(children, 1);
    assert_false(prepare(checkout, &project, DAG_DEBUGGER_EDITOR, value_object(checkout->arena)));
    assert_int_equal(checkout->err.code, ERROR_CHILD);
    assert_string_equal(checkout->err.detail, "no port is free");
}

static void pdb_needs_a_terminal(void **state) {
    Checkout *checkout = *state;
    Project project = open_with(checkout, "native");
    int saved = dup(STDIN_FILENO), nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    bool is_ready = prepare(checkout, &project, DAG_DEBUGGER_PDB, value_object(checkout->arena));
    dup2(saved, STDIN_FILENO);
    close(saved);
    close(nothing);
    assert_false(is_ready);
    assert_int_equal(checkout->err.code, ERROR_USAGE);
    assert_string_equal(checkout->err.hint, "run it in a terminal, or let an editor attach: --debug");
}

static void find_debugpy(Checkout *checkout, PythonEnvironment *environment) {
    PythonRequest request = {
        .name = "debugpy",
        .lock_path = path_join(checkout->arena, checkout->ctx.share_dir, "compose/debugpy/requirements.lock"),
        .python_prefer = "3.11",
    };
    assert_true(python_environment_observe(&checkout->ctx, &request, environment, &checkout->err));
    airflow_add_environment(checkout, environment);
}

static void an_editor_gets_the_packages_of_debugpy(void **state) {
    Checkout *checkout = *state;
    PythonEnvironment environment;
    Project project = open_with(checkout, "native");
    Value *message = value_object(checkout->arena);
    find_debugpy(checkout, &environment);
    const char *packages = path_join(checkout->arena, environment.folder, "lib/python3.11/site-packages");
    assert_true(folder_create(checkout->arena, packages, &checkout->err));
    assert_true(prepare(checkout, &project, DAG_DEBUGGER_EDITOR, message));
    const Value *wish = value_get(message, "debug");
    assert_string_equal(value_get_string(wish, "kind", ""), "debugpy");
    assert_string_equal(value_get_string(wish, "packages", ""), packages);
}

static void an_environment_without_packages_is_to_be_made_again(void **state) {
    Checkout *checkout = *state;
    PythonEnvironment environment;
    Project project = open_with(checkout, "native");
    find_debugpy(checkout, &environment);
    assert_true(folder_create(checkout->arena, path_join(checkout->arena, environment.folder, "lib/other"), &checkout->err));
    assert_false(prepare(checkout, &project, DAG_DEBUGGER_EDITOR, value_object(checkout->arena)));
    assert_non_null(strstr(checkout->err.hint, environment.folder));
}

static void the_announcement_is_what_an_editor_needs(void **state) {
    Checkout *checkout = *state;
    EventLog log;
    event_log_start(&log, &checkout->ctx);
    dag_debug_announce(&checkout->ctx, 5679);
    const char *said = event_log_take(&log);
    assert_non_null(strstr(said, "a debugger can attach to 127.0.0.1:5679"));
    assert_non_null(strstr(said, "\"request\": \"attach\", \"connect\": {\"host\": \"127.0.0.1\", \"port\": 5679}}"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(no_debugger_changes_nothing),
        test_with_checkout(without_the_containers_there_is_no_way_to_a_debugger),
        test_with_checkout(editors_reach_into_containers_through_a_port_of_ours),
        test_with_checkout(a_port_that_does_not_open_is_an_error),
        test_with_checkout(pdb_needs_a_terminal),
        test_with_checkout(an_editor_gets_the_packages_of_debugpy),
        test_with_checkout(an_environment_without_packages_is_to_be_made_again),
        test_with_checkout(the_announcement_is_what_an_editor_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
