// fakes: process clock network platform
#include "services/doctor.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_network.h"
#include "fakes/fake_platform.h"
#include "fakes/fake_process.h"
#include "io/lock_file.h"
#include "services/dbt_setup.h"
#include "services/runtime_state.h"
#include "support/airflow_ready.h"
#include "support/checkout.h"
#include "support/event_log.h"

static int start_doctor(void **state) {
    if (checkout_create(state) != 0) return -1;
    airflow_use_own_cache(*state);
    setenv("HOME", ((Checkout *)*state)->root, 1);  // whoever runs the tests may have an Airbyte
    checkout_add(*state, "devbox.yaml", "dbt: {project: dbt}\n");
    checkout_add(*state, "dbt/dbt_project.yml", "name: shop\n");
    checkout_add(*state, "dags/orders.py", "dag airflow\n");
    fake_network_reset();
    fake_platform_reset();
    fake_process_script(NULL, 0);
    return 0;
}

#define test_doctor(function) cmocka_unit_test_setup_teardown(function, start_doctor, checkout_remove)

static const FakeChild looks[] = {{.command = "/usr/bin/python3 -I -c *", .output = "3.11\n/usr/bin/python3.11\n"},
                                  {.command = "git * rev-parse *", .exit_code = 128, .errors = "fatal: not a git repository\n"}};

// What examine finds on PATH: nothing, or all it looks for.
static void script_programs(bool has_programs) {
    fake_process_script(has_programs ? looks : looks + 1, has_programs ? 2 : 1);
    if (!has_programs) return;
    fake_process_add_program("python3", "/usr/bin/python3");
    fake_process_add_program("git", "/usr/bin/git");
    fake_process_add_program("uv", "/usr/bin/uv");
}

// All checks, a line each.
static const char *examine_with(Checkout *checkout, const Project *project, bool has_programs) {
    static const char *const words[] = {"good", "warning", "bad"};
    Text text = {.arena = checkout->arena};
    script_programs(has_programs);
    CheckList checks = doctor_examine(&checkout->ctx, project);
    fake_process_assert_used();
    list_each(const Check, check, &checks) {
        text_append_format(&text, "%s %s: %s", words[check->state], check->name, check->finding);
        if (check->remedy != NULL) text_append_format(&text, " → %s", check->remedy);
        text_append_char(&text, '\n');
        // What is not good has a remedy.
        assert_true(check->state == CHECK_GOOD || !text_is_empty(check->remedy));
    }
    return text_string(&text);
}

static const char *examine(Checkout *checkout, const Project *project) { return examine_with(checkout, project, false); }

static void check_says(const char *examined, const char *line) {
    if (strstr(examined, line) == NULL) fail_msg("'%s' is not in:\n%s", line, examined);
}

static void a_fresh_machine_is_told_what_start_will_do(void **state) {
    Project project = checkout_open(*state);
    const char *examined = examine(*state, &project);
    check_says(examined, "good runtime: native: no container engine answers\n");
    check_says(examined, "good machine: Debian GNU/Linux 12, x86_64, 8 CPUs, 16 GiB memory\n");
    check_says(examined, "good disk: 100 GiB free for /");
    check_says(examined, "warning git: not found → install git, so that pushes are tested: sudo apt install git\n");
    check_says(examined, "warning Python: none between 3.10 and 3.12 → sudo apt install python3, or: uv python install 3.11\n");
    check_says(examined, "good uv: not installed yet; devbox start installs it from PyPI\n");
    check_says(examined, "warning Airflow: Airflow 3.0.6 is not installed yet → devbox start installs it\n");
    check_says(examined, "warning dbt: project in ./dbt → devbox start installs dbt\n");
    check_says(examined, "good DAGs: 1 Python files in ./dags\n");
    check_says(examined, "good services: stopped\n");
}

static void a_machine_where_all_is_ready_is_good(void **state) {
    DbtSetup dbt;
    Checkout *checkout = *state;
    Project project = checkout_open(checkout);
    AirflowSetup setup = airflow_make_ready(checkout, &project);
    assert_true(dbt_setup_observe(&checkout->ctx, &project, &dbt, &checkout->err));
    airflow_add_environment(checkout, &dbt.python);
    const char *examined = examine_with(checkout, &project, true);
    check_says(examined, "good git: /usr/bin/git\n");
    check_says(examined, "good Python: /usr/bin/python3.11\n");
    check_says(examined, "good uv: /usr/bin/uv\n");
    check_says(examined, arena_format(checkout->arena, "good Airflow: Airflow 3.0.6 in %s\n", setup.python.folder));
    check_says(examined, "good dbt: project in ./dbt\n");
}

static void what_is_short_or_wrong_has_its_remedy(void **state) {
    Checkout *checkout = *state;
    Project project = checkout_open(checkout);
    fake_platform.memory_bytes = 1LL << 30;
    fake_platform.free_disk_bytes = 2LL << 30;
    project.config.airflow.version = "1.10.15";
    project.dags_dir = checkout_path(checkout, "elsewhere");
    project.config.dags = "elsewhere";
    project.dbt_dir = NULL;
    const char *examined = examine(checkout, &project);
    check_says(examined, "warning machine: Debian GNU/Linux 12, x86_64, 8 CPUs, 1 GiB memory → Airflow wants 2 GiB");
    check_says(examined, arena_format(checkout->arena,
                                      "bad disk: only 2 GiB free for %s → free 3 GiB there: environments and databases need it\n",
                                      project.state));
    check_says(examined, "bad Airflow: Airflow 1.10.15 has no profile in this devbox → set airflow.version in devbox.yaml");
    check_says(examined, "warning DAGs: no folder ./elsewhere → set dags in devbox.yaml to the folder with the DAG files\n");
    check_says(examined, "good dbt: no dbt_project.yml in this checkout\n");
}

