// fakes: clock
#include "support/golden.h"
#include "support/scene.h"

static void start_reads_as_in_the_golden_transcript(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene_play(&scene);
    const Context *ctx = &scene.ctx;
    event_headline(ctx, "my-platform · docker (Docker Desktop 4.51, 8 CPUs, 15.6 GB) · Airflow 2.10.3");
    event_step_started(ctx, "checks", "looking around");
    event_step_done(ctx, "checks", 200, "engine, compose 2.40, memory, disk, ports");
    event_step_done(ctx, "sandbox", 12, "3 seed files, 12,408 rows; unchanged");
    event_step_started(ctx, "airflow", "starting");
    event_step_started(ctx, "airbyte", "starting");
    event_step_done(ctx, "airflow", 19800, "14 DAGs from ./dags, live");
    event_step_done(ctx, "dbt", 1900, "11 models built, 30 tests passed");
    event_step_progress(ctx, "airbyte", "starting: 7 of 11 pods ready");
    fake_clock_advance(9999);
    event_tick(ctx);
    fake_clock_advance(31001);
    event_tick(ctx);
    event_tick(ctx);
    event_step_skipped(ctx, "dlt", "no pipelines in this checkout");
    event_step_done(ctx, "airbyte", 64000, "11 of 11 pods ready");
    scene_show_text(ctx, "Airflow is ready: http://localhost:8080  admin / admin      (8080 was free)");
    assert_golden(*state, "start.txt", scene_close(&scene, NULL, 0));
}

static void a_taken_port_reads_as_in_the_golden_transcript(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene_play(&scene);
    const Context *ctx = &scene.ctx;
    event_headline(ctx, "my-platform · native · Airflow 3.0.6");
    event_emit(ctx, &(Event){.kind = EVENT_WARNING,
                             .step = "airflow",
                             .text = "port 8080 is held by java (pid 4312, tomcat) → using 8081 from now on",
                             .hint = "to get it back: kill 4312"});
    event_step_done(ctx, "airflow", 7300, "14 DAGs from ./dags, live");
    event_warning(ctx, "take it out of env.pass in devbox.yaml", "children can see MY_API_KEY of your shell");
    scene_show_text(ctx, "Airflow is ready: http://localhost:8081  admin / admin");
    assert_golden(*state, "start_port_taken.txt", scene_close(&scene, NULL, 0));
}

// Two restarts, one of a name that is none.
static void restart_reads_as_in_the_golden_transcript(void **state) {
    Scene scene;
    Error unknown = {.arena = *state};
    scene_open(&scene, *state);
    scene_play(&scene);
    const Context *ctx = &scene.ctx;
    error_set(&unknown, ERROR_USAGE, "there is no service 'schedular'");
    error_hint(&unknown, "did you mean: devbox restart scheduler · there are: webserver, scheduler, dag-processor, triggerer");
    event_step_started(ctx, "airflow", "restarting");
    event_step_progress(ctx, "airflow", "restarting scheduler, dag-processor");
    fake_clock_advance(10001);
    event_tick(ctx);
    event_step_progress(ctx, "airflow", "waiting for scheduler");
    event_step_done(ctx, "airflow", 12400, "scheduler, dag-processor restarted, all is healthy");
    scene_show_text(ctx, "Airflow is ready: http://localhost:8080  admin / admin");
    event_step_started(ctx, "airflow", "restarting");
    event_step_failed(ctx, "airflow", 0, &unknown);
    assert_golden(*state, "restart.txt", scene_close(&scene, &unknown, 2));
}

static Verdict daily_orders(Arena *arena) {
    Verdict verdict = {.title = "daily_orders · dags/orders.py:12 · 4 tasks",
                       .duration_ms = 410,
                       .next = "again with a debugger: devbox test dag daily_orders --task check_totals --debug"};
    TestCase failed = scene_failed_task(arena);
    verdict_add(arena, &verdict, &(TestCase){.suite = "dag", .name = "extract", .duration_ms = 110, .summary = "42 rows"});
    verdict_add(arena, &verdict,
                &(TestCase){.suite = "dag", .name = "load_orders", .duration_ms = 80, .summary = "raw_orders +42 rows"});
    verdict_add(arena, &verdict, &failed);
    verdict_add(arena, &verdict,
                &(TestCase){.suite = "dag",
                            .name = "publish",
                            .state = TEST_SKIP,
                            .state_word = "upstream_failed",
                            .duration_ms = -1,
                            .summary = "not run: check_totals failed"});
    return verdict;
}

static void a_failing_dag_reads_as_in_the_golden_transcript(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene_play(&scene);
    Verdict verdict = daily_orders(*state);
    event_headline(&scene.ctx, "daily_orders · dags/orders.py:12 · 4 tasks");
    event_step_started(&scene.ctx, "host", "starting Python");
    for (size_t i = 0; i < verdict.cases.count; i++) event_test_case(&scene.ctx, &verdict.cases.items[i]);
    event_verdict(&scene.ctx, &verdict);
    assert_golden(*state, "test_dag_failed.txt", scene_close(&scene, NULL, 0));
}

