// fakes: clock
#include <errno.h>

#include "base/text.h"
#include "cli/sinks.h"
#include "fakes/fake_clock.h"
#include "io/terminal.h"
#include "support/golden.h"

// A sink whose two streams go into memory: `screen` holds both in order, as a terminal would show them.
typedef struct Scene {
    Arena *arena;
    SinkOptions options;
    Context ctx;
    char *screen;
    size_t length;
    FILE *file;
} Scene;

static void open_scene(Scene *scene, Arena *arena) {
    *scene = (Scene){.arena = arena};
    fake_clock_set(1000, 1000);
    scene->file = open_memstream(&scene->screen, &scene->length);
    assert_non_null(scene->file);
    scene->options = (SinkOptions){.arena = arena, .out = scene->file, .err = scene->file, .has_unicode = true, .width = 100};
    scene->ctx = (Context){.arena = arena};
}

static void play(Scene *scene) { scene->ctx.sink = sink_text_create(&scene->options); }

static const char *close_scene(Scene *scene, const Error *error, int exit_code) {
    assert_true(sink_finish(scene->ctx.sink, error, exit_code, 0));
    fclose(scene->file);
    const char *screen = arena_copy_string(scene->arena, scene->screen);
    free(scene->screen);
    return screen;
}

static const char *screen_so_far(Scene *scene) {
    fflush(scene->file);
    return arena_copy_bytes(scene->arena, scene->screen, scene->length);
}

static void show_text(const Context *ctx, const char *text) { event_result(ctx, &(Result){.text = text}); }

static void start_reads_as_in_the_golden_transcript(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    play(&scene);
    const Context *ctx = &scene.ctx;
    event_headline(ctx, "my-platform · docker (Docker Desktop 4.51, 8 CPUs, 15.6 GB) · Airflow 2.10.3");
    event_step_started(ctx, "checks", "looking around");
    event_step_done(ctx, "checks", 200, "engine, compose 2.40, memory, disk, ports");
    event_step_done(ctx, "sandbox", 12, "3 tables, 12,408 rows; seeds unchanged");
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
    show_text(ctx, "Airflow is ready: http://localhost:8080  admin / admin      (8080 was free)");
    assert_golden(*state, "start.txt", close_scene(&scene, NULL, 0));
}

static void a_taken_port_reads_as_in_the_golden_transcript(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    play(&scene);
    const Context *ctx = &scene.ctx;
    event_headline(ctx, "my-platform · native · Airflow 3.0.6");
    event_emit(ctx, &(Event){.kind = EVENT_WARNING,
                             .step = "airflow",
                             .text = "port 8080 is held by java (pid 4312, tomcat) → using 8081 from now on",
                             .hint = "to get it back: kill 4312"});
    event_step_done(ctx, "airflow", 7300, "14 DAGs from ./dags, live");
    event_warning(ctx, "take it out of env.pass in devbox.yaml", "children can see MY_API_KEY of your shell");
    show_text(ctx, "Airflow is ready: http://localhost:8081  admin / admin");
    assert_golden(*state, "start_port_taken.txt", close_scene(&scene, NULL, 0));
}

// Two restarts, one of a name that is none.
static void restart_reads_as_in_the_golden_transcript(void **state) {
    Scene scene;
    Error unknown = {.arena = *state};
    open_scene(&scene, *state);
    play(&scene);
    const Context *ctx = &scene.ctx;
    error_set(&unknown, ERROR_USAGE, "there is no service 'schedular'");
    error_hint(&unknown, "did you mean: devbox restart scheduler · there are: webserver, scheduler, dag-processor, triggerer");
    event_step_started(ctx, "airflow", "restarting");
    event_step_progress(ctx, "airflow", "restarting scheduler, dag-processor");
    fake_clock_advance(10001);
    event_tick(ctx);
    event_step_progress(ctx, "airflow", "waiting for scheduler");
    event_step_done(ctx, "airflow", 12400, "scheduler, dag-processor restarted, all is healthy");
    show_text(ctx, "Airflow is ready: http://localhost:8080  admin / admin");
    event_step_started(ctx, "airflow", "restarting");
    event_step_failed(ctx, "airflow", 0, &unknown);
    assert_golden(*state, "restart.txt", close_scene(&scene, &unknown, 2));
}

