#include "cli/report.h"

#include "base/text.h"
#include "cli/markup.h"
#include "support/golden.h"

static Value *row_of(Arena *arena, const char *id, int64_t amount) {
    Value *row = value_array(arena);
    value_append(arena, row, value_string(arena, id));
    value_append(arena, row, value_integer(arena, amount));
    value_append(arena, row, value_null(arena));
    return row;
}

// A table that grew from 3 to 5 rows, and one that was not there before.
static const Value *written_tables(Arena *arena) {
    static const char *const names[] = {"id", "amount", "note"};
    Value *tables = value_array(arena), *grown = value_object(arena), *new = value_object(arena);
    Value *columns = value_array(arena), *sample = value_array(arena);
    for (size_t i = 0; i < 3; i++) value_append(arena, columns, value_string(arena, names[i]));
    value_append(arena, sample, row_of(arena, "a-1", 1200));
    value_append(arena, sample, row_of(arena, "<b>a-2</b>", -7));
    value_set_string(arena, grown, "table", "raw_orders");
    value_set_integer(arena, grown, "rows_before", 3);
    value_set_integer(arena, grown, "rows_after", 5);
    value_set(arena, grown, "columns", columns);
    value_set(arena, grown, "sample", sample);
    value_set_string(arena, new, "table", "totals");
    value_set(arena, new, "rows_before", value_null(arena));
    value_set_integer(arena, new, "rows_after", 1204);
    value_append(arena, tables, grown);
    value_append(arena, tables, new);
    return tables;
}

static const Value *result_of(Arena *arena, const char *result) {
    Value *results = value_array(arena), *item = value_object(arena);
    value_set_string(arena, item, "key", "return_value");
    value_set_string(arena, item, "value", result);
    value_append(arena, results, item);
    return results;
}

static TestCase failed_task(Arena *arena) {
    TestCase failed = {.suite = "dag",
                       .name = "check_totals",
                       .state = TEST_FAIL,
                       .started_ms = 215,
                       .duration_ms = 30,
                       .file = "dags/orders.py",
                       .line = 41,
                       .message = "AssertionError: empty day: 0, <script>alert(\"1\")</script> & 100%\nsecond line",
                       .hint = "load a day first: devbox db seed",
                       .detail = "Traceback (most recent call last):\n\t\033[31mred\033[0m \x01 end \xff.",
                       .log_tail = "INFO - ]]> --> Task failed",
                       .log_path = ".devbox/logs/test/daily_orders/check_totals.log"};
    list_push(arena, &failed.frames, (Frame){"/venv/airflow/operators/python.py", 220, "execute", "return self.fn()", false});
    list_push(arena, &failed.frames, (Frame){"dags/orders.py", 20, "check_all", "check_totals(day)", true});
    list_push(arena, &failed.frames, (Frame){"dags/orders.py", 41, "check_totals", "assert total > 0", true});
    list_push(arena, &failed.source, (SourceLine){40, "    total = sum(row[\"amount\"] for row in rows)", false});
    list_push(arena, &failed.source, (SourceLine){41, "    assert total > 0, f\"empty day: {total}\"", true});
    return failed;
}

static const Verdict *dag_verdict(Arena *arena) {
    Verdict *verdict = arena_allocate(arena, sizeof *verdict);
    *verdict = (Verdict){.title = "daily_orders · dags/orders.py:12 · 4 tasks",
                         .duration_ms = 412,
                         .next = "only this task: devbox test dag daily_orders --task check_totals"};
    TestCase extract = {.suite = "dag", .name = "extract", .duration_ms = 110, .outputs = result_of(arena, "42 <rows>")};
    TestCase load = {.suite = "dag",
                     .name = "load_orders",
                     .started_ms = 120,
                     .duration_ms = 80,
                     .summary = "raw_orders +2 rows",
                     .data = written_tables(arena)};
    TestCase failed = failed_task(arena);
    TestCase publish = {.suite = "dag",
                        .name = "publish",
                        .state = TEST_SKIP,
                        .state_word = "upstream_failed",
                        .started_ms = -1,
                        .duration_ms = -1,
                        .summary = "not run: check_totals failed"};
    verdict_add(arena, verdict, &extract);
    verdict_add(arena, verdict, &load);
    verdict_add(arena, verdict, &failed);
    verdict_add(arena, verdict, &publish);
    return verdict;
}

