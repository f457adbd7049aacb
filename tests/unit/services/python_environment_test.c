// fakes: process clock
#include "services/python_environment.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_process.h"
#include "io/lock_file.h"
#include "services/project.h"
#include "support/event_log.h"
#include "support/world.h"

typedef struct Install {
    TestWorld *world;
    Context ctx;
    EventLog log;
    PythonRequest request;
    PythonEnvironment environment;
} Install;

static int start_install(void **state) {
    if (test_world_set_up(state) != 0) return -1;
    TestWorld *world = *state;
    Install *install = arena_allocate(world->arena, sizeof *install);
    *install = (Install){.world = world, .ctx = {.arena = world->arena}};
    install->request = (PythonRequest){.name = "airflow-2.10.3",
                                       .lock_path = test_world_write(world, "requirements.lock", "apache-airflow==2.10.3\n"),
                                       .python_min = "3.10",
                                       .python_max = "3.12",
                                       .python_prefer = "3.11",
                                       .pin = "apache-airflow==2.10.3"};
    setenv("XDG_CACHE_HOME", world->folder, 1);
    event_log_start(&install->log, &install->ctx);
    *state = install;
    return 0;
}

static int end_install(void **state) {
    Install *install = *state;
    void *world = install->world;
    return test_world_tear_down(&world);
}

#define test_install(function) cmocka_unit_test_setup_teardown(function, start_install, end_install)

static void script(const FakeChild *children, size_t count) {
    fake_process_script(children, count);
    fake_process_add_program("uv", "/usr/bin/uv");
    fake_process_add_program("python3", "/usr/bin/python3");
}

static bool try_install(Install *install) {
    error_clear(&install->world->err);
    return python_environment_install(&install->ctx, &install->request, "airflow", &install->environment, &install->world->err);
}

static void must_install(Install *install) {
    if (!try_install(install)) fail_msg("%s", install->world->err.message);
    assert_true(install->environment.is_ready);
    fake_process_assert_used();
}

static void check_fails(Install *install, const char *expected) {
    PythonEnvironment after;
    assert_false(try_install(install));
    assert_string_equal(error_as_text(&install->world->err), expected);
    fake_process_assert_used();
    Error err = {.arena = install->ctx.arena};
    assert_true(python_environment_observe(&install->ctx, &install->request, &after, &err));
    assert_false(after.is_ready);
    assert_false(folder_exists(after.folder));
}

// What `uv venv` leaves behind.
static void leave_venv(const ProcessSpec *spec) {
    Arena *arena = arena_create();
    Error err = {.arena = arena};
    const char *folder = spec->argv[5];
    assert_true(folder_create(arena, path_join(arena, folder, "bin"), &err));
    assert_true(file_write_string(arena, path_join(arena, folder, "bin/python"), "", 0700, &err));
    arena_destroy(arena);
}

#define PROBE \
    { .command = "/usr/bin/python3 -I -c *", .output = "3.11\n/usr/bin/python3.11\n" }
#define VENV \
    { .command = "/usr/bin/uv venv --clear --python /usr/bin/python3.11 */venvs/airflow-2.10.3-*", .effect = leave_venv }
#define LOCK \
    { .command = "/usr/bin/uv pip install --python */bin/python --require-hashes --compile-bytecode -r *requirements.lock" }

static void an_environment_is_made_from_the_lock_and_then_found_ready(void **state) {
    static const FakeChild children[] = {PROBE, VENV, LOCK};
    Install *install = *state;
    script(children, 3);
    assert_true(python_environment_observe(&install->ctx, &install->request, &install->environment, &install->world->err));
    assert_false(install->environment.is_ready);
    must_install(install);
    assert_string_equal(event_log_take(&install->log), "progress airflow: installing airflow-2.10.3\n");
    script(NULL, 0);
    must_install(install);
}

