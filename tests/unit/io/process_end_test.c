#include "io/process.h"

#include "io/platform.h"
#include "io/signals.h"
#include "support/child_world.h"

static bool is_alive(ChildWorld *world, pid_t pid) {
    ProcessInfo info;
    return platform_process_info(world->ctx.arena, pid, &info) && !info.is_zombie;
}

static void a_child_that_ignores_term_is_killed_after_the_grace(void **state) {
    ProcessSpec spec = child_world_spec(*state, "ignore-term", "30");
    spec.timeout_ms = 200;
    spec.grace_ms = 150;
    ProcessResult result = child_world_run(*state, &spec);
    assert_int_equal(result.outcome, PROCESS_TIMED_OUT);
    assert_int_equal(result.signal, SIGKILL);
    assert_string_equal(result.output, "ready\n");
    assert_in_range(result.duration_ms, 340, 3000);
}

static void a_child_may_use_its_grace_to_say_goodbye(void **state) {
    ProcessSpec spec = child_world_spec(*state, "answer-term", "30");
    spec.timeout_ms = 300;
    ProcessResult result = child_world_run(*state, &spec);
    assert_int_equal(result.outcome, PROCESS_TIMED_OUT);
    assert_int_equal(result.exit_code, 3);
    assert_string_equal(result.output, "ready\ngoodbye\n");
    assert_in_range(result.duration_ms, 290, 1900);
}

static void a_grandchild_that_holds_the_pipe_delays_little(void **state) {
    static const char *const modes[] = {"grandchild", "stray-grandchild"};
    ChildWorld *world = *state;
    for (int i = 0; i < 2; i++) {
        ProcessSpec spec = child_world_spec(world, modes[i], "30");
        long long started = clock_now_ms();
        ProcessResult result = child_world_run(world, &spec);
        assert_in_range(clock_now_ms() - started, 200, 3000);
        assert_int_equal(result.outcome, PROCESS_EXITED);
        assert_int_equal(result.exit_code, 0);
        pid_t grandchild = child_world_first_number(result.output);
        assert_true(is_alive(world, grandchild));
        kill(grandchild, SIGKILL);
    }
}

static void a_timeout_ends_the_whole_group(void **state) {
    ChildWorld *world = *state;
    ProcessSpec spec = child_world_spec(world, "stubborn-grandchild", "30");
    spec.timeout_ms = 300;
    spec.grace_ms = 200;
    ProcessResult result = child_world_run(world, &spec);
    assert_int_equal(result.outcome, PROCESS_TIMED_OUT);
    pid_t grandchild = child_world_first_number(result.output);
    assert_true(grandchild > 1);
    assert_false(is_alive(world, grandchild));
}

static ProcessResult run_and_cancel(ChildWorld *world, const char *mode, int cancel_by) {
    ChildLines lines = {.seen = {.arena = world->ctx.arena}, .cancel_at = "ready", .cancel_by = cancel_by};
    ProcessSpec spec = child_world_spec(world, mode, "30");
    spec.on_output = child_world_on_output;
    spec.handler_state = &lines;
    spec.grace_ms = cancel_by > 1 ? 20000 : 200;
    return child_world_run(world, &spec);
}

static void an_interruption_asks_the_child_to_end(void **state) {
    ProcessResult result = run_and_cancel(*state, "answer-term", 1);
    assert_int_equal(result.outcome, PROCESS_INTERRUPTED);
    assert_int_equal(result.exit_code, 3);
}

static void an_interruption_does_not_wait_for_a_stubborn_child(void **state) {
    ProcessResult result = run_and_cancel(*state, "ignore-term", 1);
    assert_int_equal(result.outcome, PROCESS_INTERRUPTED);
    assert_int_equal(result.signal, SIGKILL);
}

static void a_second_interruption_kills_at_once(void **state) {
    ProcessResult result = run_and_cancel(*state, "ignore-term", 2);
    assert_int_equal(result.outcome, PROCESS_INTERRUPTED);
    assert_int_equal(result.signal, SIGKILL);
    assert_in_range(result.duration_ms, 0, 3000);
}

static ProcessResult run_and_force(ChildWorld *world, const char *mode) {
    ChildLines lines = {.seen = {.arena = world->ctx.arena}, .cancel_at = "ready", .cancel_by = 2};
    ProcessSpec spec = child_world_spec(world, mode, "30");
    spec.on_output = child_world_on_output;
    spec.handler_state = &lines;
    spec.grace_ms = 20000;
    spec.forced_grace_ms = 500;
    child_world_cancel = 0;
    return child_world_run(world, &spec);
}