static TestCase failed_task(Arena *arena) {
    TestCase failed = {.suite = "dag",
                       .name = "check_totals",
                       .state = TEST_FAIL,
                       .duration_ms = 30,
                       .message = "AssertionError: empty day: 0",
                       .detail = "Traceback (most recent call last):\n  whole traceback",
                       .log_tail = "INFO - Task failed",
                       .log_path = ".devbox/logs/test/daily_orders/check_totals.log"};
    list_push(arena, &failed.frames, (Frame){"/venv/airflow/operators/python.py", 220, "execute", "return self.fn()", false});
    list_push(arena, &failed.frames, (Frame){"dags/orders.py", 41, "check_totals", "assert total > 0", true});
    list_push(arena, &failed.source, (SourceLine){40, "    total = sum(row[\"amount\"] for row in rows)", false});
    list_push(arena, &failed.source, (SourceLine){41, "    assert total > 0, f\"empty day: {total}\"", true});
    return failed;
}

static Verdict daily_orders(Arena *arena) {
    Verdict verdict = {.title = "daily_orders · dags/orders.py:12 · 4 tasks",
                       .duration_ms = 410,
                       .next = "again with a debugger: devbox test dag daily_orders --task check_totals --debug"};
    TestCase failed = failed_task(arena);
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
    open_scene(&scene, *state);
    play(&scene);
    Verdict verdict = daily_orders(*state);
    event_headline(&scene.ctx, "daily_orders · dags/orders.py:12 · 4 tasks");
    event_step_started(&scene.ctx, "host", "starting Python");
    for (size_t i = 0; i < verdict.cases.count; i++) event_test_case(&scene.ctx, &verdict.cases.items[i]);
    event_verdict(&scene.ctx, &verdict);
    assert_golden(*state, "test_dag_failed.txt", close_scene(&scene, NULL, 0));
}

static void a_verdict_without_earlier_events_prints_its_title_and_cases_itself(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    play(&scene);
    Verdict verdict = daily_orders(*state);
    event_verdict(&scene.ctx, &verdict);
    assert_golden(*state, "test_dag_failed.txt", close_scene(&scene, NULL, 1));
}

// A watch: all is fine, a helper breaks a file, and mends it.
static void a_watch_reads_as_in_the_golden_transcript(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    play(&scene);
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
    assert_golden(*state, "watch.txt", close_scene(&scene, NULL, 0));
}

static void a_terminal_keeps_the_status_as_its_last_line_while_nothing_runs(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    scene.options.is_interactive = true;
    scene.options.width = 30;
    play(&scene);
    event_status(&scene.ctx, "watching dags, plugins, dbt and more");
    assert_string_equal(screen_so_far(&scene), "  … watching dags, plugins, …\n");
    event_note(&scene.ctx, "news");
    assert_non_null(strstr(screen_so_far(&scene), "\033[1A\r\033[Jnews\n  … watching dags, plugins, …\n"));
    event_step_started(&scene.ctx, "dags", "importing");
    event_test_case(&scene.ctx, &(TestCase){.suite = "dags", .name = "dags", .duration_ms = 1});
    assert_true(text_ends_with(close_scene(&scene, NULL, 0), "  … watching dags, plugins, …\n\033[1A\r\033[J"));
}

static void a_stopped_push_reads_as_in_the_golden_transcript(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    play(&scene);
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
    assert_golden(*state, "push_stopped.txt", close_scene(&scene, NULL, 1));
}

static void a_dead_service_reads_as_in_the_golden_transcript_and_is_not_said_twice(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    play(&scene);
    Error err = {.arena = *state};
    error_set(&err, ERROR_SERVICE, "exited (137) 12s after start: out of memory, limit 1.0 GB, restarted 2×");
    error_detail(&err, "08:12:44 Loaded 214 DAGs\n08:12:51 Executor reports task instance queued\n08:12:56 Killed\n");
    error_hint(&err, "Give it more: airflow.memory: 2g in devbox.yaml, or close something");
    event_headline(&scene.ctx, "my-platform · native · Airflow 2.10.3");
    event_step_done(&scene.ctx, "checks", 200, "memory, disk, ports");
    event_step_started(&scene.ctx, "scheduler", "waiting for its first heartbeat");
    event_step_failed(&scene.ctx, "scheduler", 12400, &err);
    error_wrap(&err, "scheduler");
    assert_golden(*state, "start_service_died.txt", close_scene(&scene, &err, 6));
}