static void what_the_environment_is_made_from_names_it(void **state) {
    Install *install = *state;
    StringList folders = {0};
    PythonRequest variants[6];
    for (size_t i = 0; i < 6; i++) variants[i] = install->request;
    variants[1].lock_path = test_world_write(install->world, "other.lock", "apache-airflow==3.0.6\n");
    variants[2].python_prefer = "3.12";
    variants[3].pin = NULL;
    variants[4].requirements = test_world_write(install->world, "requirements.txt", "-r base.txt\n");
    test_world_write(install->world, "base.txt", "pandas\n");
    variants[5].requirements = test_world_write(install->world, "team/requirements.txt", "-r base.txt\n");
    test_world_write(install->world, "team/base.txt", "polars\n");
    for (size_t i = 0; i < 6; i++) {
        PythonEnvironment observed;
        assert_true(python_environment_observe(&install->ctx, &variants[i], &observed, &install->world->err));
        assert_false(string_list_contains(&folders, observed.folder));
        list_push(install->ctx.arena, &folders, observed.folder);
        assert_string_equal(observed.python, arena_format(install->ctx.arena, "%s/bin/python", observed.folder));
    }
}

static void a_removed_base_interpreter_makes_the_environment_unusable(void **state) {
    static const FakeChild children[] = {PROBE, VENV, LOCK, PROBE, VENV, LOCK};
    Install *install = *state;
    script(children, 6);
    if (!try_install(install)) fail_msg("%s", install->world->err.message);
    assert_int_equal(unlink(install->environment.python), 0);
    assert_int_equal(symlink("/nonexistent/python3.11", install->environment.python), 0);
    assert_true(python_environment_observe(&install->ctx, &install->request, &install->environment, &install->world->err));
    assert_false(install->environment.is_ready);
    must_install(install);
}

static void a_missing_lock_or_requirements_file_is_named(void **state) {
    Install *install = *state;
    PythonRequest request = install->request;
    request.requirements = "/nonexistent/requirements.txt";
    assert_false(python_environment_observe(&install->ctx, &request, &install->environment, &install->world->err));
    assert_non_null(strstr(install->world->err.message, "/nonexistent/requirements.txt"));
    install->request.lock_path = "/nonexistent/lock";
    assert_false(try_install(install));
    assert_non_null(strstr(install->world->err.message, "/nonexistent/lock"));
}

static void killed_half_way_it_starts_again_without_a_ready_mark(void **state) {
    static const FakeChild killed[] = {PROBE, VENV, {.command = "*uv pip install *", .outcome = PROCESS_SIGNALED, .signal = 9}};
    static const FakeChild again[] = {PROBE, VENV, LOCK};
    Install *install = *state;
    script(killed, 3);
    check_fails(install,
                "CHILD airflow-2.10.3 could not be installed: the installer was killed by signal 9 → run the same command "
                "again: what is already downloaded is kept");
    script(again, 3);
    must_install(install);
}

