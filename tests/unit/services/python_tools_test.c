// fakes: process clock
#include "services/python_tools.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_process.h"
#include "io/lock_file.h"
#include "support/event_log.h"
#include "support/world.h"

static const PythonRequest request = {.python_min = "3.10", .python_max = "3.12", .python_prefer = "3.11"};

typedef struct Tools {
    TestWorld *world;
    Context ctx;
    EventLog log;
} Tools;

static Tools start_test(void **state) {
    TestWorld *world = *state;
    setenv("XDG_CACHE_HOME", world->folder, 1);
    return (Tools){.world = world, .ctx = {.arena = world->arena}};
}

static void check_interpreter(void **state, const FakeChild *children, size_t count, const char *expected) {
    Tools tools = start_test(state);
    fake_process_script(children, count);
    fake_process_add_program("python3.11", "/opt/python3.11");
    fake_process_add_program("python3", "/usr/bin/python3");
    const char *found = python_find_interpreter(&tools.ctx, &request);
    if (expected == NULL) assert_null(found);
    if (expected != NULL) assert_string_equal(found, expected);
    fake_process_assert_used();
}

static void the_preferred_interpreter_is_taken_when_it_runs(void **state) {
    static const FakeChild children[] = {{.command = "/opt/python3.11 -I -c *", .output = "3.11\n/real/python3.11\n"}};
    check_interpreter(state, children, 1, "/real/python3.11");
}

static void an_interpreter_that_does_not_run_or_fit_is_passed_over(void **state) {
    static const FakeChild shim[] = {{.command = "/opt/python3.11 *", .exit_code = 127, .errors = "pyenv: not installed\n"},
                                     {.command = "/usr/bin/python3 *", .output = "3.12\n/usr/bin/python3.12\n"}};
    check_interpreter(state, shim, 2, "/usr/bin/python3.12");
    static const FakeChild too_new[] = {{.command = "/opt/python3.11 *", .error = ERROR_FILE},
                                        {.command = "/usr/bin/python3 *", .output = "3.13\n/usr/bin/python3.13\n"}};
    check_interpreter(state, too_new, 2, NULL);
    static const FakeChild too_old[] = {{.command = "/opt/python3.11 *", .output = "garbage\n"},
                                        {.command = "/usr/bin/python3 *", .output = "3.9\n/usr/bin/python3.9\n"}};
    check_interpreter(state, too_old, 2, NULL);
    static const FakeChild slow[] = {{.command = "/opt/python3.11 *", .outcome = PROCESS_TIMED_OUT},
                                     {.command = "/usr/bin/python3 *", .output = "2.7\n/usr/bin/python2\n"}};
    check_interpreter(state, slow, 2, NULL);
}

static void no_interpreter_at_all_is_no_interpreter(void **state) {
    Tools tools = start_test(state);
    fake_process_script(NULL, 0);
    assert_null(python_find_interpreter(&tools.ctx, &request));
}

static void uv_on_path_is_used_as_it_is(void **state) {
    Tools tools = start_test(state);
    const char *uv = NULL;
    fake_process_script(NULL, 0);
    fake_process_add_program("uv", "/usr/local/bin/uv");
    assert_true(python_find_uv(&tools.ctx, "airflow", &uv, &tools.world->err));
    assert_string_equal(uv, "/usr/local/bin/uv");
}

static void leave_uv(const ProcessSpec *spec) {
    Arena *arena = arena_create();
    Error err = {.arena = arena};
    const char *folder = path_join(arena, spec->argv[7], "bin");
    assert_string_equal(spec->argv[6], "--target");
    assert_true(folder_create(arena, folder, &err) && file_write_string(arena, path_join(arena, folder, "uv"), "", 0700, &err));
    arena_destroy(arena);
}

