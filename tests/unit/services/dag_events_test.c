// fakes: clock
#include "services/dag_events.h"

#include "base/text.h"
#include "base/utf8.h"
#include "fakes/fake_clock.h"
#include "support/checkout.h"
#include "support/event_log.h"

typedef struct Reading {
    Checkout *checkout;
    Project project;
    EventLog log;
    DagEvents events;
} Reading;

static Reading *prepare(void **state) {
    Checkout *checkout = *state;
    Reading *reading = arena_allocate(checkout->arena, sizeof *reading);
    reading->checkout = checkout;
    checkout_add(checkout, "dags/orders.py", "one\ntwo\nthree = broken\nfour\n");
    reading->project = checkout_open(checkout);
    event_log_start(&reading->log, &checkout->ctx);
    return reading;
}

// `@` in the line stands for the checkout's root.
static const char *read_line(Reading *reading, const char *line) {
    const char *full = text_replace(reading->checkout->arena, line, "@", reading->checkout->root);
    dag_events_read_line(&reading->checkout->ctx, &reading->project, full, &reading->events);
    return event_log_take(&reading->log);
}

static const TestCase *last_case(const Reading *reading) {
    const TestCaseList *cases = &reading->events.verdict.cases;
    assert_true(cases->count > 0);
    return &cases->items[cases->count - 1];
}

static void a_file_says_which_dags_it_holds(void **state) {
    static const struct {
        const char *line, *expected;
    } rows[] = {
        {"{\"event\":\"file\",\"file\":\"@/dags/orders.py\",\"duration_ms\":90,"
         "\"dags\":[{\"dag_id\":\"daily\",\"line\":12,\"tasks\":4,\"tags\":[\"smoke\",5]}]}",
         "case: pass dags/orders.py · daily, 4 tasks\n"},
        {"{\"event\":\"file\",\"file\":\"@/dags/one.py\",\"dags\":[{\"dag_id\":\"single\",\"tasks\":1}]}",
         "case: pass dags/one.py · single, 1 task\n"},
        {"{\"event\":\"file\",\"file\":\"@/dags/two.py\",\"dags\":[{\"dag_id\":\"a\",\"tasks\":2},{\"tasks\":3}]}",
         "case: pass dags/two.py · 2 DAGs, 5 tasks\n"},
        {"{\"event\":\"file\",\"file\":\"@/dags/none.py\",\"dags\":[]}", "case: pass dags/none.py · no DAG in it\n"},
        {"{\"event\":\"file\",\"file\":\"/elsewhere/x.py\"}", "case: pass /elsewhere/x.py\n"},
        {"{\"event\":\"file\",\"file\":\"@/dags/s.py\",\"skipped\":\"safe_mode\"}",
         "case: skip dags/s.py · Airflow skips it: the words dag and airflow are not both in it\n"},
        {"{\"event\":\"file\",\"file\":\"@/dags/s.py\",\"skipped\":\"airflowignore\"}",
         "case: skip dags/s.py · Airflow skips it: .airflowignore names it\n"},
        {"{\"event\":\"file\",\"file\":\"@/dags/s.py\",\"skipped\":\"missing\"}", "case: skip dags/s.py · the file is gone\n"},
        {"{\"event\":\"file\",\"file\":\"@/dags/s.py\",\"skipped\":\"a new reason\"}", "case: skip dags/s.py · a new reason\n"},
        {"{\"event\":\"file\",\"file\":\"@/dags/orders.py\",\"dags\":[],\"error\":{\"type\":\"KeyError\",\"message\":\"'x'\"}}",
         "case: fail dags/orders.py · KeyError: 'x'\n"},
        {"{\"event\":\"file\",\"file\":\"@/dags/orders.py\",\"error\":{\"message\":\"odd @/dags/orders.py\"}}",
         "case: fail dags/orders.py · odd dags/orders.py\n"},
    };
    Reading *reading = prepare(state);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(read_line(reading, rows[i].line), rows[i].expected);
    }
    assert_int_equal(reading->events.verdict.passed, 5);
    assert_int_equal(reading->events.verdict.skipped, 4);
    assert_int_equal(reading->events.verdict.failed, 2);
    assert_int_equal(reading->events.dags.count, 4);
    const FoundDag *daily = &reading->events.dags.items[0];
    assert_string_equal(daily->dag_id, "daily");
    assert_string_equal(daily->file, "dags/orders.py");
    assert_int_equal(daily->line, 12);
    assert_int_equal(daily->tags.count, 1);
    assert_string_equal(reading->events.dags.items[3].dag_id, "?");
    assert_int_equal(reading->events.verdict.cases.items[0].duration_ms, 90);
    assert_int_equal(last_case(reading)->duration_ms, 0);
}

