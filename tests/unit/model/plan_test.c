#include "model/plan.h"

#include "support/test.h"

// checks → sandbox → dbt; checks → airflow; dbt and airflow → report. dbt is not required.
static Plan start_plan(Arena *arena) {
    Plan plan = {0};
    plan_add(arena, &plan, "checks", "look at the machine", "", true);
    plan_add(arena, &plan, "sandbox", "seed the sandbox", "checks", true);
    plan_add(arena, &plan, "dbt", "build the models", "sandbox", false);
    plan_add(arena, &plan, "airflow", "start Airflow", "checks", true);
    plan_add(arena, &plan, "report", "write the report", " dbt , airflow ", true);
    return plan;
}

static void must_start(Plan *plan, const char *name) {
    int index = plan_next_ready(plan);
    if (index < 0) fail_msg("nothing is ready, expected %s", name);
    assert_string_equal(plan->steps.items[index].name, name);
    plan->steps.items[index].state = STEP_RUNNING;
}

static void end(Plan *plan, size_t index, StepState step_state) { plan->steps.items[index].state = step_state; }

static void steps_start_as_soon_as_what_they_need_has_ended(void **state) {
    Plan plan = start_plan(*state);
    must_start(&plan, "checks");
    assert_int_equal(plan_next_ready(&plan), -1);
    end(&plan, 0, STEP_DONE);
    must_start(&plan, "sandbox");
    must_start(&plan, "airflow");
    assert_int_equal(plan_next_ready(&plan), -1);
    end(&plan, 1, STEP_DONE);
    must_start(&plan, "dbt");
    end(&plan, 2, STEP_DONE);
    assert_int_equal(plan_next_ready(&plan), -1);
    assert_false(plan_is_finished(&plan));
    end(&plan, 3, STEP_DONE);
    must_start(&plan, "report");
    end(&plan, 4, STEP_DONE);
    assert_int_equal(plan_next_ready(&plan), -1);
    assert_true(plan_is_finished(&plan));
}

static void a_failed_required_step_skips_all_that_needs_it(void **state) {
    Plan plan = start_plan(*state);
    end(&plan, 0, STEP_FAILED);
    assert_int_equal(plan_next_ready(&plan), -1);
    for (size_t i = 1; i < 4; i++) {
        if (i != 2) assert_ptr_equal(plan_find_blocker(&plan, &plan.steps.items[i]), &plan.steps.items[0]);
        assert_int_equal(plan.steps.items[i].state, STEP_SKIPPED);
    }
    assert_ptr_equal(plan_find_blocker(&plan, &plan.steps.items[2]), &plan.steps.items[1]);
    assert_int_equal(plan.steps.items[4].state, STEP_SKIPPED);
    assert_true(plan_is_finished(&plan));
}

static void a_failed_step_that_is_not_required_holds_nothing_up(void **state) {
    Plan plan = start_plan(*state);
    end(&plan, 0, STEP_DONE);
    end(&plan, 1, STEP_DONE);
    end(&plan, 2, STEP_FAILED);
    end(&plan, 3, STEP_DONE);
    assert_null(plan_find_blocker(&plan, &plan.steps.items[4]));
    must_start(&plan, "report");
}

static void a_step_with_nothing_to_do_holds_nothing_up(void **state) {
    Plan plan = start_plan(*state);
    end(&plan, 0, STEP_DONE);
    end(&plan, 1, STEP_SKIPPED);
    must_start(&plan, "dbt");
}

static void other_branches_go_on_after_a_failure(void **state) {
    Plan plan = start_plan(*state);
    end(&plan, 0, STEP_DONE);
    end(&plan, 1, STEP_FAILED);
    must_start(&plan, "airflow");
    assert_int_equal(plan.steps.items[2].state, STEP_SKIPPED);
    end(&plan, 3, STEP_DONE);
    must_start(&plan, "report");
}

static void names_that_are_not_in_the_plan_hold_nothing_up(void **state) {
    Plan plan = {0};
    plan_add(*state, &plan, "dbt", "", "sandbox, dbt, later,", true);
    plan_add(*state, &plan, "later", "", "dbt", true);
    must_start(&plan, "dbt");
    assert_int_equal(plan_next_ready(&plan), -1);
    end(&plan, 0, STEP_DONE);
    must_start(&plan, "later");
}

static void an_empty_plan_is_finished(void **state) {
    (void)state;
    Plan plan = {0};
    assert_int_equal(plan_next_ready(&plan), -1);
    assert_true(plan_is_finished(&plan));
}

static void a_plan_is_not_finished_while_a_step_runs(void **state) {
    Plan plan = {0};
    plan_add(*state, &plan, "checks", "look", "", true);
    assert_false(plan_is_finished(&plan));
    must_start(&plan, "checks");
    assert_false(plan_is_finished(&plan));
    end(&plan, 0, STEP_FAILED);
    assert_true(plan_is_finished(&plan));
    assert_string_equal(plan.steps.items[0].description, "look");
}

static void a_plan_is_usable_while_only_background_steps_are_left(void **state) {
    Plan plan = {0};
    assert_false(plan_is_usable(&plan));
    plan_add(*state, &plan, "airflow", "", "", true);
    plan_add(*state, &plan, "airbyte", "", "", true);
    plan.steps.items[1].is_background = true;
    assert_false(plan_is_usable(&plan));
    must_start(&plan, "airflow");
    must_start(&plan, "airbyte");
    assert_false(plan_is_usable(&plan));
    end(&plan, 0, STEP_DONE);
    assert_true(plan_is_usable(&plan));
    end(&plan, 1, STEP_DONE);
    assert_false(plan_is_usable(&plan));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(steps_start_as_soon_as_what_they_need_has_ended),
        test_with_arena(a_failed_required_step_skips_all_that_needs_it),
        test_with_arena(a_failed_step_that_is_not_required_holds_nothing_up),
        test_with_arena(a_step_with_nothing_to_do_holds_nothing_up),
        test_with_arena(other_branches_go_on_after_a_failure),
        test_with_arena(names_that_are_not_in_the_plan_hold_nothing_up),
        test_with_arena(an_empty_plan_is_finished),
        test_with_arena(a_plan_is_not_finished_while_a_step_runs),
        test_with_arena(a_plan_is_usable_while_only_background_steps_are_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
