#include "services/start_timings.h"

#include "support/test.h"

// Seeds and Airflow begin together, dbt after the seeds; the last one never ran.
static StepTimingList example(Arena *arena) {
    StepTimingList timings = {0};
    Plan plan = {0};
    static const struct {
        const char *name;
        StepState state;
        long long started_ms, duration_ms;
    } steps[] = {{"sandbox", STEP_DONE, 1005, 300},
                 {"airflow", STEP_DONE, 1006, 8600},
                 {"dbt", STEP_FAILED, 1310, 90000},
                 {"airbyte", STEP_SKIPPED, 0, 0}};
    StepTiming checks = {.step = "checks", .state = STEP_DONE, .duration_ms = 5};
    list_push(arena, &timings, checks);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        plan_add(arena, &plan, steps[i].name, "", "", true);
        plan.steps.items[i].state = steps[i].state;
        plan.steps.items[i].started_ms = steps[i].started_ms;
        plan.steps.items[i].duration_ms = steps[i].duration_ms;
    }
    start_timings_add_plan(arena, &timings, &plan, 1000);
    return timings;
}

static void the_table_shows_what_ran_side_by_side(void **state) {
    StepTimingList timings = example(*state);
    Text text = {.arena = *state};
    start_timings_add_text(&text, &timings);
    assert_string_equal(text_string(&text),
                        "STEP        BEGAN AT      TOOK  STATE\n"
                        "----------  --------  --------  ------------\n"
                        "checks          0.0s      0.0s  done\n"
                        "sandbox         0.0s      0.3s  done\n"
                        "airflow         0.0s      8.6s  done\n"
                        "dbt             0.3s     1m30s  failed\n"
                        "all                      1m30s\n");
}

static void the_data_has_milliseconds(void **state) {
    StepTimingList timings = example(*state);
    const Value *data = start_timings_to_value(*state, &timings);
    assert_int_equal(data->count, 4);
    const Value *dbt = data->members[3].value;
    assert_string_equal(value_get_string(dbt, "step", ""), "dbt");
    assert_string_equal(value_get_string(dbt, "state", ""), "failed");
    assert_int_equal(value_get_integer(dbt, "afterMs", 0), 310);
    assert_int_equal(value_get_integer(dbt, "durationMs", 0), 90000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(the_table_shows_what_ran_side_by_side),
        test_with_arena(the_data_has_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
