// fakes: clock
#include "cli/live_steps.h"

#include "base/text.h"
#include "io/terminal.h"
#include "support/scene.h"

static const char *screen_so_far(Scene *scene) {
    fflush(scene->file);
    return arena_copy_bytes(scene->arena, scene->screen, scene->length);
}

static void a_terminal_keeps_the_status_as_its_last_line_while_nothing_runs(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene.options.is_interactive = true;
    scene.options.width = 30;
    scene_play(&scene);
    event_status(&scene.ctx, "watching dags, plugins, dbt and more");
    assert_string_equal(screen_so_far(&scene), "  … watching dags, plugins, …\n");
    event_note(&scene.ctx, "news");
    assert_non_null(strstr(screen_so_far(&scene), "\033[1A\r\033[Jnews\n  … watching dags, plugins, …\n"));
    event_step_started(&scene.ctx, "dags", "importing");
    event_test_case(&scene.ctx, &(TestCase){.suite = "dags", .name = "dags", .duration_ms = 1});
    assert_true(text_ends_with(scene_close(&scene, NULL, 0), "  … watching dags, plugins, …\n\033[1A\r\033[J"));
}

static void steps_that_never_ended_are_named_when_a_command_fails(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene_play(&scene);
    Error err = {.arena = *state};
    error_set(&err, ERROR_INTERRUPTED, "interrupted");
    event_step_started(&scene.ctx, "airflow", "starting");
    const char *screen = scene_close(&scene, &err, 130);
    assert_string_equal(screen, "  · airflow             not finished\ndevbox: interrupted\n");
}

static void a_word_that_means_nothing_leaves_no_step_behind(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene_play(&scene);
    Error err = {.arena = *state};
    error_set(&err, ERROR_USAGE, "no DAG has the id 'daily'");
    event_step_started(&scene.ctx, "daily", "importing Airflow");
    const char *screen = scene_close(&scene, &err, 2);
    assert_string_equal(screen, "devbox: no DAG has the id 'daily'\n");
}

static void a_running_step_is_drawn_at_once_and_redrawn_in_place(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene.options.is_interactive = true;
    scene_play(&scene);
    event_step_started(&scene.ctx, "airbyte", "starting");
    assert_string_equal(screen_so_far(&scene), "  ⠋ airbyte      0.0s   starting\n");
    fake_clock_advance(79);
    event_tick(&scene.ctx);
    assert_string_equal(screen_so_far(&scene), "  ⠋ airbyte      0.0s   starting\n");
    fake_clock_advance(1000);
    event_step_progress(&scene.ctx, "airbyte", "7 of 11 pods");
    assert_true(text_ends_with(screen_so_far(&scene), "starting\n\033[1A\r\033[J  ⠙ airbyte      1.1s   7 of 11 pods\n"));
    event_step_done(&scene.ctx, "airbyte", 1079, "ready");
    const char *screen = scene_close(&scene, NULL, 0);
    assert_true(text_ends_with(screen, "7 of 11 pods\n\033[1A\r\033[J  ✓ airbyte      1.1s   ready\n"));
}

static void other_lines_stand_above_the_running_step(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene.options.is_interactive = true;
    scene_play(&scene);
    event_step_started(&scene.ctx, "airflow", "starting");
    scene_show_text(&scene.ctx, "a result");
    const char *screen = screen_so_far(&scene);
    assert_true(text_ends_with(screen, "\033[1A\r\033[Ja result\n  ⠙ airflow      0.0s   starting\n"));
    scene_close(&scene, NULL, 0);
}

static void a_test_case_ends_the_step_of_its_name_and_a_verdict_all_of_them(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene.options.is_interactive = true;
    scene_play(&scene);
    event_step_started(&scene.ctx, "load", "");
    event_step_started(&scene.ctx, "check", "");
    event_test_case(&scene.ctx, &(TestCase){.suite = "dag", .name = "load", .duration_ms = 5});
    const char *screen = screen_so_far(&scene);
    assert_true(text_ends_with(screen, "\033[2A\r\033[J  ✓ load               0.01s\n  ⠹ check        0.0s\n"));
    event_verdict(&scene.ctx, &(Verdict){.duration_ms = 5, .passed = 1});
    screen = scene_close(&scene, NULL, 1);
    assert_true(text_ends_with(screen, "\033[1A\r\033[Jpassed in 0.01s: 1 passed\n"));
}

static void a_live_line_is_never_wider_than_the_terminal(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene.options.is_interactive = true;
    scene.options.width = 40;
    scene_play(&scene);
    event_step_started(&scene.ctx, "airflow", "日本語の長い説明 that goes on and on and\nover lines \033[31mwith colours");
    StringList lines = text_split_lines(*state, screen_so_far(&scene));
    assert_int_equal(lines.count, 1);
    assert_in_range(text_display_width(lines.items[0]), 30, 39);
    assert_true(text_ends_with(lines.items[0], "…"));
    scene_close(&scene, NULL, 0);
}

static void more_steps_than_fit_are_not_all_drawn(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene.options.is_interactive = true;
    scene_play(&scene);
    for (int i = 0; i < 12; i++) event_step_started(&scene.ctx, arena_format(*state, "step%d", i), "running");
    assert_null(strstr(screen_so_far(&scene), "step8"));
    assert_non_null(strstr(screen_so_far(&scene), "\033[8A"));
    scene_close(&scene, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(a_terminal_keeps_the_status_as_its_last_line_while_nothing_runs),
        test_with_arena(steps_that_never_ended_are_named_when_a_command_fails),
        test_with_arena(a_word_that_means_nothing_leaves_no_step_behind),
        test_with_arena(a_running_step_is_drawn_at_once_and_redrawn_in_place),
        test_with_arena(other_lines_stand_above_the_running_step),
        test_with_arena(a_test_case_ends_the_step_of_its_name_and_a_verdict_all_of_them),
        test_with_arena(a_live_line_is_never_wider_than_the_terminal),
        test_with_arena(more_steps_than_fit_are_not_all_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