static void the_reason_comes_again_at_the_end_when_other_lines_followed_the_failed_step(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    play(&scene);
    Error err = {.arena = *state};
    error_set(&err, ERROR_SERVICE, "the scheduler exited");
    error_detail(&err, "its last line");
    error_hint(&err, "look: devbox logs scheduler");
    event_step_failed(&scene.ctx, "airflow", 100, &err);
    event_step_skipped(&scene.ctx, "dbt", "airflow failed");
    const char *screen = close_scene(&scene, &err, 6);
    assert_true(text_ends_with(screen, "devbox: the scheduler exited\n  look: devbox logs scheduler\n"));
    assert_null(strstr(strstr(screen, "its last line") + 1, "its last line"));
}

static void an_error_is_message_then_indented_detail_then_hint(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    play(&scene);
    Error err = {.arena = *state};
    error_set(&err, ERROR_CHILD, "uv pip install failed (exit code 2)");
    error_detail(&err, "line one\nline two");
    error_hint(&err, "try again: devbox start");
    const char *screen = close_scene(&scene, &err, 6);
    assert_string_equal(screen,
                        "devbox: uv pip install failed (exit code 2)\n"
                        "      | line one\n"
                        "      | line two\n"
                        "  try again: devbox start\n");
}

static void steps_that_never_ended_are_named_when_a_command_fails(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    play(&scene);
    Error err = {.arena = *state};
    error_set(&err, ERROR_INTERRUPTED, "interrupted");
    event_step_started(&scene.ctx, "airflow", "starting");
    const char *screen = close_scene(&scene, &err, 130);
    assert_string_equal(screen, "  · airflow             not finished\ndevbox: interrupted\n");
}

static void a_word_that_means_nothing_leaves_no_step_behind(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    play(&scene);
    Error err = {.arena = *state};
    error_set(&err, ERROR_USAGE, "no DAG has the id 'daily'");
    event_step_started(&scene.ctx, "daily", "importing Airflow");
    const char *screen = close_scene(&scene, &err, 2);
    assert_string_equal(screen, "devbox: no DAG has the id 'daily'\n");
}

static void results_go_to_out_and_progress_to_err(void **state) {
    char *out = NULL;
    size_t out_length = 0;
    Scene scene;
    open_scene(&scene, *state);
    scene.options.out = open_memstream(&out, &out_length);
    play(&scene);
    event_headline(&scene.ctx, "headline");
    event_step_done(&scene.ctx, "checks", 10, "fine");
    event_note(&scene.ctx, "note");
    event_warning(&scene.ctx, NULL, "warning");
    event_test_case(&scene.ctx, &(TestCase){.suite = "dags", .name = "a.py", .duration_ms = 10});
    event_verdict(&scene.ctx, &(Verdict){.duration_ms = 10, .passed = 1});
    event_line(&scene.ctx, "a log line");
    show_text(&scene.ctx, "a result");
    const char *err = close_scene(&scene, NULL, 0);
    fclose(scene.options.out);
    assert_string_equal(err, "headline\n  ✓ checks       0.0s   fine\nnote\n  ! warning\n");
    assert_string_equal(out, "  ✓ a.py                           0.01s\npassed in 0.01s: 1 passed\na log line\na result\n");
    free(out);
}

static void quiet_keeps_only_results_warnings_and_failures(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    scene.options.is_quiet = true;
    scene.options.is_interactive = true;
    play(&scene);
    Error err = {.arena = *state};
    error_set(&err, ERROR_SERVICE, "broken");
    Verdict verdict = {.duration_ms = 10};
    event_headline(&scene.ctx, "headline");
    event_step_started(&scene.ctx, "checks", "looking");
    event_step_done(&scene.ctx, "checks", 10, "fine");
    event_note(&scene.ctx, "note");
    event_warning(&scene.ctx, NULL, "warning");
    event_step_failed(&scene.ctx, "dbt", 10, &err);
    verdict_add(*state, &verdict, &(TestCase){.suite = "dags", .name = "a.py", .duration_ms = 10});
    verdict_add(*state, &verdict,
                &(TestCase){.suite = "dags", .name = "b.py", .state = TEST_FAIL, .duration_ms = 10, .message = "bad"});
    event_verdict(&scene.ctx, &verdict);
    assert_string_equal(close_scene(&scene, NULL, 1),
                        "  ! warning\n  ✗ dbt          0.0s   broken\n"
                        "  ✗ b.py                           0.01s   bad\nfailed in 0.01s: b.py: bad\n");
}