static void another_devbox_is_told_twice_before_it_is_killed(void **state) {
    ProcessResult result = run_and_force(*state, "answer-second-term");
    assert_int_equal(result.outcome, PROCESS_INTERRUPTED);
    assert_int_equal(result.exit_code, 3);
    result = run_and_force(*state, "ignore-term");
    assert_int_equal(result.signal, SIGKILL);
    assert_in_range(result.duration_ms, 0, 5000);
}

static void after_an_interruption_nothing_is_started(void **state) {
    ChildWorld *world = *state;
    ProcessSpec spec = child_world_spec(world, "lines", NULL);
    child_world_cancel = 1;
    ProcessResult result = child_world_run(world, &spec);
    assert_int_equal(result.outcome, PROCESS_INTERRUPTED);
    assert_string_equal(result.output, "");
}

static void polling_returns_after_its_wait(void **state) {
    ChildWorld *world = *state;
    Process *process;
    ProcessSpec spec = child_world_spec(world, "sleep", "30");
    assert_true(process_start(&world->ctx, &spec, &process, &world->err));
    for (int i = 0; i < 20 && !process_is_finished(process, NULL); i++) processes_poll(&world->ctx, &process, 1, 10);
    assert_false(process_is_finished(process, NULL));
    process_stop(&world->ctx, process);
    ProcessResult result;
    assert_true(process_is_finished(process, &result));
    assert_int_equal(result.outcome, PROCESS_SIGNALED);
    assert_int_equal(result.signal, SIGTERM);
    process_stop(&world->ctx, process);
    process_stop(&world->ctx, NULL);
}

static void stopping_a_stubborn_group_leaves_nobody(void **state) {
    ChildWorld *world = *state;
    Process *process;
    ProcessSpec spec = child_world_spec(world, "stubborn-grandchild", "30");
    ChildLines lines = {.seen = {.arena = world->ctx.arena}};
    spec.on_output = child_world_on_output;
    spec.handler_state = &lines;
    spec.grace_ms = 200;
    assert_true(process_start(&world->ctx, &spec, &process, &world->err));
    while (lines.count == 0) processes_poll(&world->ctx, &process, 1, 100);
    process_stop(&world->ctx, process);
    assert_false(is_alive(world, process_pid(process)));
    assert_false(is_alive(world, child_world_first_number(text_string(&lines.seen) + 1)));
}

// Runs a foreground child in a process of its own that gets `signal_number`; true when the end was the expected one.
static int run_foreground_under_signal(ChildWorld *world, const ProcessSpec *spec, int signal_number) {
    int ends[2], status;
    char word[16];
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        world->ctx.cancel = signals_install();
        ProcessResult result = {0};
        if (!process_run(&world->ctx, spec, &result, &world->err)) _exit(99);
        _exit((int)result.outcome * 10 + result.exit_code);
    }
    assert_int_equal(read(ends[0], word, sizeof word), 6);
    kill(pid, signal_number);
    waitpid(pid, &status, 0);
    close(ends[0]);
    close(ends[1]);
    return WEXITSTATUS(status);
}

static void in_the_foreground_term_is_handed_on_but_not_ctrl_c(void **state) {
    ProcessSpec spec = child_world_spec(*state, "answer-term", "0.5");
    spec.is_foreground = true;
    spec.timeout_ms = 0;
    assert_int_equal(run_foreground_under_signal(*state, &spec, SIGTERM), PROCESS_INTERRUPTED * 10 + 3);
    assert_int_equal(run_foreground_under_signal(*state, &spec, SIGINT), PROCESS_EXITED * 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_children(a_child_that_ignores_term_is_killed_after_the_grace),
        test_with_children(a_child_may_use_its_grace_to_say_goodbye),
        test_with_children(a_grandchild_that_holds_the_pipe_delays_little),
        test_with_children(a_timeout_ends_the_whole_group),
        test_with_children(an_interruption_asks_the_child_to_end),
        test_with_children(an_interruption_does_not_wait_for_a_stubborn_child),
        test_with_children(a_second_interruption_kills_at_once),
        test_with_children(another_devbox_is_told_twice_before_it_is_killed),
        test_with_children(after_an_interruption_nothing_is_started),
        test_with_children(polling_returns_after_its_wait),
        test_with_children(stopping_a_stubborn_group_leaves_nobody),
        test_with_children(in_the_foreground_term_is_handed_on_but_not_ctrl_c),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
