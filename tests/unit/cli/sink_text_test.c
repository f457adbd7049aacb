// fakes: clock
#include <errno.h>

#include "base/text.h"
#include "support/scene.h"

static void the_reason_comes_again_at_the_end_when_other_lines_followed_the_failed_step(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene_play(&scene);
    Error err = {.arena = *state};
    error_set(&err, ERROR_SERVICE, "the scheduler exited");
    error_detail(&err, "its last line");
    error_hint(&err, "look: devbox logs scheduler");
    event_step_failed(&scene.ctx, "airflow", 100, &err);
    event_step_skipped(&scene.ctx, "dbt", "airflow failed");
    const char *screen = scene_close(&scene, &err, 6);
    assert_true(text_ends_with(screen, "devbox: the scheduler exited\n  look: devbox logs scheduler\n"));
    assert_null(strstr(strstr(screen, "its last line") + 1, "its last line"));
}

static void an_error_is_message_then_indented_detail_then_hint(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene_play(&scene);
    Error err = {.arena = *state};
    error_set(&err, ERROR_CHILD, "uv pip install failed (exit code 2)");
    error_detail(&err, "line one\nline two");
    error_hint(&err, "try again: devbox start");
    const char *screen = scene_close(&scene, &err, 6);
    assert_string_equal(screen,
                        "devbox: uv pip install failed (exit code 2)\n"
                        "      | line one\n"
                        "      | line two\n"
                        "  try again: devbox start\n");
}

static void results_go_to_out_and_progress_to_err(void **state) {
    char *out = NULL;
    size_t out_length = 0;
    Scene scene;
    scene_open(&scene, *state);
    scene.options.out = open_memstream(&out, &out_length);
    scene_play(&scene);
    event_headline(&scene.ctx, "headline");
    event_step_done(&scene.ctx, "checks", 10, "fine");
    event_note(&scene.ctx, "note");
    event_warning(&scene.ctx, NULL, "warning");
    event_test_case(&scene.ctx, &(TestCase){.suite = "dags", .name = "a.py", .duration_ms = 10});
    event_verdict(&scene.ctx, &(Verdict){.duration_ms = 10, .passed = 1});
    event_line(&scene.ctx, "a log line");
    scene_show_text(&scene.ctx, "a result");
    const char *err = scene_close(&scene, NULL, 0);
    fclose(scene.options.out);
    assert_string_equal(err, "headline\n  ✓ checks       0.0s   fine\nnote\n  ! warning\n");
    assert_string_equal(out, "  ✓ a.py                           0.01s\npassed in 0.01s: 1 passed\na log line\na result\n");
    free(out);
}

static void quiet_keeps_only_results_warnings_and_failures(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene.options.is_quiet = true;
    scene.options.is_interactive = true;
    scene_play(&scene);
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
    assert_string_equal(scene_close(&scene, NULL, 1),
                        "  ! warning\n  ✗ dbt          0.0s   broken\n"
                        "  ✗ b.py                           0.01s   bad\nfailed in 0.01s: b.py: bad\n");
}

static void without_unicode_symbols_and_signs_become_ascii(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene.options.has_unicode = false;
    scene_play(&scene);
    event_headline(&scene.ctx, "my-platform · native");
    event_step_done(&scene.ctx, "checks", 200, "8080 → 8081…");
    event_step_skipped(&scene.ctx, "dlt", "none");
    event_warning(&scene.ctx, NULL, "Müller restarted 2×");
    event_test_case(&scene.ctx,
                    &(TestCase){.suite = "dag", .name = "load", .state = TEST_FAIL, .duration_ms = 5, .message = "no"});
    assert_string_equal(scene_close(&scene, NULL, 0),
                        "my-platform - native\n  ok checks       0.2s   8080 -> 8081...\n  -  dlt                 none\n"
                        "  !  Müller restarted 2x\n  x  load               0.01s   no\n");
}

static void escape_sequences_of_others_do_not_reach_the_terminal(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene_play(&scene);
    Error err = {.arena = *state};
    error_set(&err, ERROR_CHILD, "\033]0;title\abad\033[31m red\rx");
    error_detail(&err, "\033[2Jcleared\n\033[1mbold\033[0m");
    const char *screen = scene_close(&scene, &err, 6);
    assert_string_equal(screen, "devbox: bad redx\n      | cleared\n      | bold\n");
}