static void only_warnings_of_the_user_s_own_code_are_shown(void **state) {
    Reading *reading = prepare(state);
    assert_string_equal(read_line(reading,
                                  "{\"event\":\"file\",\"file\":\"@/dags/orders.py\",\"warnings\":["
                                  "{\"file\":\"@/dags/orders.py\",\"line\":3,\"message\":\"old style\"},"
                                  "{\"file\":\"/venv/airflow/x.py\",\"line\":9,\"message\":\"theirs\"},"
                                  "{\"file\":\"@/.devbox/x.py\",\"line\":9,\"message\":\"ours\"}]}"),
                        "case: pass dags/orders.py\nwarning: dags/orders.py:3 old style\n");
}

static void an_error_of_a_task_shows_the_task_s_line(void **state) {
    Reading *reading = prepare(state);
    checkout_add(reading->checkout, "dags/show.py", "with DAG('a'):\n    Bash(task_id='other')\n    Bash(task_id='show')\n");
    read_line(reading,
              "{\"event\":\"file\",\"file\":\"@/dags/show.py\",\"error\":{\"type\":\"TemplateSyntaxError\",\"message\":\"odd\","
              "\"frames\":[],\"text\":\"TemplateSyntaxError: odd\",\"task\":\"show\",\"line\":1}}");
    assert_int_equal(last_case(reading)->line, 3);
    assert_string_equal(last_case(reading)->source.items[1].text, "    Bash(task_id='show')");
}

static void an_error_shows_the_user_s_own_line(void **state) {
    Reading *reading = prepare(state);
    read_line(reading,
              "{\"event\":\"file\",\"file\":\"@/dags/orders.py\",\"error\":{\"type\":\"NameError\",\"message\":\"broken\","
              "\"text\":\"Traceback…\",\"frames\":[{\"file\":\"/venv/airflow/x.py\",\"line\":7,\"function\":\"load\"},"
              "{\"file\":\"@/dags/orders.py\",\"line\":3,\"function\":\"<module>\",\"source\":\"three = broken\"},"
              "{\"file\":\"/usr/lib/python3/y.py\",\"line\":1}]}}");
    const TestCase *test_case = last_case(reading);
    assert_string_equal(test_case->message, "NameError: broken");
    assert_string_equal(test_case->detail, "Traceback…");
    assert_string_equal(test_case->file, "dags/orders.py");
    assert_int_equal(test_case->line, 3);
    assert_int_equal(test_case->frames.count, 3);
    assert_false(test_case->frames.items[0].is_user);
    assert_string_equal(test_case->frames.items[0].file, "/venv/airflow/x.py");
    assert_true(test_case->frames.items[1].is_user);
    assert_string_equal(test_case->frames.items[1].source, "three = broken");
    assert_int_equal(test_case->source.count, 2);
    assert_string_equal(test_case->source.items[0].text, "two");
    assert_false(test_case->source.items[0].is_culprit);
    assert_string_equal(test_case->source.items[1].text, "three = broken");
    assert_true(test_case->source.items[1].is_culprit);
    assert_int_equal(test_case->source.items[1].number, 3);
}

