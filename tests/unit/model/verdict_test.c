#include "model/verdict.h"

#include "io/json.h"
#include "support/test.h"

static void add(Arena *arena, Verdict *verdict, TestState test_state) {
    verdict_add(arena, verdict, &(TestCase){.suite = "dags", .name = "a.py", .state = test_state});
}

static void cases_are_counted_by_state(void **state) {
    Verdict verdict = {0};
    static const TestState states[] = {TEST_PASS, TEST_FAIL, TEST_ERROR, TEST_SKIP, TEST_PASS, TEST_SKIP, TEST_PASS};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) add(*state, &verdict, states[i]);
    assert_int_equal(verdict.passed, 3);
    assert_int_equal(verdict.failed, 1);
    assert_int_equal(verdict.errors, 1);
    assert_int_equal(verdict.skipped, 2);
    assert_int_equal(verdict.cases.count, 7);
    assert_int_equal(verdict.cases.items[3].state, TEST_SKIP);
}

static void green_is_what_neither_failed_nor_was_kept_from_running(void **state) {
    Verdict verdict = {0};
    assert_true(verdict_is_green(&verdict));
    add(*state, &verdict, TEST_PASS);
    add(*state, &verdict, TEST_SKIP);
    assert_true(verdict_is_green(&verdict));
    verdict.is_inconclusive = true;
    assert_false(verdict_is_green(&verdict));
    verdict.is_inconclusive = false;
    Verdict failed = verdict, broken = verdict;
    add(*state, &failed, TEST_FAIL);
    add(*state, &broken, TEST_ERROR);
    assert_false(verdict_is_green(&failed));
    assert_false(verdict_is_green(&broken));
}

static void merging_adds_up(void **state) {
    Verdict whole = {.duration_ms = 100};
    Verdict part = {.duration_ms = 20, .next = "devbox test dags a.py"};
    add(*state, &whole, TEST_PASS);
    add(*state, &part, TEST_FAIL);
    add(*state, &part, TEST_PASS);
    list_push((Arena *)*state, &part.findings, ((Finding){.code = "slow-import", .message = "slow"}));
    verdict_merge(*state, &whole, &part);
    assert_int_equal(whole.findings.count, 1);
    assert_int_equal(whole.cases.count, 3);
    assert_int_equal(whole.passed, 2);
    assert_int_equal(whole.failed, 1);
    assert_int_equal(whole.duration_ms, 120);
    assert_string_equal(whole.next, "devbox test dags a.py");
    assert_null(whole.trouble);
    assert_false(whole.is_inconclusive);
}

static void merging_keeps_all_trouble_and_the_first_next_step(void **state) {
    Verdict whole = {.next = "first"};
    verdict_merge(*state, &whole, &(Verdict){.trouble = "no docker", .is_inconclusive = true, .next = "second"});
    assert_string_equal(whole.trouble, "no docker");
    assert_string_equal(whole.next, "first");
    assert_true(whole.is_inconclusive);
    verdict_merge(*state, &whole, &(Verdict){.trouble = "no uv"});
    assert_string_equal(whole.trouble, "no docker; no uv");
    assert_true(whole.is_inconclusive);
    verdict_merge(*state, &whole, &(Verdict){0});
    assert_string_equal(whole.trouble, "no docker; no uv");
}

static void states_have_names(void **state) {
    (void)state;
    assert_string_equal(test_state_name(TEST_PASS), "pass");
    assert_string_equal(test_state_name(TEST_FAIL), "fail");
    assert_string_equal(test_state_name(TEST_ERROR), "error");
    assert_string_equal(test_state_name(TEST_SKIP), "skip");
}

static void a_green_case_is_short(void **state) {
    const TestCase test_case = {.suite = "dbt", .name = "stg_orders", .duration_ms = 12, .is_cached = true};
    assert_string_equal(json_print(*state, test_case_to_value(*state, &test_case)),
                        "{\"suite\":\"dbt\",\"name\":\"stg_orders\",\"state\":\"pass\",\"durationMs\":12,\"cached\":true}");
}