static void a_failed_install_shows_the_installer_s_own_words(void **state) {
    static const struct {
        FakeChild child;
        const char *expected;
    } rows[] = {
        {{.command = "*uv pip*", .exit_code = 2, .errors = "Resolved\nerror: Failed to fetch: `https://pypi.example.org/x`\n"},
         "NETWORK airflow-2.10.3 could not be installed → check network and proxy, then run the same command again: what is "
         "already downloaded is kept\nResolved\nerror: Failed to fetch: `https://pypi.example.org/x`"},
        {{.command = "*uv pip*", .exit_code = 2, .errors = "error: Failed to fetch: `x`\n  invalid peer certificate: UnknownIssuer\n"},
         "NETWORK airflow-2.10.3 could not be installed: the certificate of the package index is not trusted here "
         "→ " PYTHON_CERTIFICATE_HINT "\nerror: Failed to fetch: `x`\n  invalid peer certificate: UnknownIssuer"},
        {{.command = "*uv pip*", .exit_code = 1, .errors = "  x Failed to build psycopg2\n"},
         "CHILD airflow-2.10.3 could not be installed → the installer's words say why; devbox doctor shows what is missing on "
         "this machine\n  x Failed to build psycopg2"},
        {{.command = "*uv pip*", .outcome = PROCESS_TIMED_OUT},
         "TIMEOUT airflow-2.10.3 could not be installed → check network and proxy, then run the same command again: what is "
         "already downloaded is kept"},
        {{.command = "*uv pip*", .outcome = PROCESS_INTERRUPTED}, "INTERRUPTED interrupted while installing airflow-2.10.3"},
        {{.command = "*uv pip*", .error = ERROR_RUNTIME_MISSING}, "RUNTIME_MISSING uv cannot run"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const FakeChild children[] = {PROBE, VENV, rows[i].child};
        script(children, 3);
        check_fails(*state, rows[i].expected);
    }
}

static void what_the_installer_says_is_the_step_s_progress(void **state) {
    static const FakeChild children[] = {
        PROBE, VENV, {.command = "*uv pip install *", .errors = "Resolved 141 packages\n\nDownloading numpy\n"}};
    Install *install = *state;
    script(children, 3);
    must_install(install);
    assert_string_equal(event_log_take(&install->log),
                        "progress airflow: installing airflow-2.10.3\nprogress airflow: Resolved 141 packages\n"
                        "progress airflow: Downloading numpy\n");
}

static void without_an_interpreter_uv_is_asked_for_one(void **state) {
    static const FakeChild fetched[] = {{.command = "/usr/bin/python3 -I *", .output = "3.13\n/usr/bin/python3.13\n"},
                                        {.command = "/usr/bin/uv venv --clear --python 3.11 *", .effect = leave_venv},
                                        LOCK};
    Install *install = *state;
    script(fetched, 3);
    must_install(install);
}

static void no_interpreter_anywhere_says_how_to_get_one(void **state) {
    static const FakeChild none[] = {{.command = "/usr/bin/python3 -I *", .exit_code = 1},
                                     {.command = "*uv venv *", .exit_code = 2, .errors = "error: No interpreter found\n"}};
    static const FakeChild interrupted[] = {{.command = "/usr/bin/python3 -I *", .exit_code = 1},
                                            {.command = "*uv venv *", .outcome = PROCESS_INTERRUPTED}};
    static const FakeChild broken[] = {PROBE, {.command = "*uv venv *", .exit_code = 2, .errors = "error: no space left\n"}};
    script(none, 2);
    check_fails(*state,
                "RUNTIME_MISSING no Python between 3.10 and 3.12 was found → install one (Debian and Ubuntu: sudo apt install "
                "python3; else: uv python install 3.11)\nerror: No interpreter found");
    script(interrupted, 2);
    check_fails(*state, "INTERRUPTED interrupted while installing airflow-2.10.3");
    script(broken, 2);
    check_fails(*state,
                "CHILD airflow-2.10.3 could not be installed → the installer's words say why; devbox doctor shows what is "
                "missing on this machine\nerror: no space left");
}

static const char *read_installed(Install *install, const char *name) {
    char *content;
    const char *path = path_join(install->ctx.arena, install->environment.folder, name);
    if (!file_read(install->ctx.arena, path, &content, NULL, &install->world->err)) fail_msg("%s", install->world->err.message);
    return content;
}

#define USERS                                                                                                   \
    {                                                                                                           \
        .command =                                                                                              \
            "/usr/bin/uv pip install --python */bin/python --compile-bytecode -r */devbox-requirements.txt -c " \
            "*/devbox-constraints.txt"                                                                          \
    }

static void the_user_s_packages_come_second_and_leave_airflow_alone(void **state) {
    static const FakeChild children[] = {PROBE, VENV, LOCK, USERS};
    Install *install = *state;
    test_world_write(install->world, "pins.txt", "numpy<2\n");
    install->request.requirements = test_world_write(install->world, "requirements.txt", "-c pins.txt\npandas\n");
    script(children, 4);
    must_install(install);
    assert_string_equal(read_installed(install, "devbox-requirements.txt"), "pandas\n");
    assert_string_equal(read_installed(install, "devbox-constraints.txt"), "apache-airflow==2.10.3\nnumpy<2\n\n");
    assert_string_equal(event_log_take(&install->log),
                        "progress airflow: installing airflow-2.10.3\nprogress airflow: installing requirements.txt\n");
}

static void airflow_s_constraint_url_is_replaced_by_the_lock(void **state) {
    static const FakeChild children[] = {PROBE, VENV, LOCK, USERS};
    Install *install = *state;
    install->request.requirements =
        test_world_write(install->world, "requirements.txt",
                         "--constraint https://raw.example.org/constraints-2.10.3/constraints-3.11.txt\npandas\n");
    script(children, 4);
    must_install(install);
    assert_string_equal(read_installed(install, "devbox-requirements.txt"), "pandas\n");
    assert_string_equal(read_installed(install, "devbox-constraints.txt"), "apache-airflow==2.10.3\n");
    assert_non_null(strstr(event_log_take(&install->log),
                           "note: requirements.txt: its Airflow constraint URL is replaced by devbox's own lock\n"));
}

static void requirements_without_packages_install_nothing(void **state) {
    static const FakeChild children[] = {PROBE, VENV, LOCK};
    Install *install = *state;
    install->request.requirements = test_world_write(install->world, "requirements.txt", "# none yet\n");
    script(children, 3);
    must_install(install);
}

static void requirements_without_a_pin_are_not_held_to_one(void **state) {
    static const FakeChild children[] = {PROBE, VENV, LOCK, USERS};
    Install *install = *state;
    install->request.requirements = test_world_write(install->world, "requirements.txt", "pandas\n");
    install->request.pin = NULL;
    script(children, 4);
    must_install(install);
    assert_string_equal(read_installed(install, "devbox-constraints.txt"), "");
}

static void packages_that_contradict_each_other_are_the_user_s_to_change(void **state) {
    static const FakeChild children[] = {
        PROBE, VENV, LOCK, {.command = "*-requirements.txt*", .exit_code = 1, .errors = "  × No solution found\n"}};
    Install *install = *state;
    install->request.requirements = test_world_write(install->world, "requirements.txt", "apache-airflow==2.9\n");
    script(children, 4);
    check_fails(install, arena_format(install->ctx.arena,
                                      "CONFIG %s asks for packages that cannot be installed together → the installer's words "
                                      "say which: change or remove one of them\n  × No solution found",
                                      install->request.requirements));
}

static void a_proof_of_one_step_or_of_a_missing_package_is_the_reason(void **state) {
    static const struct {
        const char *words, *reason;
    } rows[] = {
        {"error: No solution found when resolving dependencies\n  cause: Because nix-da was not found in the package registry "
         "and "
         "you require nix-da==1.0, we can conclude that your requirements are unsatisfiable.\n",
         "nix-da was not found in the package registry and you require nix-da==1.0"},
        {"  x No solution found when resolving dependencies:\n  `-> Because there is no version of\n      packaging==99.0 and "
         "you "
         "require packaging==99.0, we can\n      conclude that your requirements are unsatisfiable.\n",
         "there is no version of packaging==99.0 and you require packaging==99.0"},
        {"error: No solution found\n  cause: Because you require packaging==24.0 and packaging<24, we can conclude that your "
         "requirements are unsatisfiable.\n",
         "you require packaging==24.0 and packaging<24"},
        {"error: No solution found\n  cause: Because b was not found in the package registry and a==1 depends on b, we can "
         "conclude "
         "that a==1 cannot be used.\n  And because you require a==1, we can conclude that your requirements are unsatisfiable.\n",
         "b was not found in the package registry and a==1 depends on b"},
    };
    Install *install = *state;
    install->request.requirements = test_world_write(install->world, "requirements.txt", "nix-da==1.0\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const FakeChild children[] = {
            PROBE, VENV, LOCK, {.command = "*-requirements.txt*", .exit_code = 1, .errors = rows[i].words}};
        const char *words = text_last_lines(install->ctx.arena, rows[i].words, 15);
        script(children, 4);
        check_fails(install, arena_format(install->ctx.arena,
                                          "CONFIG %s cannot be installed: %s → correct or remove what it names, then run the "
                                          "same command again\n%s",
                                          install->request.requirements, rows[i].reason, words));
    }
}