static void a_verdict_without_earlier_events_prints_its_title_and_cases_itself(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene_play(&scene);
    Verdict verdict = daily_orders(*state);
    event_verdict(&scene.ctx, &verdict);
    assert_golden(*state, "test_dag_failed.txt", scene_close(&scene, NULL, 1));
}

// A watch: all is fine, a helper breaks a file, and mends it.
static void a_watch_reads_as_in_the_golden_transcript(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene_play(&scene);
    const Context *ctx = &scene.ctx;
    Verdict first = {.passed = 14, .duration_ms = 1200}, red = {.duration_ms = 160}, green = {.duration_ms = 150};
    TestCase broken = {.suite = "dags",
                       .name = "dags/orders.py",
                       .state = TEST_FAIL,
                       .duration_ms = 10,
                       .message = "ImportError: cannot import name 'cents' from 'helpers.money'"};
    list_push(*state, &broken.frames, (Frame){"dags/orders.py", 4, "<module>", "from helpers.money import cents", true});
    TestCase mended = {.suite = "dags", .name = "dags/orders.py", .duration_ms = 20, .summary = "daily_orders, 4 tasks"};
    verdict_add(*state, &red, &broken);
    verdict_add(*state, &green, &mended);
    event_headline(ctx, "my-platform · Airflow 2.10.3 · watching dags, plugins, dbt");
    event_round(ctx, &first);
    event_status(ctx, "watching dags, plugins, dbt · 09:12:44 passed in 1.20s · Ctrl-C ends");
    event_headline(ctx, "09:12:50 · dags/helpers/money.py saved");
    event_test_case(ctx, &broken);
    event_round(ctx, &red);
    event_headline(ctx, "09:13:02 · dags/helpers/money.py saved");
    event_test_case(ctx, &mended);
    event_round(ctx, &green);
    event_headline(ctx, "09:13:20 · requirements.txt saved");
    event_note(ctx, "  the next test installs what requirements.txt names now; for the running Airflow: devbox start");
    assert_golden(*state, "watch.txt", scene_close(&scene, NULL, 0));
}

static void a_stopped_push_reads_as_in_the_golden_transcript(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene_play(&scene);
    Verdict verdict = {.duration_ms = 1300,
                       .consequence = "push stopped",
                       .next = "run it: devbox test dags dags/refunds.py · push anyway: DEVBOX_SKIP=1 git push"};
    TestCase broken = {.suite = "dags",
                       .name = "dags/refunds.py",
                       .state = TEST_ERROR,
                       .duration_ms = 70,
                       .message = "ImportError: cannot import name 'round_up' from 'helpers.money'"};
    list_push(*state, &broken.frames, (Frame){"dags/refunds.py", 3, "<module>", "from helpers.money import round_up", true});
    verdict_add(*state, &verdict, &(TestCase){.suite = "dags", .name = "dags/orders.py", .duration_ms = 90});
    verdict_add(*state, &verdict, &broken);
    verdict_add(*state, &verdict,
                &(TestCase){.suite = "dbt", .name = "dbt stg_orders+", .duration_ms = 1200, .summary = "4 models, 11 tests"});
    event_headline(&scene.ctx, "devbox: 2 commits to origin/main · 3 of 214 DAGs and 4 of 87 models are affected");
    event_verdict(&scene.ctx, &verdict);
    assert_golden(*state, "push_stopped.txt", scene_close(&scene, NULL, 1));
}

static void a_dead_service_reads_as_in_the_golden_transcript_and_is_not_said_twice(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene_play(&scene);
    Error err = {.arena = *state};
    error_set(&err, ERROR_SERVICE, "exited (137) 12s after start: out of memory, limit 1.0 GB, restarted 2×");
    error_detail(&err, "08:12:44 Loaded 214 DAGs\n08:12:51 Executor reports task instance queued\n08:12:56 Killed\n");
    error_hint(&err, "Give it more: airflow.memory: 2g in devbox.yaml, or close something");
    event_headline(&scene.ctx, "my-platform · native · Airflow 2.10.3");
    event_step_done(&scene.ctx, "checks", 200, "memory, disk, ports");
    event_step_started(&scene.ctx, "scheduler", "waiting for its first heartbeat");
    event_step_failed(&scene.ctx, "scheduler", 12400, &err);
    error_wrap(&err, "scheduler");
    assert_golden(*state, "start_service_died.txt", scene_close(&scene, &err, 6));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(start_reads_as_in_the_golden_transcript),
        test_with_arena(a_taken_port_reads_as_in_the_golden_transcript),
        test_with_arena(restart_reads_as_in_the_golden_transcript),
        test_with_arena(a_failing_dag_reads_as_in_the_golden_transcript),
        test_with_arena(a_verdict_without_earlier_events_prints_its_title_and_cases_itself),
        test_with_arena(a_stopped_push_reads_as_in_the_golden_transcript),
        test_with_arena(a_watch_reads_as_in_the_golden_transcript),
        test_with_arena(a_dead_service_reads_as_in_the_golden_transcript_and_is_not_said_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