static void without_unicode_symbols_and_signs_become_ascii(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    scene.options.has_unicode = false;
    play(&scene);
    event_headline(&scene.ctx, "my-platform · native");
    event_step_done(&scene.ctx, "checks", 200, "8080 → 8081…");
    event_step_skipped(&scene.ctx, "dlt", "none");
    event_warning(&scene.ctx, NULL, "Müller restarted 2×");
    event_test_case(&scene.ctx,
                    &(TestCase){.suite = "dag", .name = "load", .state = TEST_FAIL, .duration_ms = 5, .message = "no"});
    assert_string_equal(close_scene(&scene, NULL, 0),
                        "my-platform - native\n  ok checks       0.2s   8080 -> 8081...\n  -  dlt                 none\n"
                        "  !  Müller restarted 2x\n  x  load               0.01s   no\n");
}

static void escape_sequences_of_others_do_not_reach_the_terminal(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    play(&scene);
    Error err = {.arena = *state};
    error_set(&err, ERROR_CHILD, "\033]0;title\abad\033[31m red\rx");
    error_detail(&err, "\033[2Jcleared\n\033[1mbold\033[0m");
    const char *screen = close_scene(&scene, &err, 6);
    assert_string_equal(screen, "devbox: bad redx\n      | cleared\n      | bold\n");
}

static void colours_are_used_only_when_asked_for(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    scene.options.has_colour = true;
    play(&scene);
    event_step_done(&scene.ctx, "checks", 200, "fine");
    event_test_case(&scene.ctx, &(TestCase){.suite = "dag", .name = "load", .duration_ms = 5});
    const char *screen = close_scene(&scene, NULL, 0);
    assert_non_null(strstr(screen, "\033[32m✓\033[0m checks"));
    assert_non_null(strstr(screen, "  ✓ load"));
}

static void a_running_step_is_drawn_at_once_and_redrawn_in_place(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    scene.options.is_interactive = true;
    play(&scene);
    event_step_started(&scene.ctx, "airbyte", "starting");
    assert_string_equal(screen_so_far(&scene), "  ⠋ airbyte      0.0s   starting\n");
    fake_clock_advance(79);
    event_tick(&scene.ctx);
    assert_string_equal(screen_so_far(&scene), "  ⠋ airbyte      0.0s   starting\n");
    fake_clock_advance(1000);
    event_step_progress(&scene.ctx, "airbyte", "7 of 11 pods");
    assert_true(text_ends_with(screen_so_far(&scene), "starting\n\033[1A\r\033[J  ⠙ airbyte      1.1s   7 of 11 pods\n"));
    event_step_done(&scene.ctx, "airbyte", 1079, "ready");
    const char *screen = close_scene(&scene, NULL, 0);
    assert_true(text_ends_with(screen, "7 of 11 pods\n\033[1A\r\033[J  ✓ airbyte      1.1s   ready\n"));
}

static void other_lines_stand_above_the_running_step(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    scene.options.is_interactive = true;
    play(&scene);
    event_step_started(&scene.ctx, "airflow", "starting");
    show_text(&scene.ctx, "a result");
    const char *screen = screen_so_far(&scene);
    assert_true(text_ends_with(screen, "\033[1A\r\033[Ja result\n  ⠙ airflow      0.0s   starting\n"));
    close_scene(&scene, NULL, 0);
}