static void source_lines_that_are_not_there_are_left_out(void **state) {
    static const struct {
        const char *frames;
        size_t expected;
    } rows[] = {{"[{\"file\":\"@/dags/orders.py\",\"line\":1}]", 1},
                {"[{\"file\":\"@/dags/orders.py\",\"line\":5}]", 1},
                {"[{\"file\":\"@/dags/orders.py\",\"line\":99}]", 0},
                {"[{\"file\":\"@/dags/orders.py\",\"line\":0}]", 0},
                {"[{\"file\":\"@/dags/gone.py\",\"line\":1}]", 0},
                {"[{\"line\":1}, 5, null]", 0},
                {"null", 0},
                {"[]", 0}};
    Reading *reading = prepare(state);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        TestCase test_case = {.suite = "dag", .name = "x"};
        Value *error = NULL;
        const char *json = arena_format(reading->checkout->arena,
                                        "{\"event\":\"task\",\"task_id\":\"x\",\"state\":\"failed\","
                                        "\"error\":{\"type\":\"E\",\"message\":\"m\",\"frames\":%s}}",
                                        rows[i].frames);
        read_line(reading, json);
        assert_int_equal(last_case(reading)->source.count, rows[i].expected);
        dag_events_describe_error(&reading->checkout->ctx, &reading->project, error, &test_case);
        assert_null(test_case.message);
    }
}

static void every_state_of_a_task_has_its_meaning(void **state) {
    static const struct {
        const char *line, *expected;
    } rows[] = {
        {"{\"event\":\"task\",\"task_id\":\"a\",\"state\":\"success\",\"duration_ms\":110}", "case: pass a\n"},
        {"{\"event\":\"task\",\"task_id\":\"s\",\"state\":\"skipped\"}", "case: skip s · skipped\n"},
        {"{\"event\":\"task\",\"task_id\":\"s\",\"state\":\"skipped\",\"reason\":\"no rows\"}",
         "case: skip s · skipped: no rows\n"},
        {"{\"event\":\"task\",\"task_id\":\"n\",\"state\":null}", "case: skip n · not run\n"},
        {"{\"event\":\"task\",\"task_id\":\"n\"}", "case: skip n · not run\n"},
        {"{\"event\":\"task\",\"task_id\":\"r\",\"state\":\"removed\"}", "case: skip r · not run\n"},
        {"{\"event\":\"task\",\"task_id\":\"m\",\"map_index\":0,\"state\":\"success\"}", "case: pass m[0]\n"},
        {"{\"event\":\"task\",\"task_id\":\"m\",\"map_index\":1,\"state\":\"failed\"}", "case: fail m[1] · ended as failed\n"},
        {"{\"event\":\"task\",\"task_id\":\"u\",\"state\":\"upstream_failed\"}", "case: skip u · not run: m[1] failed\n"},
        {"{\"event\":\"task\",\"task_id\":\"d\",\"state\":\"deferred\"}", "case: fail d · ended as deferred\n"},
        {"{\"event\":\"task\",\"task_id\":\"e\",\"state\":\"failed\",\"error\":{\"type\":\"ValueError\",\"message\":\"no\"}}",
         "case: fail e · ValueError: no\n"},
        {"{\"event\":\"task\"}", "case: skip ? · not run: m[1] failed\n"},
    };
    Reading *reading = prepare(state);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(read_line(reading, rows[i].line), rows[i].expected);
    }
    assert_int_equal(reading->events.verdict.cases.items[0].duration_ms, 110);
    assert_int_equal(reading->events.verdict.cases.items[1].duration_ms, -1);
    assert_string_equal(reading->events.verdict.cases.items[8].state_word, "upstream_failed");
}

