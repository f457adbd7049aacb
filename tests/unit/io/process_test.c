#include "io/process.h"

#include "model/event.h"
#include "support/child_world.h"

static void run_returns_exit_code_and_both_streams(void **state) {
    ProcessSpec spec = child_world_spec(*state, "fail", "7");
    ProcessResult result = child_world_run(*state, &spec);
    assert_int_equal(result.outcome, PROCESS_EXITED);
    assert_int_equal(result.exit_code, 7);
    assert_string_equal(result.output, "on stdout\n");
    assert_string_equal(result.errors, "first reason\nlast reason\n");
    assert_false(result.is_truncated);
    assert_in_range(result.duration_ms, 0, 5000);
}

static void a_child_killed_by_a_signal_is_told_apart(void **state) {
    ChildWorld *world = *state;
    ProcessSpec spec = child_world_spec(world, "kill", "9");
    ProcessResult result = child_world_run(world, &spec);
    assert_int_equal(result.outcome, PROCESS_SIGNALED);
    assert_int_equal(result.signal, SIGKILL);
    assert_string_equal(process_describe(world->ctx.arena, &spec, &result), "devbox_test_child kill 9 (signal 9, Killed)");
}

static void children_run_side_by_side(void **state) {
    ChildWorld *world = *state;
    enum { COUNT = 3 };
    Process *processes[COUNT + 1] = {NULL};
    long long started = clock_now_ms();
    for (int i = 0; i < COUNT; i++) {
        ProcessSpec spec = child_world_spec(world, "sleep", "0.4");
        assert_true(process_start(&world->ctx, &spec, &processes[i], &world->err));
        assert_true(process_pid(processes[i]) > 1);
        assert_false(process_is_finished(processes[i], NULL));
    }
    for (int finished = 0; finished < COUNT;) {
        processes_poll(&world->ctx, processes, COUNT + 1, 1000);
        finished = 0;
        for (int i = 0; i < COUNT; i++) finished += process_is_finished(processes[i], NULL);
    }
    assert_in_range(clock_now_ms() - started, 390, 1100);
    processes_poll(&world->ctx, processes, COUNT + 1, 5000);
    assert_in_range(clock_now_ms() - started, 390, 1100);
}

static void check_turns_every_bad_end_into_an_error(void **state) {
    ChildWorld *world = *state;
    struct {
        const char *mode, *argument, *message, *detail;
        ErrorCode code;
    } rows[] = {
        {"fail", "4", "devbox_test_child fail 4 failed (exit code 4)", "first reason\nlast reason", ERROR_CHILD},
        {"kill", "11", "devbox_test_child kill 11 failed (signal 11, Segmentation fault)", NULL, ERROR_CHILD},
        {"sleep", "30", "devbox_test_child sleep 30 failed (stopped after 0.4s)", "ready", ERROR_TIMEOUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ProcessSpec spec = child_world_spec(world, rows[i].mode, rows[i].argument);
        if (rows[i].code == ERROR_TIMEOUT) spec.timeout_ms = 400;
        ProcessResult result;
        assert_false(process_check(&world->ctx, &spec, &result, &world->err));
        assert_int_equal(world->err.code, rows[i].code);
        assert_string_equal(world->err.message, rows[i].message);
        if (rows[i].detail == NULL) assert_null(world->err.detail);
        if (rows[i].detail != NULL) assert_string_equal(world->err.detail, rows[i].detail);
        error_clear(&world->err);
    }
    ProcessSpec spec = child_world_spec(world, "exit", "0");
    ProcessResult result;
    assert_true(process_check(&world->ctx, &spec, &result, &world->err));
    spec.argv = (const char *const[]){"/nowhere/program", NULL};
    assert_false(process_check(&world->ctx, &spec, &result, &world->err));
    child_world_cancel = 1;
    assert_false(process_check(&world->ctx, &spec, &result, &world->err));
    assert_int_equal(world->err.code, ERROR_INTERRUPTED);
}

static void a_long_command_is_shortened_in_messages(void **state) {
    ChildWorld *world = *state;
    const char *argv[] = {"/usr/bin/uv", "pip", "install", "a-very-long-argument-that-does-not-fit-on-one-line", "-r", NULL};
    ProcessSpec spec = {.argv = argv, .timeout_ms = 90000};
    ProcessResult result = {.outcome = PROCESS_EXITED, .exit_code = 2};
    assert_string_equal(process_describe(world->ctx.arena, &spec, &result), "uv pip install … (exit code 2)");
    result.outcome = PROCESS_TIMED_OUT;
    assert_string_equal(process_describe(world->ctx.arena, &spec, &result), "uv pip install … (stopped after 1m30s)");
    result.outcome = PROCESS_INTERRUPTED;
    assert_string_equal(process_describe(world->ctx.arena, &spec, &result), "uv pip install … (interrupted)");
}

static int tick_count;

static void count_ticks(EventSink *sink, const Event *event) {
    (void)sink;
    tick_count += event->kind == EVENT_TICK;
}

static void waiting_emits_ticks_but_a_flood_does_not_multiply_them(void **state) {
    ChildWorld *world = *state;
    EventSink sink = {count_ticks};
    world->ctx.sink = &sink;
    tick_count = 0;
    ProcessSpec spec = child_world_spec(world, "sleep", "0.5");
    child_world_run(world, &spec);
    assert_in_range(tick_count, 4, 9);
    tick_count = 0;
    spec = child_world_spec(world, "flood", "4000000");
    ProcessResult result = child_world_run(world, &spec);
    assert_in_range(tick_count, 1, result.duration_ms / 80 + 2);
}

// Services that wait for any child may take an exit status away.
static void a_stolen_exit_status_is_no_success(void **state) {
    ChildWorld *world = *state;
    Process *process;
    ProcessSpec spec = child_world_spec(world, "exit", "0");
    assert_true(process_start(&world->ctx, &spec, &process, &world->err));
    assert_int_equal(waitpid(process_pid(process), NULL, 0), process_pid(process));
    ProcessResult result;
    while (!process_is_finished(process, &result)) processes_poll(&world->ctx, &process, 1, 50);
    assert_int_equal(result.outcome, PROCESS_EXITED);
    assert_int_equal(result.exit_code, 255);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_children(run_returns_exit_code_and_both_streams),
        test_with_children(a_child_killed_by_a_signal_is_told_apart),
        test_with_children(children_run_side_by_side),
        test_with_children(check_turns_every_bad_end_into_an_error),
        test_with_children(a_long_command_is_shortened_in_messages),
        test_with_children(waiting_emits_ticks_but_a_flood_does_not_multiply_them),
        test_with_children(a_stolen_exit_status_is_no_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
