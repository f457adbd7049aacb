// fakes: process clock
#include "services/plan_runner.h"

#include "base/text.h"
#include "fakes/fake_process.h"
#include "support/event_log.h"

static volatile sig_atomic_t cancel;

typedef struct Run {
    Context ctx;
    Project project;
    Plan plan;
    EventLog log;
    Error err;
    bool is_red;
} Run;

static Run *prepare(void **state) {
    Arena *arena = *state;
    Run *run = arena_allocate(arena, sizeof *run);
    cancel = 0;
    *run = (Run){.ctx = {.arena = arena, .executable = "/usr/bin/devbox", .cancel = &cancel},
                 .project = {.root = "/shop"},
                 .err = {.arena = arena}};
    plan_add(arena, &run->plan, "sandbox", "", "", true);
    plan_add(arena, &run->plan, "airflow", "", "", true);
    plan_add(arena, &run->plan, "dbt", "", "sandbox", true);
    event_log_start(&run->log, &run->ctx);
    return run;
}

static bool run_plan(Run *run, const FakeChild *children, size_t count) {
    fake_process_script(children, count);
    bool is_done = plan_run(&run->ctx, &run->project, &run->plan, &run->is_red, &run->err);
    fake_process_assert_used();
    return is_done;
}

#define STEP(name) .command = "/usr/bin/devbox -C /shop --json __step " name
#define ANSWER(data) "{\"schemaVersion\":1,\"status\":\"ok\",\"data\":" data ",\"error\":null}\n"
#define FAILURE(error) "{\"schemaVersion\":1,\"status\":\"failed\",\"data\":null,\"error\":" error "}\n"
#define DONE(name) \
    { STEP(name), .output = ANSWER("{\"summary\":\"" name " is up\"}") }

static void steps_that_wait_for_nobody_run_side_by_side(void **state) {
    static const FakeChild children[] = {DONE("sandbox"), DONE("airflow"), DONE("dbt")};
    Run *run = prepare(state);
    assert_true(run_plan(run, children, 3));
    assert_false(run->is_red);
    assert_string_equal(event_log_take(&run->log),
                        "started sandbox: \nstarted airflow: \ndone sandbox: sandbox is up\ndone airflow: airflow is up\n"
                        "started dbt: \ndone dbt: dbt is up\n");
}

static void a_plan_without_steps_is_done(void **state) {
    Run *run = prepare(state);
    run->plan.steps.count = 0;
    assert_true(run_plan(run, NULL, 0));
    assert_string_equal(event_log_take(&run->log), "");
}

static void what_a_step_says_is_relayed_under_its_name(void **state) {
    static const FakeChild children[] = {
        {STEP("sandbox"),
         .output = "{\"event\":\"note\",\"text\":\"a note\"}\n{\"event\":\"warning\",\"text\":\"careful\",\"hint\":\"do it\"}\n"
                   "{\"event\":\"stepProgress\",\"step\":\"other\",\"text\":\"loading\"}\n{\"event\":\"line\",\"text\":\"no\"}\n"
                   "{\"event\":\"note\"}\nno json\n" ANSWER("{\"summary\":\"3 tables\"}")}};
    Run *run = prepare(state);
    run->plan.steps.count = 1;
    assert_true(run_plan(run, children, 1));
    assert_string_equal(event_log_take(&run->log),
                        "started sandbox: \nnote: a note\nwarning: careful → do it\nprogress sandbox: loading\n"
                        "done sandbox: 3 tables\n");
}

static void a_deadline_given_by_the_user_holds_for_the_steps(void **state) {
    static const FakeChild children[] = {
        {.command = "/usr/bin/devbox -C /shop --json --timeout=90000ms __step sandbox", .output = ANSWER("{}")}};
    Run *run = prepare(state);
    run->plan.steps.count = 1;
    run->ctx.timeout_ms = 90000;
    assert_true(run_plan(run, children, 1));
}

static void a_step_with_nothing_to_do_holds_nobody_up(void **state) {
    static const FakeChild children[] = {
        {STEP("sandbox"), .output = ANSWER("{\"summary\":\"no seeds\",\"isSkipped\":true}")}, DONE("airflow"), DONE("dbt")};
    Run *run = prepare(state);
    assert_true(run_plan(run, children, 3));
    assert_non_null(strstr(event_log_take(&run->log), "skipped sandbox: no seeds\n"));
}

static void a_red_step_is_shown_as_failed_but_is_no_error(void **state) {
    static const FakeChild children[] = {
        DONE("sandbox"),
        DONE("airflow"),
        {STEP("dbt"), .exit_code = 1, .output = ANSWER("{\"summary\":\"1 of 9 not green\",\"isRed\":true}")}};
    Run *run = prepare(state);
    assert_true(run_plan(run, children, 3));
    assert_true(run->is_red);
    assert_non_null(strstr(event_log_take(&run->log), "failed dbt: 1 of 9 not green\n"));
}

static void a_failed_step_s_own_error_is_handed_on_and_its_dependants_are_skipped(void **state) {
    static const FakeChild children[] = {
        {STEP("sandbox"), .exit_code = 4,
         .output = FAILURE("{\"code\":\"SEED\",\"message\":\"seeds/a.csv:3 is odd\",\"hint\":\"mend it\",\"detail\":\"x\\ny\"}")},
        DONE("airflow")};
    Run *run = prepare(state);
    assert_false(run_plan(run, children, 2));
    assert_string_equal(error_as_text(&run->err), "SEED seeds/a.csv:3 is odd → mend it\nx\ny");
    assert_string_equal(event_log_take(&run->log),
                        "started sandbox: \nstarted airflow: \nfailed sandbox: seeds/a.csv:3 is odd\n"
                        "done airflow: airflow is up\nskipped dbt: not run: sandbox failed\n");
}

