// fakes: process clock network platform
#include "services/start.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_network.h"
#include "fakes/fake_platform.h"
#include "fakes/fake_process.h"
#include "io/file_system.h"
#include "io/lock_file.h"
#include "services/runtime_state.h"
#include "services/start_steps.h"
#include "services/state_store.h"
#include "support/checkout.h"
#include "support/event_log.h"

typedef struct Start {
    Checkout *checkout;
    Project project;
    EventLog log;
    StartOptions options;
    StartReport report;
} Start;

static Start prepare(void **state, const char *config) {
    Start start = {.checkout = *state};
    setenv("XDG_CACHE_HOME", checkout_path(*state, "cache"), 1);
    checkout_add_folder(*state, "dags");
    if (config != NULL) checkout_add(*state, "devbox.yaml", config);
    start.project = checkout_open(*state);
    start.checkout->ctx.executable = "/usr/bin/devbox";
    fake_network_reset();
    fake_platform_reset();
    fake_process_script(NULL, 0);
    return start;
}

static bool run(Start *start) {
    error_clear(&start->checkout->err);
    event_log_start(&start->log, &start->checkout->ctx);
    start->report = (StartReport){0};
    bool is_done = start_platform(&start->checkout->ctx, &start->project, &start->options, &start->report, &start->checkout->err);
    fake_process_assert_used();
    return is_done;
}

static const char *must_fail(Start *start) {
    assert_false(run(start));
    assert_false(start->report.was_tried);
    return error_as_text(&start->checkout->err);
}

#define STEP(name) \
    { .command = "/usr/bin/devbox -C * --json __step " name, .output = "{\"schemaVersion\":1,\"data\":{\"summary\":\"up\"}}\n" }

static void all_parts_are_brought_up_in_order(void **state) {
    static const FakeChild children[] = {STEP("sandbox"), STEP("airflow"), STEP("airbyte"), STEP("dbt")};
    Start start = prepare(state, NULL);
    fake_process_script(children, 4);
    if (!run(&start)) fail_msg("%s", start.checkout->err.message);
    assert_true(start.report.was_tried && !start.report.is_red);
    const char *said = event_log_take(&start.log);
    assert_non_null(
        strstr(said, " · native · Airflow 3.0.6\nnote: no devbox.yaml here, so defaults hold; devbox init writes one\n"));
    assert_non_null(strstr(said, "started checks: \ndone checks: Python, disk, DAG folder, port\nstarted sandbox: \n"));
    assert_string_equal(state_store_get(&start.checkout->ctx, &start.project, "airflow.port"), "8080");
}

static void only_the_wanted_parts_are_brought_up(void **state) {
    static const FakeChild children[] = {STEP("dbt")};
    Start start = prepare(state, "airflow: {port: 8080}\n");
    list_push(start.checkout->arena, &start.options.only, "dbt");
    fake_process_script(children, 1);
    // Airflow is not wanted, so its port may be taken.
    fake_network_occupy(8080, AF_INET);
    if (!run(&start)) fail_msg("%s", start.checkout->err.message);
}

static void what_stands_in_the_way_is_told_before_anything_starts(void **state) {
    Start start = prepare(state, "airflow: {port: 8080}\n");
    fake_network_occupy(8080, AF_INET);
    assert_true(text_starts_with(must_fail(&start), "PORT_BUSY port 8080 on 127.0.0.1 is held by "));
    assert_non_null(strstr(event_log_take(&start.log), "failed checks: port 8080 on 127.0.0.1 is held by "));
    fake_platform.free_disk_bytes = 0;
    assert_true(text_starts_with(must_fail(&start), "RUNTIME_MISSING disk: only 0 MiB free for /"));
}

static void docker_that_does_not_answer_is_told_before_anything_starts(void **state) {
    Start start = prepare(state, "runtime: docker\n");
    assert_true(text_starts_with(must_fail(&start), "RUNTIME_MISSING "));
    assert_null(strstr(event_log_take(&start.log), "started sandbox"));
}

static void a_wish_for_docker_without_an_engine_changes_nothing(void **state) {
    checkout_add(*state, ".devbox/runtime", "native\n");
    Start start = prepare(state, NULL);
    start.project.config.runtime = RUNTIME_DOCKER;  // as --runtime docker
    assert_non_null(strstr(must_fail(&start), "without containers: devbox start --runtime native"));
    assert_null(strstr(event_log_take(&start.log), "so far"));
    char *kept;
    size_t length;
    assert_true(file_read(start.checkout->arena, checkout_path(*state, ".devbox/runtime"), &kept, &length, &start.checkout->err));
    assert_string_equal(kept, "native\n");
}