static void the_first_step_of_a_longer_proof_is_no_reason(void **state) {
    static const FakeChild children[] = {
        PROBE,
        VENV,
        LOCK,
        {.command = "*-requirements.txt*",
         .exit_code = 1,
         .errors =
             "error: No solution found\n  cause: Because a==1 depends on c<2 and b==1 depends on c>=2, we can conclude that "
             "a==1 and b==1 are incompatible.\n"}};
    Install *install = *state;
    install->request.requirements = test_world_write(install->world, "requirements.txt", "a==1\nb==1\n");
    script(children, 4);
    assert_false(try_install(install));
    assert_true(text_ends_with(install->world->err.message, " asks for packages that cannot be installed together"));
    fake_process_assert_used();
}

static void a_full_disk_is_neither_the_network_nor_the_packages(void **state) {
    static const FakeChild children[] = {
        PROBE,
        VENV,
        {.command = "*uv pip*",
         .exit_code = 2,
         .errors = "error: Failed to fetch: `x`\n  Caused by: No space left on device (os error 28)\n"}};
    Install *install = *state;
    script(children, 3);
    assert_false(try_install(install));
    assert_int_equal(install->world->err.code, ERROR_CHILD);
    assert_string_equal(install->world->err.message, "airflow-2.10.3 could not be installed: no space left on the disk");
    assert_string_equal(install->world->err.hint,
                        arena_format(install->ctx.arena, "free 3 GiB for %s, then run the same command again",
                                     user_cache_path(install->ctx.arena, "venvs")));
    fake_process_assert_used();
}