static void a_case_that_never_ran_has_no_duration(void **state) {
    const TestCase test_case = {.suite = "dag",
                                .name = "publish",
                                .state = TEST_SKIP,
                                .duration_ms = -1,
                                .state_word = "upstream_failed",
                                .summary = "not run: check_totals failed"};
    assert_string_equal(
        json_print(*state, test_case_to_value(*state, &test_case)),
        "{\"suite\":\"dag\",\"name\":\"publish\",\"state\":\"skip\",\"stateWord\":\"upstream_failed\",\"cached\":false,"
        "\"summary\":\"not run: check_totals failed\"}");
}

static void a_red_case_brings_all_its_evidence(void **state) {
    Value *outputs = value_object(*state);
    Value *data = value_array(*state), *table = value_object(*state);
    value_set_integer(*state, outputs, "rows", 0);
    value_set_string(*state, table, "table", "orders");
    value_append(*state, data, table);
    TestCase test_case = {.suite = "dag",
                          .name = "check_totals",
                          .state = TEST_FAIL,
                          .started_ms = 1200,
                          .duration_ms = 30,
                          .file = "dags/orders.py",
                          .line = 41,
                          .message = "AssertionError: empty day: 0",
                          .hint = "load a day",
                          .detail = "Traceback",
                          .log_path = "x.log",
                          .log_tail = "last line",
                          .query_path = "q.sql",
                          .outputs = outputs,
                          .data = data};
    list_push(*state, &test_case.frames,
              (Frame){.file = "dags/orders.py", .line = 41, .function = "check", .source = "assert total", .is_user = true});
    list_push(*state, &test_case.frames, (Frame){.file = "airflow/x.py", .line = 7});
    list_push(*state, &test_case.source, (SourceLine){.number = 41, .text = "    assert total", .is_culprit = true});
    assert_string_equal(
        json_print(*state, test_case_to_value(*state, &test_case)),
        "{\"suite\":\"dag\",\"name\":\"check_totals\",\"state\":\"fail\",\"startedMs\":1200,\"durationMs\":30,\"cached\":false,"
        "\"file\":\"dags/"
        "orders.py\","
        "\"line\":41,\"message\":\"AssertionError: empty day: 0\",\"hint\":\"load a "
        "day\",\"frames\":[{\"file\":\"dags/orders.py\",\"line\":41,"
        "\"function\":\"check\",\"source\":\"assert "
        "total\",\"user\":true},{\"file\":\"airflow/x.py\",\"line\":7,\"user\":false}],"
        "\"source\":[{\"line\":41,\"text\":\"    assert "
        "total\",\"culprit\":true}],\"detail\":\"Traceback\",\"logPath\":\"x.log\","
        "\"logTail\":\"last line\",\"queryPath\":\"q.sql\",\"outputs\":{\"rows\":0},\"data\":[{\"table\":\"orders\"}]}");
}

static void a_verdict_prints_its_counts_and_cases(void **state) {
    Verdict verdict = {
        .title = "2 DAGs", .duration_ms = 5, .next = "devbox test dags", .trouble = "no uv", .is_inconclusive = true};
    add(*state, &verdict, TEST_PASS);
    assert_string_equal(
        json_print(*state, verdict_to_value(*state, &verdict)),
        "{\"title\":\"2 DAGs\",\"green\":false,\"passed\":1,\"failed\":0,\"errors\":0,\"skipped\":0,\"durationMs\":5,"
        "\"inconclusive\":true,\"trouble\":\"no uv\",\"next\":\"devbox test dags\",\"cases\":[{\"suite\":\"dags\","
        "\"name\":\"a.py\",\"state\":\"pass\",\"durationMs\":0,\"cached\":false}]}");
    assert_string_equal(
        json_print(*state, verdict_to_value(*state, &(Verdict){0})),
        "{\"green\":true,\"passed\":0,\"failed\":0,\"errors\":0,\"skipped\":0,\"durationMs\":0,\"inconclusive\":false,"
        "\"cases\":[]}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(cases_are_counted_by_state),
        test_with_arena(green_is_what_neither_failed_nor_was_kept_from_running),
        test_with_arena(merging_adds_up),
        test_with_arena(merging_keeps_all_trouble_and_the_first_next_step),
        test_with_arena(states_have_names),
        test_with_arena(a_green_case_is_short),
        test_with_arena(a_case_that_never_ran_has_no_duration),
        test_with_arena(a_red_case_brings_all_its_evidence),
        test_with_arena(a_verdict_prints_its_counts_and_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