static void a_task_s_result_is_its_summary(void **state) {
    static const struct {
        const char *xcom, *expected;
    } rows[] = {
        {"[{\"key\":\"return_value\",\"value\":[1,2,3]}]", "case: pass t · 3 items\n"},
        {"[{\"key\":\"return_value\",\"value\":{\"rows\":42}}]", "case: pass t · {\"rows\":42}\n"},
        {"[{\"key\":\"other\",\"value\":1},{\"key\":\"return_value\",\"value\":\"x\"}]", "case: pass t · \"x\"\n"},
        {"[{\"key\":\"return_value\",\"value\":null}]", "case: pass t\n"},
        {"[{\"key\":\"return_value\"}]", "case: pass t\n"},
        {"[]", "case: pass t\n"},
        {"null", "case: pass t\n"},
        {"\"odd\"", "case: pass t\n"},
        {"[{\"key\":\"return_value\",\"value\":\"0123456789012345678901234567890123456789012345678901234567\"}]",
         "case: pass t · \"0123456789012345678901234567890123456789012345678901234567\"\n"},
        {"[{\"key\":\"return_value\",\"value\":\"01234567890123456789012345678901234567890123456789012345678\"}]",
         "case: pass t · \"01234567890123456789012345678901234567890123456789012345…\n"},
    };
    Reading *reading = prepare(state);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *line = arena_format(reading->checkout->arena,
                                        "{\"event\":\"task\",\"task_id\":\"t\",\"state\":\"success\",\"xcom\":%s}", rows[i].xcom);
        assert_string_equal(read_line(reading, line), rows[i].expected);
    }
}

static void a_long_result_is_cut_between_characters(void **state) {
    Reading *reading = prepare(state);
    for (int blanks = 0; blanks < 4; blanks++) {
        Text value = {.arena = reading->checkout->arena};
        for (int i = 0; i < blanks; i++) text_append_char(&value, 'x');
        for (int i = 0; i < 40; i++) text_append(&value, "€");
        const char *line = arena_format(reading->checkout->arena,
                                        "{\"event\":\"task\",\"task_id\":\"t\",\"state\":\"success\",\"xcom\":[{\"key\":"
                                        "\"return_value\",\"value\":\"%s\"}]}",
                                        text_string(&value));
        read_line(reading, line);
        const char *summary = last_case(reading)->summary;
        assert_int_equal(utf8_valid_length(summary, strlen(summary)), strlen(summary));
        assert_true(text_ends_with(summary, "€…"));
    }
}

static void a_failed_task_without_frames_shows_the_end_of_its_log(void **state) {
    Reading *reading = prepare(state);
    checkout_add(reading->checkout, ".devbox/logs/test/d/t.log", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n");
    read_line(reading, "{\"event\":\"task\",\"task_id\":\"t\",\"state\":\"failed\",\"log\":\"@/.devbox/logs/test/d/t.log\"}");
    assert_string_equal(last_case(reading)->log_path, ".devbox/logs/test/d/t.log");
    assert_string_equal(last_case(reading)->log_tail, "2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13");
    read_line(reading, "{\"event\":\"task\",\"task_id\":\"t\",\"state\":\"success\",\"log\":\"@/.devbox/logs/test/d/t.log\"}");
    assert_null(last_case(reading)->log_tail);
    read_line(reading,
              "{\"event\":\"task\",\"task_id\":\"t\",\"state\":\"failed\",\"log\":\"@/.devbox/logs/test/d/t.log\","
              "\"error\":{\"frames\":[{\"file\":\"@/dags/orders.py\",\"line\":1}]}}");
    assert_null(last_case(reading)->log_tail);
    read_line(reading, "{\"event\":\"task\",\"task_id\":\"t\",\"state\":\"failed\",\"log\":\"@/gone.log\"}");
    assert_string_equal(last_case(reading)->log_tail, "");
}

static void a_failure_in_airflow_s_code_is_placed_at_the_operator(void **state) {
    static const struct {
        const char *task_id, *file;
        int line;
        size_t source;
    } rows[] = {{"load", "dags/bash.py", 4, 2}, {"elsewhere", "dags/bash.py", 2, 0}};
    Reading *reading = prepare(state);
    checkout_add(reading->checkout, "dags/bash.py", "Bash(task_id='load')\nDAG()\n#\nBash(task_id='load')\n");
    checkout_add(reading->checkout, ".devbox/load.log", "[2026-01-31 08:00:00,1] {subprocess.py:106} INFO - no space left\n");
    read_line(reading, "{\"event\":\"dag\",\"dag_id\":\"d\",\"file\":\"@/dags/bash.py\",\"line\":2,\"tasks\":[\"load\"]}");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        read_line(reading, arena_format(reading->checkout->arena,
                                        "{\"event\":\"task\",\"task_id\":\"%s\",\"map_index\":3,\"state\":\"failed\",\"log\":"
                                        "\"@/.devbox/load.log\",\"error\":{\"type\":\"E\",\"message\":\"exit code 7\","
                                        "\"text\":\"Traceback\",\"frames\":[{\"file\":\"/venv/bash.py\",\"line\":7}]}}",
                                        rows[i].task_id));
        const TestCase *failed = last_case(reading);
        assert_string_equal(failed->file, rows[i].file);
        assert_int_equal(failed->line, rows[i].line);
        assert_int_equal(failed->source.count, rows[i].source);
        assert_string_equal(failed->log_tail, "no space left");
    }
}