static void colours_are_used_only_when_asked_for(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene.options.has_colour = true;
    scene_play(&scene);
    event_step_done(&scene.ctx, "checks", 200, "fine");
    event_test_case(&scene.ctx, &(TestCase){.suite = "dag", .name = "load", .duration_ms = 5});
    const char *screen = scene_close(&scene, NULL, 0);
    assert_non_null(strstr(screen, "\033[32m✓\033[0m checks"));
    assert_non_null(strstr(screen, "  ✓ load"));
}

static void finished_lines_are_wrapped_on_a_terminal_and_left_whole_elsewhere(void **state) {
    for (int is_interactive = 0; is_interactive < 2; is_interactive++) {
        Scene scene;
        scene_open(&scene, *state);
        scene.options.is_interactive = is_interactive;
        scene.options.width = 42;
        scene_play(&scene);
        event_step_done(&scene.ctx, "checks", 200, "engine and compose and memory");
        const char *expected = is_interactive ? "  ✓ checks       0.2s   engine and compose\n                        and memory\n"
                                              : "  ✓ checks       0.2s   engine and compose and memory\n";
        assert_string_equal(scene_close(&scene, NULL, 0), expected);
    }
}

static void tables_are_aligned_and_safe(void **state) {
    Scene scene;
    scene_open(&scene, *state);
    scene_play(&scene);
    Table table = {0};
    list_push((Arena *)*state, &table.columns, (TableColumn){"name", ALIGN_LEFT});
    list_push((Arena *)*state, &table.columns, (TableColumn){"rows", ALIGN_RIGHT});
    list_push((Arena *)*state, &table.columns, (TableColumn){"note", ALIGN_LEFT});
    table_add_row(*state, &table, (const char *[]){"orders", "12,408", "two\nlines"});
    table_add_row(*state, &table, (const char *[]){"日本", "3", ""});
    event_result(&scene.ctx, &(Result){.table = &table});
    assert_string_equal(scene_close(&scene, NULL, 0),
                        "name      rows  note\n"
                        "------  ------  ---------\n"
                        "orders  12,408  two lines\n"
                        "日本         3\n");
}

static void a_full_disk_is_noticed(void **state) {
    FILE *full = fopen("/dev/full", "w");
    if (full == NULL) skip();
    Scene scene;
    scene_open(&scene, *state);
    scene.options.out = full;
    scene_play(&scene);
    scene_show_text(&scene.ctx, "a result");
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
        scene_open(&scene, *state);
        scene.options.verbosity = rows[i].verbosity;
        scene_play(&scene);
        for (int line = 1; line <= 5; line++) {
            Finding finding = {
                .code = "AIR302", .file = "dags/a.py", .line = line, .message = "moved", .hint = "import it from elsewhere"};
            event_finding(&scene.ctx, &finding);
        }
        event_verdict(&scene.ctx, &(Verdict){0});
        const char *screen = scene_close(&scene, NULL, 0);
        assert_string_equal(screen, arena_format(*state, "%s%spassed in 0.00s: nothing to test\n", few, rows[i].rest));
    }
}

static void a_reader_that_left_ends_the_stream_silently(void **state) {
    volatile sig_atomic_t cancel = 0;
    FILE *pipe = fopencookie(NULL, "w", (cookie_io_functions_t){.write = refuse_with_broken_pipe});
    Scene scene;
    scene_open(&scene, *state);
    scene.options.out = pipe;
    scene.options.cancel = &cancel;
    scene_play(&scene);
    event_line(&scene.ctx, "first");
    event_line(&scene.ctx, "second");
    assert_int_equal(cancel, 1);
    Error err = {.arena = *state};
    error_set(&err, ERROR_INTERRUPTED, "interrupted");
    assert_string_equal(scene_close(&scene, &err, 130), "");
    fclose(pipe);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(many_findings_of_a_kind_are_folded_unless_asked_for),
        test_with_arena(the_reason_comes_again_at_the_end_when_other_lines_followed_the_failed_step),
        test_with_arena(an_error_is_message_then_indented_detail_then_hint),
        test_with_arena(results_go_to_out_and_progress_to_err),
        test_with_arena(quiet_keeps_only_results_warnings_and_failures),
        test_with_arena(without_unicode_symbols_and_signs_become_ascii),
        test_with_arena(escape_sequences_of_others_do_not_reach_the_terminal),
        test_with_arena(colours_are_used_only_when_asked_for),
        test_with_arena(finished_lines_are_wrapped_on_a_terminal_and_left_whole_elsewhere),
        test_with_arena(tables_are_aligned_and_safe),
        test_with_arena(a_full_disk_is_noticed),
        test_with_arena(a_reader_that_left_ends_the_stream_silently),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