// The other devbox finishes while we wait: at the first tick its environment is there, and its lock is let go.
static void finish_the_other(void *state, const Event *event) {
    int *other = state;
    if (event->kind != EVENT_TICK || *other < 0) return;
    close(*other);
    *other = -1;
}

static void two_at_once_make_one_environment(void **state) {
    static const FakeChild children[] = {PROBE, VENV, LOCK};
    Install *install = *state;
    int other = -1;
    script(children, 3);
    must_install(install);
    const char *mark = path_join(install->ctx.arena, install->environment.folder, ".devbox-ready");
    const char *lock = arena_format(install->ctx.arena, "%s.lock", install->environment.folder);
    // Not ready while somebody else holds the lock, and nobody ever lets go: it waits, says so and gives up.
    assert_int_equal(unlink(mark), 0);
    assert_true(lock_file_take(&install->ctx, lock, "install", 0, &other, &install->world->err));
    script(NULL, 0);
    event_log_take(&install->log);
    assert_false(try_install(install));
    assert_int_equal(install->world->err.code, ERROR_BUSY);
    assert_string_equal(event_log_take(&install->log),
                        "progress airflow: waiting for another devbox that installs airflow-2.10.3\n");
    // Once the other has ended without finishing, this one does the work.
    install->log.on_event = finish_the_other;
    install->log.state = &other;
    script(children, 3);
    must_install(install);
    assert_int_equal(other, -1);
}

typedef struct Other {
    Install *install;
    int lock_fd;
} Other;

static void finish_with_success(void *state, const Event *event) {
    Other *other = state;
    if (event->kind != EVENT_TICK || other->lock_fd < 0) return;
    Arena *arena = other->install->ctx.arena;
    const char *mark = path_join(arena, other->install->environment.folder, ".devbox-ready");
    assert_true(file_write_string(arena, mark, "", 0600, &other->install->world->err));
    close(other->lock_fd);
    other->lock_fd = -1;
}

static void what_another_devbox_made_meanwhile_is_taken(void **state) {
    static const FakeChild children[] = {PROBE, VENV, LOCK};
    Install *install = *state;
    Other other = {.install = install, .lock_fd = -1};
    script(children, 3);
    must_install(install);
    const char *lock = arena_format(install->ctx.arena, "%s.lock", install->environment.folder);
    assert_int_equal(unlink(path_join(install->ctx.arena, install->environment.folder, ".devbox-ready")), 0);
    assert_true(lock_file_take(&install->ctx, lock, "install", 0, &other.lock_fd, &install->world->err));
    install->log.on_event = finish_with_success;
    install->log.state = &other;
    script(NULL, 0);
    must_install(install);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_install(an_environment_is_made_from_the_lock_and_then_found_ready),
        test_install(what_the_environment_is_made_from_names_it),
        test_install(a_removed_base_interpreter_makes_the_environment_unusable),
        test_install(a_missing_lock_or_requirements_file_is_named),
        test_install(killed_half_way_it_starts_again_without_a_ready_mark),
        test_install(a_failed_install_shows_the_installer_s_own_words),
        test_install(what_the_installer_says_is_the_step_s_progress),
        test_install(without_an_interpreter_uv_is_asked_for_one),
        test_install(no_interpreter_anywhere_says_how_to_get_one),
        test_install(the_user_s_packages_come_second_and_leave_airflow_alone),
        test_install(airflow_s_constraint_url_is_replaced_by_the_lock),
        test_install(requirements_without_packages_install_nothing),
        test_install(requirements_without_a_pin_are_not_held_to_one),
        test_install(packages_that_contradict_each_other_are_the_user_s_to_change),
        test_install(a_proof_of_one_step_or_of_a_missing_package_is_the_reason),
        test_install(the_first_step_of_a_longer_proof_is_no_reason),
        test_install(a_full_disk_is_neither_the_network_nor_the_packages),
        test_install(two_at_once_make_one_environment),
        test_install(what_another_devbox_made_meanwhile_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