static void a_failure_in_airflow_s_code_of_a_file_that_is_gone_names_the_dag(void **state) {
    Reading *reading = prepare(state);
    static const char *const failed =
        "{\"event\":\"task\",\"task_id\":\"load\",\"state\":\"failed\",\"error\":{\"message\":\"m\","
        "\"frames\":[{\"file\":\"/venv/bash.py\",\"line\":7}]}}";
    read_line(reading, failed);
    assert_null(last_case(reading)->file);
    read_line(reading, "{\"event\":\"dag\",\"dag_id\":\"d\",\"file\":\"@/dags/gone.py\",\"line\":2,\"tasks\":[\"load\"]}");
    read_line(reading, failed);
    assert_string_equal(last_case(reading)->file, "dags/gone.py");
    assert_int_equal(last_case(reading)->line, 2);
}

static void a_log_that_was_cut_is_told(void **state) {
    Reading *reading = prepare(state);
    const char *said = read_line(reading,
                                 "{\"event\":\"task\",\"task_id\":\"flood\",\"state\":\"success\",\"duration_ms\":1,"
                                 "\"log\":\"@/.devbox/flood.log\",\"log_cut_bytes\":3145728}");
    assert_non_null(strstr(said, "flood wrote too much for its log: 3 MB were cut out of the middle of .devbox/flood.log"));
}

static void a_debugger_is_announced_and_its_arrival_told(void **state) {
    Reading *reading = prepare(state);
    assert_non_null(strstr(read_line(reading, "{\"event\":\"debugger\",\"port\":5678}"), "127.0.0.1:5678"));
    assert_non_null(strstr(read_line(reading, "{\"event\":\"attached\"}"), "attached"));
}

static void a_run_whose_terminal_a_debugger_has_shows_no_steps(void **state) {
    Reading *reading = prepare(state);
    static const char running[] = "{\"event\":\"running\",\"task_id\":\"load\"}";
    assert_non_null(strstr(read_line(reading, running), "load"));
    reading->events.leaves_terminal = true;
    assert_string_equal(read_line(reading, running), "");
}

static void a_common_error_comes_with_its_remedy(void **state) {
    Reading *reading = prepare(state);
    read_line(reading,
              "{\"event\":\"file\",\"file\":\"@/dags/orders.py\",\"error\":{\"type\":\"KeyError\","
              "\"message\":\"'Variable day does not exist'\"}}");
    assert_string_equal(last_case(reading)->hint,
                        "add it under airflow.variables in devbox.yaml (day: VALUE), or AIRFLOW_VAR_DAY=... in .env");
}

