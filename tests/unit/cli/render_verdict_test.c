// fakes: clock
#include "cli/render_verdict.h"

#include "support/golden.h"
#include "support/scene.h"

static void failing_rows_are_shown_as_a_small_table(void **state) {
    Arena *arena = *state;
    Scene scene;
    scene_open(&scene, arena);
    scene_play(&scene);
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
    assert_golden(arena, "test_dbt_failed.txt", scene_close(&scene, NULL, 1));
}

static void verbose_adds_the_whole_traceback_and_the_log(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene.options.verbosity = 1;
    scene_play(&scene);
    TestCase failed = scene_failed_task(*state);
    event_test_case(&scene.ctx, &failed);
    const char *screen = scene_close(&scene, NULL, 1);
    assert_non_null(strstr(screen, "      Traceback (most recent call last):\n        whole traceback\n"));
    assert_non_null(strstr(screen, "      | INFO - Task failed\n"));
}

static void a_failure_without_user_frames_shows_its_detail_else_its_log(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene_play(&scene);
    TestCase failed = {
        .suite = "dag", .name = "a", .state = TEST_ERROR, .duration_ms = 1, .message = "exited", .log_tail = "killed"};
    event_test_case(&scene.ctx, &failed);
    failed.name = "b";
    failed.detail = "compiler says no";
    event_test_case(&scene.ctx, &failed);
    assert_string_equal(scene_close(&scene, NULL, 1),
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
    scene_open(&scene, *state);
    scene_play(&scene);
    TestCase failed = failed_operator(*state);
    event_test_case(&scene.ctx, &failed);
    assert_string_equal(scene_close(&scene, NULL, 1),
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
    scene_open(&scene, *state);
    scene.options.verbosity = 1;
    scene_play(&scene);
    TestCase failed = failed_operator(*state);
    event_test_case(&scene.ctx, &failed);
    const char *screen = scene_close(&scene, NULL, 1);
    assert_non_null(strstr(screen, "      File \"/venv/airflow/operators/bash.py\", line 276\n      | no space left\n"));
}

static void trouble_is_told_apart_from_a_red_test(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene_play(&scene);
    event_verdict(&scene.ctx,
                  &(Verdict){.trouble = "Python did not start", .is_inconclusive = true, .next = "look: devbox doctor"});
    assert_string_equal(scene_close(&scene, NULL, 6), "could not test: Python did not start · look: devbox doctor\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(failing_rows_are_shown_as_a_small_table),
        test_with_arena(verbose_adds_the_whole_traceback_and_the_log),
        test_with_arena(a_failure_without_user_frames_shows_its_detail_else_its_log),
        test_with_arena(a_failure_in_airflow_s_code_shows_the_operator_and_what_the_task_wrote),
        test_with_arena(more_words_show_the_traceback_through_airflow_s_code),
        test_with_arena(trouble_is_told_apart_from_a_red_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