static void what_each_step_took_is_told_when_asked_for(void **state) {
    static const FakeChild children[] = {STEP("sandbox"), STEP("airflow"), STEP("dbt"),
                                         STEP("sandbox"), STEP("airflow"), STEP("dbt")};
    Start start = prepare(state, NULL);
    start.options.without_airbyte = true;
    fake_process_script(children, 3);
    if (!run(&start)) fail_msg("%s", start.checkout->err.message);
    assert_int_equal(start.report.timings.count, 0);
    assert_null(value_get(start_result(&start.checkout->ctx, &start.project, &start.report).data, "timings"));
    start.options.has_timings = true;
    fake_clock_set(1000, 1000);
    fake_process_script(children + 3, 3);
    if (!run(&start)) fail_msg("%s", start.checkout->err.message);
    Result result = start_result(&start.checkout->ctx, &start.project, &start.report);
    const Value *timings = value_get(result.data, "timings");
    assert_int_equal(timings->count, 4);
    assert_string_equal(value_get_string(timings->members[0].value, "step", ""), "checks");
    assert_string_equal(value_get_string(timings->members[3].value, "step", ""), "dbt");
    assert_true(text_starts_with(result.text, "STEP        BEGAN AT      TOOK  STATE\n"));
}

static void a_start_without_airbyte_is_as_good(void **state) {
    static const FakeChild children[] = {STEP("sandbox"), STEP("airflow"), STEP("dbt")};
    Start start = prepare(state, NULL);
    start.options.without_airbyte = true;
    fake_process_script(children, 3);
    if (!run(&start)) fail_msg("%s", start.checkout->err.message);
}

static void an_unknown_part_has_the_known_ones_as_its_hint(void **state) {
    Start start = prepare(state, NULL);
    Result result;
    list_push(start.checkout->arena, &start.options.only, "airbite");
    assert_string_equal(must_fail(&start),
                        "USAGE there is no part 'airbite' → devbox start --only takes: sandbox, airflow, dbt, airbyte");
    assert_false(start_describe(&start.checkout->ctx, &start.project, &start.options, &result, &start.checkout->err));
}

static void two_starts_at_once_are_one_too_many(void **state) {
    Start start = prepare(state, NULL);
    int other = -1;
    assert_true(project_prepare_state(&start.checkout->ctx, &start.project, &start.checkout->err));
    const char *lock = checkout_path(start.checkout, ".devbox/run/start.lock");
    assert_true(lock_file_take(&start.checkout->ctx, lock, "start", 0, &other, &start.checkout->err));
    assert_true(text_starts_with(must_fail(&start), "BUSY another devbox is at work here: start (pid "));
    close(other);
}

static void a_dry_run_tells_the_steps_and_does_none(void **state) {
    Start start = prepare(state, NULL);
    Result result = {0};
    assert_true(start_describe(&start.checkout->ctx, &start.project, &start.options, &result, &start.checkout->err));
    assert_int_equal(result.data->count, 4);
    assert_true(text_starts_with(result.text, "  sandbox    load seeds"));
    assert_false(folder_exists(checkout_path(start.checkout, ".devbox")));
}

static void the_address_is_told_once_airflow_is_healthy(void **state) {
    Start start = prepare(state, NULL);
    int lock_fd = -1;
    RuntimeState healthy = {.phase = RUNTIME_HEALTHY, .supervisor = getpid(), .version = "", .fingerprint = "", .port = 8081};
    assert_string_equal(start_result(&start.checkout->ctx, &start.project, &start.report).text, "");
    assert_true(project_prepare_state(&start.checkout->ctx, &start.project, &start.checkout->err));
    const char *lock = runtime_state_lock_path(start.checkout->arena, &start.project);
    assert_true(lock_file_take(&start.checkout->ctx, lock, "supervisor", 0, &lock_fd, &start.checkout->err));
    assert_true(runtime_state_write(&start.checkout->ctx, &start.project, &healthy, &start.checkout->err));
    Result result = start_result(&start.checkout->ctx, &start.project, &start.report);
    assert_true(text_starts_with(result.text, "Airflow is ready: http://localhost:8081  admin / "));
    assert_string_equal(value_get_string(result.data, "airflowUrl", ""), "http://localhost:8081");
    assert_false(value_get_bool(result.data, "isEarlierAirflow", true));
    start.report.airflow = STEP_FAILED;
    result = start_result(&start.checkout->ctx, &start.project, &start.report);
    assert_true(
        text_starts_with(result.text, "Airflow still runs with what it was started with before: http://localhost:8081  admin"));
    assert_true(value_get_bool(result.data, "isEarlierAirflow", false));
    // Its images failed, so it was not even tried.
    start.report.airflow = STEP_SKIPPED;
    assert_true(value_get_bool(start_result(&start.checkout->ctx, &start.project, &start.report).data, "isEarlierAirflow", false));
    // A check that fails now and then does not take the address away from who just waited for it.
    RuntimeState busy = healthy;
    busy.phase = RUNTIME_DEGRADED;
    start.report = (StartReport){.airflow = STEP_DONE};
    assert_true(runtime_state_write(&start.checkout->ctx, &start.project, &busy, &start.checkout->err));
    result = start_result(&start.checkout->ctx, &start.project, &start.report);
    assert_true(text_starts_with(
        result.text, "Airflow is up, not all of it answers right now (devbox status): http://localhost:8081  admin / "));
    start.report.airflow = STEP_WAITING;
    assert_string_equal(start_result(&start.checkout->ctx, &start.project, &start.report).text, "");
    // Ended meanwhile, nothing is claimed of it.
    start.report.airflow = STEP_DONE;
    close(lock_fd);
    assert_string_equal(start_result(&start.checkout->ctx, &start.project, &start.report).text, "");
}