static void a_missing_uv_is_installed_once_into_the_cache(void **state) {
    static const FakeChild children[] = {{.command = "/usr/bin/python3 -m pip install *uv==*", .effect = leave_uv}};
    Tools tools = start_test(state);
    const char *uv = NULL, *again = NULL;
    event_log_start(&tools.log, &tools.ctx);
    fake_process_script(children, 1);
    fake_process_add_program("python3", "/usr/bin/python3");
    assert_null(python_find_installed_uv(&tools.ctx));
    assert_true(python_find_uv(&tools.ctx, "airflow", &uv, &tools.world->err));
    assert_true(text_starts_with(uv, tools.world->folder) && text_ends_with(uv, "/bin/uv") && file_exists(uv));
    assert_true(python_find_uv(&tools.ctx, "airflow", &again, &tools.world->err));
    assert_string_equal(again, uv);
    assert_true(text_starts_with(event_log_take(&tools.log), "progress airflow: installing uv "));
    fake_process_assert_used();
}

static void check_uv_fails(void **state, const FakeChild *child, const char *expected) {
    Tools tools = start_test(state);
    const char *uv = NULL;
    fake_process_script(child, child == NULL ? 0 : 1);
    if (child != NULL) fake_process_add_program("python3", "/usr/bin/python3");
    assert_false(python_find_uv(&tools.ctx, "airflow", &uv, &tools.world->err));
    assert_string_equal(error_as_text(&tools.world->err), expected);
    assert_null(uv);
    assert_null(python_find_installed_uv(&tools.ctx));
    fake_process_assert_used();
}

#define MISSING                                                                                                           \
    "RUNTIME_MISSING uv, which installs Airflow and dbt, is missing and could not be installed from PyPI → install uv " \
    "(or pip: sudo apt install python3-pip) and run this again"

static void an_uv_that_cannot_be_installed_is_explained(void **state) {
    static const FakeChild no_pip = {.command = "* -m pip *", .exit_code = 1, .errors = "No module named pip\n"};
    static const FakeChild nothing = {.command = "* -m pip *"};
    static const FakeChild interrupted = {.command = "* -m pip *", .outcome = PROCESS_INTERRUPTED};
    check_uv_fails(state, NULL, MISSING);
    check_uv_fails(state, &no_pip, MISSING "\nNo module named pip");
    static const FakeChild proxy = {.command = "* -m pip *", .exit_code = 1, .errors = "[SSL: CERTIFICATE_VERIFY_FAILED]\n"};
    check_uv_fails(state, &proxy,
                   "RUNTIME_MISSING uv, which installs Airflow and dbt, is missing and could not be installed from PyPI "
                   "→ " PYTHON_CERTIFICATE_HINT "\n[SSL: CERTIFICATE_VERIFY_FAILED]");
    check_uv_fails(state, &nothing, MISSING "\npip installed no bin/uv");
    check_uv_fails(state, &interrupted, "INTERRUPTED interrupted while installing uv");
}

static void a_second_devbox_waits_for_the_first_and_then_gives_up(void **state) {
    Tools tools = start_test(state);
    const char *uv = NULL;
    int first = -1;
    fake_process_script(NULL, 0);
    fake_process_add_program("python3", "/usr/bin/python3");
    assert_true(folder_create(tools.ctx.arena, test_world_path(tools.world, "devbox/tools"), &tools.world->err));
    const char *lock = test_world_path(tools.world, "devbox/tools/uv-0.13.9.lock");
    assert_true(lock_file_take(&tools.ctx, lock, "install uv", 0, &first, &tools.world->err));
    assert_false(python_find_uv(&tools.ctx, "airflow", &uv, &tools.world->err));
    assert_int_equal(tools.world->err.code, ERROR_BUSY);
    assert_non_null(strstr(tools.world->err.message, "install uv (pid "));
    close(first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_world(the_preferred_interpreter_is_taken_when_it_runs),
        test_with_world(an_interpreter_that_does_not_run_or_fit_is_passed_over),
        test_with_world(no_interpreter_at_all_is_no_interpreter),
        test_with_world(uv_on_path_is_used_as_it_is),
        test_with_world(a_missing_uv_is_installed_once_into_the_cache),
        test_with_world(an_uv_that_cannot_be_installed_is_explained),
        test_with_world(a_second_devbox_waits_for_the_first_and_then_gives_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