static void a_test_case_ends_the_step_of_its_name_and_a_verdict_all_of_them(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    scene.options.is_interactive = true;
    play(&scene);
    event_step_started(&scene.ctx, "load", "");
    event_step_started(&scene.ctx, "check", "");
    event_test_case(&scene.ctx, &(TestCase){.suite = "dag", .name = "load", .duration_ms = 5});
    const char *screen = screen_so_far(&scene);
    assert_true(text_ends_with(screen, "\033[2A\r\033[J  ✓ load               0.01s\n  ⠹ check        0.0s\n"));
    event_verdict(&scene.ctx, &(Verdict){.duration_ms = 5, .passed = 1});
    screen = close_scene(&scene, NULL, 1);
    assert_true(text_ends_with(screen, "\033[1A\r\033[Jpassed in 0.01s: 1 passed\n"));
}

static void a_live_line_is_never_wider_than_the_terminal(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    scene.options.is_interactive = true;
    scene.options.width = 40;
    play(&scene);
    event_step_started(&scene.ctx, "airflow", "日本語の長い説明 that goes on and on and\nover lines \033[31mwith colours");
    StringList lines = text_split_lines(*state, screen_so_far(&scene));
    assert_int_equal(lines.count, 1);
    assert_in_range(text_display_width(lines.items[0]), 30, 39);
    assert_true(text_ends_with(lines.items[0], "…"));
    close_scene(&scene, NULL, 0);
}

static void more_steps_than_fit_are_not_all_drawn(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    scene.options.is_interactive = true;
    play(&scene);
    for (int i = 0; i < 12; i++) event_step_started(&scene.ctx, arena_format(*state, "step%d", i), "running");
    assert_null(strstr(screen_so_far(&scene), "step8"));
    assert_non_null(strstr(screen_so_far(&scene), "\033[8A"));
    close_scene(&scene, NULL, 0);
}

static void finished_lines_are_wrapped_on_a_terminal_and_left_whole_elsewhere(void **state) {
    for (int is_interactive = 0; is_interactive < 2; is_interactive++) {
        Scene scene;
        open_scene(&scene, *state);
        scene.options.is_interactive = is_interactive;
        scene.options.width = 42;
        play(&scene);
        event_step_done(&scene.ctx, "checks", 200, "engine and compose and memory");
        const char *expected = is_interactive ? "  ✓ checks       0.2s   engine and compose\n                        and memory\n"
                                              : "  ✓ checks       0.2s   engine and compose and memory\n";
        assert_string_equal(close_scene(&scene, NULL, 0), expected);
    }
}

static void tables_are_aligned_and_safe(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    play(&scene);
    Table table = {0};
    list_push((Arena *)*state, &table.columns, (TableColumn){"name", ALIGN_LEFT});
    list_push((Arena *)*state, &table.columns, (TableColumn){"rows", ALIGN_RIGHT});
    list_push((Arena *)*state, &table.columns, (TableColumn){"note", ALIGN_LEFT});
    table_add_row(*state, &table, (const char *[]){"orders", "12,408", "two\nlines"});
    table_add_row(*state, &table, (const char *[]){"日本", "3", ""});
    event_result(&scene.ctx, &(Result){.table = &table});
    assert_string_equal(close_scene(&scene, NULL, 0),
                        "name      rows  note\n"
                        "------  ------  ---------\n"
                        "orders  12,408  two lines\n"
                        "日本         3\n");
}

static void failing_rows_are_shown_as_a_small_table(void **state) {
    Arena *arena = *state;
    Scene scene;
    open_scene(&scene, arena);
    play(&scene);
    Value *rows = value_array(arena);
    for (int i = 0; i < 12; i++) {
        Value *row = value_object(arena);
        value_set_integer(arena, row, "order_id", i * 7);
        value_set_string(arena, row, "status", i == 0 ? NULL : "lost");
        value_append(arena, rows, row);
    }
    TestCase failed = {.suite = "dbt",
                       .name = "unique_fct_orders_order_id",
                       .state = TEST_FAIL,
                       .duration_ms = 30,
                       .summary = "12 rows",
                       .message = "Got 12 results, configured to fail if != 0",
                       .outputs = rows,
                       .query_path = ".devbox/dbt/target/compiled/unique.sql"};
    event_test_case(&scene.ctx, &failed);
    assert_golden(arena, "test_dbt_failed.txt", close_scene(&scene, NULL, 1));
}

