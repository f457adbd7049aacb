#include "model/event.h"

#include "support/test.h"

typedef struct Recorder {
    EventSink sink;
    Event last;
    int count;
} Recorder;

static void record(EventSink *sink, const Event *event) {
    Recorder *recorder = (Recorder *)sink;
    recorder->last = *event;
    recorder->count++;
}

static Recorder recorder;

static Context context_of(Arena *arena) {
    recorder = (Recorder){.sink.emit = record};
    return (Context){.arena = arena, .sink = &recorder.sink};
}

static void check_last(EventKind kind, const char *step, const char *text) {
    assert_int_equal(recorder.last.kind, kind);
    if (step == NULL) assert_null(recorder.last.step);
    if (step != NULL) assert_string_equal(recorder.last.step, step);
    if (text == NULL) assert_null(recorder.last.text);
    if (text != NULL) assert_string_equal(recorder.last.text, text);
}

static void without_a_sink_nothing_happens(void **state) {
    Context ctx = {.arena = *state};
    event_headline(&ctx, "%s", "x");
    event_tick(&ctx);
    event_emit(&ctx, &(Event){0});
}

static void a_step_tells_its_course(void **state) {
    Context ctx = context_of(*state);
    Error err = {.arena = *state};
    event_step_started(&ctx, "airflow", "starting");
    check_last(EVENT_STEP_STARTED, "airflow", "starting");
    event_step_progress(&ctx, "airflow", "%d of %d pods ready", 7, 11);
    check_last(EVENT_STEP_PROGRESS, "airflow", "7 of 11 pods ready");
    event_step_done(&ctx, "airflow", 19800, "%d DAGs", 14);
    check_last(EVENT_STEP_DONE, "airflow", "14 DAGs");
    assert_int_equal(recorder.last.duration_ms, 19800);
    event_step_skipped(&ctx, "airbyte", "%s", "not enabled");
    check_last(EVENT_STEP_SKIPPED, "airbyte", "not enabled");
    error_set(&err, ERROR_SERVICE, "exited");
    event_step_failed(&ctx, "airflow", 3, &err);
    check_last(EVENT_STEP_FAILED, "airflow", NULL);
    assert_ptr_equal(recorder.last.error, &err);
    assert_int_equal(recorder.last.duration_ms, 3);
    assert_int_equal(recorder.count, 5);
}

static void notes_warnings_and_lines_carry_their_text(void **state) {
    Context ctx = context_of(*state);
    event_headline(&ctx, "%s · docker", "my-platform");
    check_last(EVENT_HEADLINE, NULL, "my-platform · docker");
    event_note(&ctx, "%d%%", 50);
    check_last(EVENT_NOTE, NULL, "50%");
    event_warning(&ctx, "kill 4312", "port %d is held", 8080);
    check_last(EVENT_WARNING, NULL, "port 8080 is held");
    assert_string_equal(recorder.last.hint, "kill 4312");
    event_line(&ctx, "100% as it is");
    check_last(EVENT_LINE, NULL, "100% as it is");
    event_tick(&ctx);
    check_last(EVENT_TICK, NULL, NULL);
}

static void a_finding_is_a_warning_that_begins_with_its_place(void **state) {
    static const struct {
        Finding finding;
        const char *text;
    } rows[] = {{{.code = "AIR301", .file = "dags/a.py", .line = 3, .message = "old", .hint = "renew it"}, "dags/a.py:3 old"},
                {{.code = "slow-file", .file = "dags/a.py", .message = "slow"}, "dags/a.py slow"},
                {{.code = "other", .message = "about nothing"}, "about nothing"}};
    Context ctx = context_of(*state);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        event_finding(&ctx, &rows[i].finding);
        check_last(EVENT_WARNING, NULL, rows[i].text);
        assert_ptr_equal(recorder.last.hint, rows[i].finding.hint);
        assert_ptr_equal(recorder.last.finding, &rows[i].finding);
    }
}

static void results_are_handed_on_as_they_are(void **state) {
    Context ctx = context_of(*state);
    const TestCase test_case = {.name = "a"};
    const Verdict verdict = {.title = "t"};
    const Result result = {.text = "r"};
    event_test_case(&ctx, &test_case);
    check_last(EVENT_TEST_CASE, NULL, NULL);
    assert_ptr_equal(recorder.last.test_case, &test_case);
    event_verdict(&ctx, &verdict);
    check_last(EVENT_VERDICT, NULL, NULL);
    assert_ptr_equal(recorder.last.verdict, &verdict);
    event_result(&ctx, &result);
    check_last(EVENT_RESULT, NULL, NULL);
    assert_ptr_equal(recorder.last.result, &result);
}

static void a_row_has_as_many_cells_as_the_table_columns(void **state) {
    Table table = {0};
    list_push(*state, &table.columns, (TableColumn){.title = "name"});
    list_push(*state, &table.columns, (TableColumn){.title = "rows", .alignment = ALIGN_RIGHT});
    table_add_row(*state, &table, (const char *[]){"orders", "42", "never shown"});
    table_add_row(*state, &table, (const char *[]){"payments", "7"});
    assert_int_equal(table.rows.count, 2);
    assert_int_equal(table.rows.items[0].count, 2);
    assert_string_equal(table.rows.items[0].items[1], "42");
    assert_string_equal(table.rows.items[1].items[0], "payments");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(without_a_sink_nothing_happens),
        test_with_arena(a_step_tells_its_course),
        test_with_arena(notes_warnings_and_lines_carry_their_text),
        test_with_arena(a_finding_is_a_warning_that_begins_with_its_place),
        test_with_arena(results_are_handed_on_as_they_are),
        test_with_arena(a_row_has_as_many_cells_as_the_table_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