static void the_first_failure_is_the_error_of_the_run(void **state) {
    static const FakeChild children[] = {
        {STEP("sandbox"), .exit_code = 4, .output = FAILURE("{\"code\":\"SEED\",\"message\":\"first\"}")},
        {STEP("airflow"), .exit_code = 6, .output = FAILURE("{\"code\":\"SERVICE\",\"message\":\"second\"}")}};
    Run *run = prepare(state);
    run->is_red = true;
    assert_false(run_plan(run, children, 2));
    assert_string_equal(error_as_text(&run->err), "SEED first");
    assert_non_null(strstr(event_log_take(&run->log), "failed airflow: second\n"));
    assert_true(run->is_red);
}

static void a_step_that_ends_without_an_answer_is_told_by_how_it_ended(void **state) {
#define AGAIN " → run it again: devbox start continues where it stopped"
    static const struct {
        FakeChild child;
        const char *expected;
    } rows[] = {
        {{STEP("sandbox"), .exit_code = 1, .errors = "assert failed\n"},
         "INTERNAL the step sandbox ended without an answer (exit code 1)" AGAIN "\nassert failed"},
        {{STEP("sandbox")}, "INTERNAL the step sandbox ended without an answer (exit code 0)" AGAIN},
        {{STEP("sandbox"), .outcome = PROCESS_SIGNALED, .signal = 9}, "CHILD the step sandbox was killed by signal 9" AGAIN},
        {{STEP("sandbox"), .outcome = PROCESS_TIMED_OUT}, "TIMEOUT the step sandbox did not end within 45m00s" AGAIN},
        {{STEP("sandbox"), .outcome = PROCESS_INTERRUPTED}, "INTERRUPTED interrupted; what was up stays up"},
        {{STEP("sandbox"), .error = ERROR_FILE}, "FILE devbox cannot run"},
        {{STEP("sandbox"), .exit_code = 1, .output = FAILURE("{\"code\":\"NEW_ONE\",\"message\":\"later\"}")}, "INTERNAL later"},
        {{STEP("sandbox"), .exit_code = 1, .output = FAILURE("{}")}, "INTERNAL failed"},
        {{STEP("sandbox"), .exit_code = 1, .output = ANSWER("{}")},
         "INTERNAL the step sandbox ended without an answer (exit code 1)" AGAIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Run *run = prepare(state);
        run->plan.steps.count = 1;
        assert_false(run_plan(run, &rows[i].child, 1));
        assert_string_equal(error_as_text(&run->err), rows[i].expected);
    }
}

static void cancelled_before_it_began_it_starts_nothing(void **state) {
    Run *run = prepare(state);
    cancel = 1;
    assert_false(run_plan(run, NULL, 0));
    assert_string_equal(error_as_text(&run->err), "INTERRUPTED interrupted; what was up stays up");
    assert_string_equal(event_log_take(&run->log), "");
}

static void press_ctrl_c(const ProcessSpec *spec) {
    (void)spec;
    cancel = 1;
}

static void cancelled_meanwhile_it_stops_its_children_and_starts_no_more(void **state) {
    static const FakeChild children[] = {{STEP("sandbox"), .effect = press_ctrl_c, .outcome = PROCESS_INTERRUPTED}};
    Run *run = prepare(state);
    assert_false(run_plan(run, children, 1));
    assert_string_equal(error_as_text(&run->err), "INTERRUPTED interrupted; what was up stays up");
    assert_string_equal(event_log_take(&run->log), "started sandbox: \n");
}

static void count_call(void *state) { ++*(int *)state; }

static void it_says_once_that_only_background_steps_are_left(void **state) {
    static const FakeChild children[] = {DONE("sandbox"), DONE("airflow"), DONE("dbt")};
    int calls = 0;
    Run *run = prepare(state);
    run->plan.steps.items[2].is_background = true;
    run->plan.on_usable = count_call;
    run->plan.state = &calls;
    assert_true(run_plan(run, children, 3));
    assert_int_equal(calls, 1);
}

static void a_yes_of_the_user_holds_for_the_steps(void **state) {
    static const FakeChild children[] = {
        {.command = "/usr/bin/devbox -C /shop --json --yes __step sandbox", .output = ANSWER("{}")}};
    Run *run = prepare(state);
    run->ctx.is_confirmed = true;
    run->plan.steps.count = 1;
    assert_true(run_plan(run, children, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(steps_that_wait_for_nobody_run_side_by_side),
        test_with_arena(a_plan_without_steps_is_done),
        test_with_arena(what_a_step_says_is_relayed_under_its_name),
        test_with_arena(a_deadline_given_by_the_user_holds_for_the_steps),
        test_with_arena(a_step_with_nothing_to_do_holds_nobody_up),
        test_with_arena(a_red_step_is_shown_as_failed_but_is_no_error),
        test_with_arena(a_failed_step_s_own_error_is_handed_on_and_its_dependants_are_skipped),
        test_with_arena(the_first_failure_is_the_error_of_the_run),
        test_with_arena(a_step_that_ends_without_an_answer_is_told_by_how_it_ended),
        test_with_arena(it_says_once_that_only_background_steps_are_left),
        test_with_arena(a_yes_of_the_user_holds_for_the_steps),
        test_with_arena(cancelled_before_it_began_it_starts_nothing),
        test_with_arena(cancelled_meanwhile_it_stops_its_children_and_starts_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