static void failed_and_degraded_services_are_found(void **state) {
    Checkout *checkout = *state;
    Project project = checkout_open(checkout);
    RuntimeState failed = {.phase = RUNTIME_FAILED, .supervisor = getpid(), .version = "3.0.6", .fingerprint = "", .port = 8080};
    ServiceStatus scheduler = {.name = "scheduler", .label = "scheduler", .state = SERVICE_FAILED, .message = "exited (1)"};
    ServiceStatus silent = {.name = "triggerer", .label = "triggerer", .state = SERVICE_FAILED};
    int lock_fd = -1;
    list_push(checkout->arena, &failed.services, scheduler);
    list_push(checkout->arena, &failed.services, silent);
    assert_true(project_prepare_state(&checkout->ctx, &project, &checkout->err));
    assert_true(runtime_state_write(&checkout->ctx, &project, &failed, &checkout->err));
    check_says(examine(checkout, &project), "good services: stopped\n");
    const char *lock = runtime_state_lock_path(checkout->arena, &project);
    assert_true(lock_file_take(&checkout->ctx, lock, "supervisor", 0, &lock_fd, &checkout->err));
    const char *examined = examine(checkout, &project);
    check_says(examined, "bad scheduler: exited (1) → devbox logs scheduler\n");
    check_says(examined, "bad triggerer: failed → devbox logs triggerer\n");
    check_says(examined, "bad services: failed → devbox logs shows why; then devbox start\n");
    failed.phase = RUNTIME_DEGRADED;
    failed.services.count = 0;
    assert_true(runtime_state_write(&checkout->ctx, &project, &failed, &checkout->err));
    check_says(examine(checkout, &project), "warning services: degraded → devbox status shows which\n");
    checkout_add(checkout, ".devbox/run/services.json", "{");
    check_says(examine(checkout, &project), " → devbox stop, then devbox start\n");
    close(lock_fd);
}

static void a_busy_port_is_bad_only_when_it_was_asked_for(void **state) {
    Checkout *checkout = *state;
    Project project = checkout_open(checkout);
    static const ProcessInfo java = {.pid = 4312, .command = "java", .command_line = "java"};
    fake_platform.holder = &java;
    fake_network_occupy(8080, AF_INET);
    check_says(examine(checkout, &project), "warning port: 8080 is held by ");
    project.config.airflow.is_port_explicit = true;
    check_says(examine(checkout, &project), "bad port: 8080 is held by ");
}

static void check_lacks_disk(Checkout *checkout, const Project *project, const char *finding, const char *remedy) {
    error_clear(&checkout->err);
    assert_false(doctor_check_prerequisites(&checkout->ctx, project, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_RUNTIME_MISSING);
    assert_string_equal(checkout->err.message, arena_format(checkout->arena, "disk: %s%s", finding, project->state));
    assert_string_equal(checkout->err.hint, remedy);
}

static void only_too_little_disk_stops_a_start(void **state) {
    Checkout *checkout = *state;
    Project project = checkout_open(checkout);
    assert_true(doctor_check_prerequisites(&checkout->ctx, &project, &checkout->err));
    fake_platform.free_disk_bytes = 2LL << 30;
    fake_platform.memory_bytes = 0;
    check_lacks_disk(checkout, &project, "only 2 GiB free for ", "free 3 GiB there: environments and databases need it");
    airflow_make_ready(checkout, &project);
    // dbt is still to be installed.
    check_lacks_disk(checkout, &project, "only 2 GiB free for ", "free 3 GiB there: environments and databases need it");
    DbtSetup dbt;
    assert_true(dbt_setup_observe(&checkout->ctx, &project, &dbt, &checkout->err));
    airflow_add_environment(checkout, &dbt.python);
    fake_platform.free_disk_bytes = 200LL << 20;
    assert_true(doctor_check_prerequisites(&checkout->ctx, &project, &checkout->err));
    fake_platform.free_disk_bytes = 199LL << 20;
    check_lacks_disk(checkout, &project, "only 199 MiB free for ", "free 200 MiB there: databases and logs need it");
}

static void a_cache_on_another_disk_has_its_own_need(void **state) {
    Checkout *checkout = *state;
    Project project = checkout_open(checkout);
    if (file_info("/dev/shm").device == file_info(project.root).device || !folder_exists("/dev/shm")) skip();
    setenv("XDG_CACHE_HOME", "/dev/shm/no-such-cache", 1);
    fake_platform.free_disk_bytes = 1LL << 30;
    const char *examined = examine(checkout, &project);
    check_says(examined, arena_format(checkout->arena, "good disk: 1 GiB free for %s\n", project.state));
    check_says(examined, "bad disk: only 1 GiB free for /dev/shm/no-such-cache/devbox → free 3 GiB there: ");
    assert_false(doctor_check_prerequisites(&checkout->ctx, &project, &checkout->err));
    assert_non_null(strstr(checkout->err.message, "/dev/shm/no-such-cache"));
    fake_platform.free_disk_bytes = 3LL << 30;
    assert_true(doctor_check_prerequisites(&checkout->ctx, &project, &checkout->err));
    airflow_use_own_cache(checkout);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_doctor(a_fresh_machine_is_told_what_start_will_do),    test_doctor(a_machine_where_all_is_ready_is_good),
        test_doctor(what_is_short_or_wrong_has_its_remedy),         test_doctor(failed_and_degraded_services_are_found),
        test_doctor(a_busy_port_is_bad_only_when_it_was_asked_for), test_doctor(only_too_little_disk_stops_a_start),
        test_doctor(a_cache_on_another_disk_has_its_own_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