#define FAILED_STEP(name)                                                                      \
    {                                                                                          \
        .command = "/usr/bin/devbox -C * --json __step " name, .exit_code = 4,                 \
        .output = "{\"schemaVersion\":1,\"error\":{\"code\":\"CONFIG\",\"message\":\"no\"}}\n" \
    }

static void only_a_failed_airflow_makes_what_runs_an_earlier_one(void **state) {
    static const FakeChild airflow[] = {STEP("sandbox"), FAILED_STEP("airflow"), STEP("airbyte"), STEP("dbt")};
    static const FakeChild dbt[] = {STEP("sandbox"), STEP("airflow"), STEP("airbyte"), FAILED_STEP("dbt")};
    Start start = prepare(state, NULL);
    fake_process_script(airflow, 4);
    assert_false(run(&start));
    assert_true(start.report.was_tried && start.report.airflow == STEP_FAILED);
    fake_process_script(dbt, 4);
    assert_false(run(&start));
    assert_true(start.report.was_tried && start.report.airflow == STEP_DONE);
}

static void every_step_is_found_by_its_name(void **state) {
    (void)state;
    for (const StartStep *step = start_steps; step->name != NULL; step++) assert_ptr_equal(start_step_find(step->name), step);
    assert_null(start_step_find("airbite"));
}

static void steps_with_nothing_to_do_say_why(void **state) {
    static const char *const names[] = {"sandbox", "dbt"};
    Start start = prepare(state, NULL);
    assert_true(project_prepare_state(&start.checkout->ctx, &start.project, &start.checkout->err));
    for (size_t i = 0; i < 2; i++) {
        StepReport report = {0};
        assert_true(start_step_find(names[i])->run(&start.checkout->ctx, &start.project, &report, &start.checkout->err));
        assert_true(report.is_skipped && !report.is_red && !text_is_empty(report.summary));
    }
}

static void the_sandbox_step_counts_what_it_loaded(void **state) {
    StepReport report = {0};
    checkout_add(*state, "seeds/orders.csv", "id\n1\n2\n");
    Start start = prepare(state, NULL);
    const StartStep *step = start_step_find("sandbox");
    assert_true(project_prepare_state(&start.checkout->ctx, &start.project, &start.checkout->err));
    assert_true(step->run(&start.checkout->ctx, &start.project, &report, &start.checkout->err));
    assert_string_equal(report.summary, "1 seed file, 2 rows; 1 loaded");
    assert_true(step->run(&start.checkout->ctx, &start.project, &report, &start.checkout->err));
    assert_string_equal(report.summary, "1 seed file, 2 rows; unchanged");
}

int main(void) {
    // Not the engine of the machine that runs the test.
    setenv("DOCKER_HOST", "unix:///nowhere/docker.sock", 1);
    const struct CMUnitTest tests[] = {
        test_with_checkout(all_parts_are_brought_up_in_order),
        test_with_checkout(only_the_wanted_parts_are_brought_up),
        test_with_checkout(what_stands_in_the_way_is_told_before_anything_starts),
        test_with_checkout(docker_that_does_not_answer_is_told_before_anything_starts),
        test_with_checkout(a_wish_for_docker_without_an_engine_changes_nothing),
        test_with_checkout(what_each_step_took_is_told_when_asked_for),
        test_with_checkout(a_start_without_airbyte_is_as_good),
        test_with_checkout(an_unknown_part_has_the_known_ones_as_its_hint),
        test_with_checkout(two_starts_at_once_are_one_too_many),
        test_with_checkout(a_dry_run_tells_the_steps_and_does_none),
        test_with_checkout(the_address_is_told_once_airflow_is_healthy),
        test_with_checkout(only_a_failed_airflow_makes_what_runs_an_earlier_one),
        cmocka_unit_test(every_step_is_found_by_its_name),
        test_with_checkout(steps_with_nothing_to_do_say_why),
        test_with_checkout(the_sandbox_step_counts_what_it_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