static void the_dag_under_test_is_the_title(void **state) {
    Reading *reading = prepare(state);
    assert_string_equal(read_line(reading,
                                  "{\"event\":\"dag\",\"dag_id\":\"daily\",\"file\":\"@/dags/orders.py\",\"line\":12,"
                                  "\"tasks\":[\"extract\",null,\"load\"]}"),
                        "headline: daily · dags/orders.py:12 · 2 tasks\n");
    assert_int_equal(reading->events.tasks.count, 2);
    assert_string_equal(reading->events.verdict.title, "daily · dags/orders.py:12 · 2 tasks");
    assert_string_equal(read_line(reading, "{\"event\":\"dag\",\"dag_id\":\"d\",\"tasks\":[\"x\"]}"),
                        "headline: d · :1 · 1 task\n");
    assert_string_equal(read_line(reading, "{\"event\":\"running\",\"task_id\":\"x\",\"map_index\":2}"),
                        "started x[2]: running\n");
}

static void a_task_began_when_its_duration_did(void **state) {
    Reading *reading = prepare(state);
    fake_clock_set(50000, 0);
    read_line(reading, "{\"event\":\"task\",\"task_id\":\"early\",\"state\":\"success\",\"duration_ms\":5}");
    assert_int_equal(last_case(reading)->started_ms, -1);
    read_line(reading, "{\"event\":\"dag\",\"dag_id\":\"d\",\"tasks\":[\"x\"]}");
    fake_clock_advance(700);
    read_line(reading, "{\"event\":\"task\",\"task_id\":\"x\",\"state\":\"success\",\"duration_ms\":300}");
    assert_int_equal(last_case(reading)->started_ms, 400);
    read_line(reading, "{\"event\":\"task\",\"task_id\":\"y\",\"state\":\"failed\",\"duration_ms\":9000}");
    assert_int_equal(last_case(reading)->started_ms, 0);
    read_line(reading, "{\"event\":\"task\",\"task_id\":\"z\",\"state\":\"upstream_failed\"}");
    assert_int_equal(last_case(reading)->started_ms, -1);
}

static void the_last_event_is_kept(void **state) {
    Reading *reading = prepare(state);
    assert_null(reading->events.state);
    read_line(reading, "{\"event\":\"done\",\"state\":\"unknown_dag\",\"dags\":[\"a\"]}");
    assert_string_equal(reading->events.state, "unknown_dag");
    assert_non_null(value_get(reading->events.last, "dags"));
    read_line(reading, "{\"event\":\"done\"}");
    assert_string_equal(reading->events.state, "failed");
}

static void lines_that_are_no_events_are_passed_over(void **state) {
    static const char *const lines[] = {"", "Airflow says hello", "{", "[]", "5", "null", "{\"event\":5}", "{\"event\":\"new\"}"};
    Reading *reading = prepare(state);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) assert_string_equal(read_line(reading, lines[i]), "");
    assert_int_equal(reading->events.verdict.cases.count, 0);
    assert_null(reading->events.state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(a_file_says_which_dags_it_holds),
        test_with_checkout(only_warnings_of_the_user_s_own_code_are_shown),
        test_with_checkout(an_error_of_a_task_shows_the_task_s_line),
        test_with_checkout(an_error_shows_the_user_s_own_line),
        test_with_checkout(source_lines_that_are_not_there_are_left_out),
        test_with_checkout(every_state_of_a_task_has_its_meaning),
        test_with_checkout(a_task_s_result_is_its_summary),
        test_with_checkout(a_long_result_is_cut_between_characters),
        test_with_checkout(a_failed_task_without_frames_shows_the_end_of_its_log),
        test_with_checkout(a_failure_in_airflow_s_code_is_placed_at_the_operator),
        test_with_checkout(a_failure_in_airflow_s_code_of_a_file_that_is_gone_names_the_dag),
        test_with_checkout(a_common_error_comes_with_its_remedy),
        test_with_checkout(a_log_that_was_cut_is_told),
        test_with_checkout(a_debugger_is_announced_and_its_arrival_told),
        test_with_checkout(a_run_whose_terminal_a_debugger_has_shows_no_steps),
        test_with_checkout(the_dag_under_test_is_the_title),
        test_with_checkout(a_task_began_when_its_duration_did),
        test_with_checkout(the_last_event_is_kept),
        test_with_checkout(lines_that_are_no_events_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