static void verbose_adds_the_whole_traceback_and_the_log(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    scene.options.verbosity = 1;
    play(&scene);
    TestCase failed = failed_task(*state);
    event_test_case(&scene.ctx, &failed);
    const char *screen = close_scene(&scene, NULL, 1);
    assert_non_null(strstr(screen, "      Traceback (most recent call last):\n        whole traceback\n"));
    assert_non_null(strstr(screen, "      | INFO - Task failed\n"));
}

static void a_failure_without_user_frames_shows_its_detail_else_its_log(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    play(&scene);
    TestCase failed = {
        .suite = "dag", .name = "a", .state = TEST_ERROR, .duration_ms = 1, .message = "exited", .log_tail = "killed"};
    event_test_case(&scene.ctx, &failed);
    failed.name = "b";
    failed.detail = "compiler says no";
    event_test_case(&scene.ctx, &failed);
    assert_string_equal(close_scene(&scene, NULL, 1),
                        "  ✗ a                  0.00s   exited\n      | killed\n"
                        "  ✗ b                  0.00s   exited\n      compiler says no\n");
}

static TestCase failed_operator(Arena *arena) {
    TestCase failed = {
        .suite = "dag", .name = "load", .state = TEST_FAIL, .duration_ms = 30, .file = "dags/orders.py", .line = 7};
    failed.message = "AirflowException: exit code 7";
    failed.hint = "add it to requirements.txt";
    failed.detail = "File \"/venv/airflow/operators/bash.py\", line 276";
    failed.log_tail = "no space left";
    failed.log_path = "load.log";
    list_push(arena, &failed.frames, (Frame){"/venv/airflow/operators/bash.py", 276, "execute", "raise", false});
    list_push(arena, &failed.source, (SourceLine){7, "    BashOperator(task_id=\"load\")", true});
    return failed;
}

static void a_failure_in_airflow_s_code_shows_the_operator_and_what_the_task_wrote(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    play(&scene);
    TestCase failed = failed_operator(*state);
    event_test_case(&scene.ctx, &failed);
    assert_string_equal(close_scene(&scene, NULL, 1),
                        "  ✗ load               0.03s\n"
                        "      dags/orders.py:7\n"
                        "      > 7 |     BashOperator(task_id=\"load\")\n"
                        "      AirflowException: exit code 7\n"
                        "      add it to requirements.txt\n"
                        "      | no space left\n"
                        "      log: load.log\n");
}

static void more_words_show_the_traceback_through_airflow_s_code(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    scene.options.verbosity = 1;
    play(&scene);
    TestCase failed = failed_operator(*state);
    event_test_case(&scene.ctx, &failed);
    const char *screen = close_scene(&scene, NULL, 1);
    assert_non_null(strstr(screen, "      File \"/venv/airflow/operators/bash.py\", line 276\n      | no space left\n"));
}

static void trouble_is_told_apart_from_a_red_test(void **state) {
    Scene scene;
    open_scene(&scene, *state);
    play(&scene);
    event_verdict(&scene.ctx,
                  &(Verdict){.trouble = "Python did not start", .is_inconclusive = true, .next = "look: devbox doctor"});
    assert_string_equal(close_scene(&scene, NULL, 6), "could not test: Python did not start · look: devbox doctor\n");
}

static void a_full_disk_is_noticed(void **state) {
    FILE *full = fopen("/dev/full", "w");
    if (full == NULL) skip();
    Scene scene;
    open_scene(&scene, *state);
    scene.options.out = full;
    play(&scene);
    show_text(&scene.ctx, "a result");
    assert_false(sink_finish(scene.ctx.sink, NULL, 0, 0));
    fclose(full);
    fclose(scene.file);
    free(scene.screen);
}

static ssize_t refuse_with_broken_pipe(void *cookie, const char *bytes, size_t length) {
    (void)cookie;
    (void)bytes;
    (void)length;
    errno = EPIPE;
    return -1;
}