static Report report_of(const Verdict *verdict) {
    return (Report){.verdict = verdict,
                    .command = "test dag daily_orders",
                    .dag_id = "daily_orders",
                    .project = "my-platform",
                    .platform = "Airflow 2.10.3",
                    .ended = "2026-11-23T08:12:44+01:00",
                    .folder = "."};
}

static const Value *failing_rows(Arena *arena) {
    Value *rows = value_array(arena), *row = value_object(arena);
    value_set_integer(arena, row, "order_id", 17);
    value_set_string(arena, row, "status", "lost & found");
    value_append(arena, rows, row);
    return rows;
}

// DAG files of which one is slow, dbt nodes in every state, and something that kept a part from running.
static const Verdict *push_verdict(Arena *arena) {
    Verdict *verdict = arena_allocate(arena, sizeof *verdict);
    *verdict = (Verdict){.title = "3f2c1ab Round up refunds", .duration_ms = 8100, .trouble = "no space left on the disk"};
    const TestCase cases[] = {
        {.suite = "dags", .name = "dags/fast.py", .file = "dags/fast.py", .duration_ms = 40, .summary = "fast, 3 tasks"},
        {.suite = "dags", .name = "dags/slow.py", .file = "dags/slow.py", .duration_ms = 2300, .is_cached = true},
        {.suite = "dags",
         .name = "dags/a, b: c.py",
         .file = "dags/a, b: c.py",
         .line = 3,
         .state = TEST_FAIL,
         .duration_ms = 90,
         .message = "ModuleNotFoundError: No module named 'x|y'\n100%"},
        {.suite = "dbt", .name = "stg_orders", .state_word = "model", .file = "dbt/models/stg_orders.sql", .duration_ms = 400},
        {.suite = "dbt", .name = "recent", .state_word = "warn", .duration_ms = 12, .summary = "warning: 3 rows"},
        {.suite = "dbt",
         .name = "accepted_values_status",
         .state = TEST_FAIL,
         .file = "dbt/models/_staging.yml",
         .duration_ms = 20,
         .summary = "1 failing rows",
         .message = "Got 1 result, configured to fail if != 0",
         .query_path = "target/compiled/accepted_values_status.sql",
         .outputs = failing_rows(arena)},
        {.suite = "dbt", .name = "orders", .state = TEST_ERROR, .duration_ms = 5},
        {.suite = "dbt", .name = "revenue", .state = TEST_SKIP, .duration_ms = -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) verdict_add(arena, verdict, &cases[i]);
    list_push(arena, &verdict->findings,
              (Finding){"slow-import", "dags/slow.py", 2, "importing pandas <2> takes 2.1 s", "import it inside the task"});
    list_push(arena, &verdict->findings, (Finding){.code = "AIR302", .message = "schedule_interval is removed in Airflow 3"});
    return verdict;
}

static Report push_report(const Verdict *verdict) {
    Report report = report_of(verdict);
    report.command = "check 'HEAD~1'";
    report.dag_id = NULL;
    report.folder = "platform";
    return report;
}

static void junit_of_a_failed_dag_is_as_in_the_golden_file(void **state) {
    Report report = report_of(dag_verdict(*state));
    assert_golden(*state, "report_dag.xml", report_junit(*state, &report));
}

static void junit_of_a_push_is_as_in_the_golden_file(void **state) {
    Report report = push_report(push_verdict(*state));
    assert_golden(*state, "report_push.xml", report_junit(*state, &report));
}

static void the_page_of_a_failed_dag_is_as_in_the_golden_file(void **state) {
    Report report = report_of(dag_verdict(*state));
    assert_golden(*state, "report_dag.html", report_html(*state, &report));
}

static void the_page_of_a_push_is_as_in_the_golden_file(void **state) {
    Report report = push_report(push_verdict(*state));
    assert_golden(*state, "report_push.html", report_html(*state, &report));
}

static void the_summary_for_github_is_as_in_the_golden_file(void **state) {
    Report report = push_report(push_verdict(*state));
    assert_golden(*state, "report_push.md", report_github_summary(*state, &report));
}

static void what_kept_tests_from_running_is_never_green_in_junit(void **state) {
    const Verdict verdict = {.is_inconclusive = true, .trouble = "uv <could> not be loaded"};
    Report report = report_of(&verdict);
    const char *xml = report_junit(*state, &report);
    assert_non_null(strstr(xml, "tests=\"1\" failures=\"0\" errors=\"1\""));
    assert_non_null(strstr(xml, "<error message=\"uv &lt;could&gt; not be loaded\""));
    assert_string_equal(report_outcome(&report), "could not test");
    const Verdict silent = {.is_inconclusive = true};
    report = report_of(&silent);
    assert_non_null(strstr(report_junit(*state, &report), "something kept tests from running"));
}

static void annotations_name_file_and_line_as_the_repository_does(void **state) {
    Report report = push_report(push_verdict(*state));
    StringList lines = report_github_annotations(*state, &report);
    assert_int_equal(lines.count, 7);
    assert_string_equal(lines.items[0],
                        "::error file=platform/dags/a%2C b%3A c.py,line=3,title=dags/a%2C b%3A c.py::"
                        "ModuleNotFoundError: No module named 'x|y'%0A100%25");
    assert_string_equal(lines.items[1],
                        "::error file=platform/dbt/models/_staging.yml,title=accepted_values_status::"
                        "Got 1 result, configured to fail if != 0");
    assert_string_equal(lines.items[2], "::error title=orders::error");
    assert_string_equal(lines.items[3], "::warning title=devbox::no space left on the disk");
    assert_string_equal(lines.items[4], "::warning title=recent::warning: 3 rows");
    assert_string_equal(lines.items[5],
                        "::warning file=platform/dags/slow.py,line=2,title=slow-import::importing pandas <2> takes 2.1 s%0A"
                        "import it inside the task");
    assert_string_equal(lines.items[6], "::warning title=AIR302::schedule_interval is removed in Airflow 3");
}

static void a_task_is_annotated_with_its_dag_and_its_hint(void **state) {
    Report report = report_of(dag_verdict(*state));
    StringList lines = report_github_annotations(*state, &report);
    assert_int_equal(lines.count, 1);
    assert_string_equal(lines.items[0],
                        "::error file=dags/orders.py,line=41,title=daily_orders.check_totals::AssertionError: empty day: 0, "
                        "<script>alert(\"1\")</script> & 100%25%0Asecond line%0Aload a day first: devbox db seed");
}

static void a_file_outside_the_repository_is_not_annotated_as_one_of_it(void **state) {
    Verdict verdict = {0};
    verdict_add(*state, &verdict, &(TestCase){.suite = "dags", .name = "x", .file = "/venv/x.py", .line = 3, .state = TEST_FAIL});
    Report report = push_report(&verdict);
    StringList lines = report_github_annotations(*state, &report);
    assert_string_equal(lines.items[0], "::error title=x::fail");
}

static void github_gets_no_more_annotations_than_it_shows(void **state) {
    Verdict verdict = {0};
    for (int i = 0; i < 13; i++) {
        verdict_add(*state, &verdict, &(TestCase){.suite = "dags", .name = "x", .state = TEST_FAIL});
        verdict_add(*state, &verdict, &(TestCase){.suite = "dbt", .name = "y", .state_word = "warn"});
    }
    Report report = push_report(&verdict);
    StringList lines = report_github_annotations(*state, &report);
    assert_int_equal(lines.count, 21);
    assert_string_equal(lines.items[10], "::notice title=devbox::3 more are red; the log names them all");
}

static void many_red_cases_are_counted_in_the_summary(void **state) {
    Verdict verdict = {0};
    for (int i = 0; i < 60; i++) verdict_add(*state, &verdict, &(TestCase){.suite = "dags", .name = "x", .state = TEST_FAIL});
    Report report = push_report(&verdict);
    assert_non_null(strstr(report_github_summary(*state, &report), "\n10 more are red.\n"));
}

static void the_page_lists_a_hundred_findings_and_counts_the_others(void **state) {
    Verdict verdict = {0};
    for (int i = 0; i < 103; i++) list_push(*state, &verdict.findings, (Finding){.code = "AIR302", .message = "moved"});
    Report report = push_report(&verdict);
    const char *page = report_html(*state, &report);
    assert_non_null(strstr(page, "Worth a look <span>103 warnings</span>"));
    assert_non_null(strstr(page, "<p>And 3 more.</p>"));
    assert_int_equal(report_github_annotations(*state, &report).count, 10);
}

static void nothing_from_a_test_becomes_markup_of_the_page(void **state) {
    static const char attack[] = "</pre><script>alert(1)</script><img src=x onerror='alert(1)'>\"'";
    Verdict verdict = {.title = attack, .trouble = attack, .next = attack};
    TestCase hostile = {.suite = attack, .name = attack, .state = TEST_FAIL, .state_word = attack, .file = attack, .line = 1};
    hostile.summary = hostile.message = hostile.hint = hostile.detail = hostile.log_tail = attack;
    hostile.log_path = hostile.query_path = attack;
    list_push(*state, &hostile.frames, (Frame){attack, 1, attack, attack, true});
    list_push(*state, &hostile.source, (SourceLine){1, attack, true});
    verdict_add(*state, &verdict, &hostile);
    hostile.state = TEST_PASS;
    hostile.outputs = result_of(*state, attack);
    hostile.started_ms = hostile.duration_ms = 900;
    verdict_add(*state, &verdict, &hostile);
    list_push(*state, &verdict.findings, (Finding){attack, attack, 1, attack, attack});
    Report report = {.verdict = &verdict, .command = attack, .project = attack, .platform = attack, .ended = attack};
    const char *page = report_html(*state, &report);
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "<img"));
    assert_non_null(strstr(page, "&lt;script&gt;"));
}