static void many_findings_of_a_kind_are_folded_unless_asked_for(void **state) {
    static const char few[] =
        "  ! dags/a.py:1 moved\n      import it from elsewhere\n  ! dags/a.py:2 moved\n  ! dags/a.py:3 moved\n";
    static const struct {
        int verbosity;
        const char *rest;
    } rows[] = {{0, "  ! 2 more of the kind AIR302 (-v lists them)\n"}, {1, "  ! dags/a.py:4 moved\n  ! dags/a.py:5 moved\n"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Scene scene;
        open_scene(&scene, *state);
        scene.options.verbosity = rows[i].verbosity;
        play(&scene);
        for (int line = 1; line <= 5; line++) {
            Finding finding = {
                .code = "AIR302", .file = "dags/a.py", .line = line, .message = "moved", .hint = "import it from elsewhere"};
            event_finding(&scene.ctx, &finding);
        }
        event_verdict(&scene.ctx, &(Verdict){0});
        const char *screen = close_scene(&scene, NULL, 0);
        assert_string_equal(screen, arena_format(*state, "%s%spassed in 0.00s: nothing to test\n", few, rows[i].rest));
    }
}

static void a_reader_that_left_ends_the_stream_silently(void **state) {
    volatile sig_atomic_t cancel = 0;
    FILE *pipe = fopencookie(NULL, "w", (cookie_io_functions_t){.write = refuse_with_broken_pipe});
    Scene scene;
    open_scene(&scene, *state);
    scene.options.out = pipe;
    scene.options.cancel = &cancel;
    play(&scene);
    event_line(&scene.ctx, "first");
    event_line(&scene.ctx, "second");
    assert_int_equal(cancel, 1);
    Error err = {.arena = *state};
    error_set(&err, ERROR_INTERRUPTED, "interrupted");
    assert_string_equal(close_scene(&scene, &err, 130), "");
    fclose(pipe);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(many_findings_of_a_kind_are_folded_unless_asked_for),
        test_with_arena(start_reads_as_in_the_golden_transcript),
        test_with_arena(a_taken_port_reads_as_in_the_golden_transcript),
        test_with_arena(restart_reads_as_in_the_golden_transcript),
        test_with_arena(a_failing_dag_reads_as_in_the_golden_transcript),
        test_with_arena(a_verdict_without_earlier_events_prints_its_title_and_cases_itself),
        test_with_arena(a_stopped_push_reads_as_in_the_golden_transcript),
        test_with_arena(a_watch_reads_as_in_the_golden_transcript),
        test_with_arena(a_terminal_keeps_the_status_as_its_last_line_while_nothing_runs),
        test_with_arena(a_dead_service_reads_as_in_the_golden_transcript_and_is_not_said_twice),
        test_with_arena(the_reason_comes_again_at_the_end_when_other_lines_followed_the_failed_step),
        test_with_arena(an_error_is_message_then_indented_detail_then_hint),
        test_with_arena(steps_that_never_ended_are_named_when_a_command_fails),
        test_with_arena(a_word_that_means_nothing_leaves_no_step_behind),
        test_with_arena(results_go_to_out_and_progress_to_err),
        test_with_arena(quiet_keeps_only_results_warnings_and_failures),
        test_with_arena(without_unicode_symbols_and_signs_become_ascii),
        test_with_arena(escape_sequences_of_others_do_not_reach_the_terminal),
        test_with_arena(colours_are_used_only_when_asked_for),
        test_with_arena(a_running_step_is_drawn_at_once_and_redrawn_in_place),
        test_with_arena(other_lines_stand_above_the_running_step),
        test_with_arena(a_test_case_ends_the_step_of_its_name_and_a_verdict_all_of_them),
        test_with_arena(a_live_line_is_never_wider_than_the_terminal),
        test_with_arena(more_steps_than_fit_are_not_all_drawn),
        test_with_arena(finished_lines_are_wrapped_on_a_terminal_and_left_whole_elsewhere),
        test_with_arena(tables_are_aligned_and_safe),
        test_with_arena(failing_rows_are_shown_as_a_small_table),
        test_with_arena(verbose_adds_the_whole_traceback_and_the_log),
        test_with_arena(a_failure_without_user_frames_shows_its_detail_else_its_log),
        test_with_arena(a_failure_in_airflow_s_code_shows_the_operator_and_what_the_task_wrote),
        test_with_arena(more_words_show_the_traceback_through_airflow_s_code),
        test_with_arena(trouble_is_told_apart_from_a_red_test),
        test_with_arena(a_full_disk_is_noticed),
        test_with_arena(a_reader_that_left_ends_the_stream_silently),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