static void a_long_green_suite_is_folded_and_a_red_one_is_not(void **state) {
    Verdict verdict = {0};
    for (int i = 0; i < 41; i++) verdict_add(*state, &verdict, &(TestCase){.suite = "dags", .name = "x"});
    Report report = push_report(&verdict);
    assert_non_null(strstr(report_html(*state, &report), "<details><summary>dags <span>41 passed</span>"));
    verdict_add(*state, &verdict, &(TestCase){.suite = "dags", .name = "x", .state = TEST_FAIL});
    assert_non_null(strstr(report_html(*state, &report), "<details open><summary>dags <span>1 failed, 41 passed</span>"));
}

static void a_test_of_nothing_says_so(void **state) {
    Report report = push_report(&(Verdict){0});
    const char *page = report_html(*state, &report);
    assert_non_null(strstr(page, "There was nothing to test."));
    assert_null(strstr(page, "What is not green"));
    assert_non_null(strstr(report_github_summary(*state, &report), "nothing to test"));
    assert_non_null(strstr(report_junit(*state, &report), "tests=\"0\""));
}

static void markup_holds_only_what_xml_can(void **state) {
    Text text = {.arena = *state};
    markup_append(&text, "a\tb\x01\033[1mc\xc3\xa9\xef\xbf\xbe\xc2\x85\xed\xa0\x80\xff");
    assert_string_equal(text_string(&text), "a    bcé\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    markup_append(&text, NULL);
    markup_append_element(&text, "p", NULL, "");
    markup_append_attribute(&text, "x", NULL);
    assert_true(text_ends_with(text_string(&text), "\xef\xbf\xbd"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(junit_of_a_failed_dag_is_as_in_the_golden_file),
        test_with_arena(junit_of_a_push_is_as_in_the_golden_file),
        test_with_arena(the_page_of_a_failed_dag_is_as_in_the_golden_file),
        test_with_arena(the_page_of_a_push_is_as_in_the_golden_file),
        test_with_arena(the_summary_for_github_is_as_in_the_golden_file),
        test_with_arena(what_kept_tests_from_running_is_never_green_in_junit),
        test_with_arena(annotations_name_file_and_line_as_the_repository_does),
        test_with_arena(a_task_is_annotated_with_its_dag_and_its_hint),
        test_with_arena(a_file_outside_the_repository_is_not_annotated_as_one_of_it),
        test_with_arena(github_gets_no_more_annotations_than_it_shows),
        test_with_arena(many_red_cases_are_counted_in_the_summary),
        test_with_arena(the_page_lists_a_hundred_findings_and_counts_the_others),
        test_with_arena(nothing_from_a_test_becomes_markup_of_the_page),
        test_with_arena(a_long_green_suite_is_folded_and_a_red_one_is_not),
        test_with_arena(a_test_of_nothing_says_so),
        test_with_arena(markup_holds_only_what_xml_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
