#include "base/text.h"
#include "cli/sinks.h"
#include "io/json.h"
#include "support/test.h"

typedef struct Scene {
    Context ctx;
    char *out;
    size_t length;
    FILE *file;
} Scene;

static void open_scene(Scene *scene, Arena *arena, const char *command, bool is_streaming) {
    *scene = (Scene){.ctx = {.arena = arena}};
    scene->file = open_memstream(&scene->out, &scene->length);
    SinkOptions options = {.arena = arena, .out = scene->file, .err = stderr, .command = command};
    scene->ctx.sink = sink_json_create(&options, is_streaming);
}

// Every line of the output as a value.
static StringList close_scene(Scene *scene, const Error *error, int exit_code) {
    assert_true(sink_finish(scene->ctx.sink, error, exit_code, 412));
    fclose(scene->file);
    StringList lines = text_split_lines(scene->ctx.arena, scene->out);
    free(scene->out);
    return lines;
}

static const Value *read_line(Arena *arena, const StringList *lines, size_t index) {
    Value *value = NULL;
    Error err = {.arena = arena};
    assert_true(index < lines->count);
    assert_true(json_parse(arena, lines->items[index], "output", &value, &err));
    return value;
}

static const Value *only_envelope(Scene *scene, const Error *error, int exit_code) {
    StringList lines = close_scene(scene, error, exit_code);
    assert_int_equal(lines.count, 1);
    return read_line(scene->ctx.arena, &lines, 0);
}

static void a_result_becomes_the_envelopes_data(void **state) {
    Scene scene;
    open_scene(&scene, *state, "version", false);
    Value *data = value_object(*state);
    value_set_string(*state, data, "version", "1.2.3");
    event_headline(&scene.ctx, "not shown");
    event_result(&scene.ctx, &(Result){.data = data, .text = "for people"});
    StringList lines = close_scene(&scene, NULL, 0);
    assert_int_equal(lines.count, 1);
    assert_string_equal(lines.items[0],
                        "{\"schemaVersion\":1,\"command\":\"version\",\"status\":\"ok\",\"data\":{\"version\":\"1.2.3\"},"
                        "\"findings\":[],\"error\":null,\"durationMs\":412}");
}

static void a_result_without_data_gives_its_text(void **state) {
    Scene scene;
    open_scene(&scene, *state, "", false);
    event_result(&scene.ctx, &(Result){.text = "help"});
    assert_string_equal(value_get_string(only_envelope(&scene, NULL, 0), "data", ""), "help");
}

static void an_error_has_code_hint_detail_and_what_to_run(void **state) {
    Scene scene;
    open_scene(&scene, *state, "start", false);
    Error err = {.arena = *state};
    error_set(&err, ERROR_BUSY, "another devbox is starting");
    error_hint(&err, "look: devbox status --watch, or read on: devbox logs · else wait");
    error_detail(&err, "pid 12");
    const Value *envelope = only_envelope(&scene, &err, 9), *error = value_get(envelope, "error");
    assert_string_equal(value_get_string(envelope, "status", ""), "failed");
    assert_string_equal(value_get_string(error, "code", ""), "BUSY");
    assert_string_equal(value_get_string(error, "message", ""), "another devbox is starting");
    assert_string_equal(value_get_string(error, "detail", ""), "pid 12");
    assert_true(value_get_bool(error, "retryable", false));
    const Value *actions = value_get(error, "actions");
    assert_int_equal(actions->count, 2);
    assert_string_equal(actions->members[0].value->string, "devbox status --watch");
    assert_string_equal(actions->members[1].value->string, "devbox logs");
}

static void an_error_whose_hint_names_no_command_has_no_actions(void **state) {
    static const char *const hints[] = {NULL, "free some disk space", "devbox must be able to write there"};
    for (size_t i = 0; i < 3; i++) {
        Scene scene;
        open_scene(&scene, *state, "start", false);
        Error err = {.arena = *state};
        error_set(&err, ERROR_FILE, "cannot write");
        if (hints[i] != NULL) error_hint(&err, "%s", hints[i]);
        const Value *error = value_get(only_envelope(&scene, &err, 6), "error");
        assert_int_equal(value_get(error, "actions")->count, 0);
        assert_false(value_get_bool(error, "retryable", true));
    }
}

static void warnings_failed_steps_and_red_cases_are_findings(void **state) {
    Scene scene;
    open_scene(&scene, *state, "start", false);
    Error err = {.arena = *state};
    error_set(&err, ERROR_SERVICE, "the scheduler exited");
    Verdict verdict = {0};
    verdict_add(*state, &verdict, &(TestCase){.suite = "dags", .name = "good.py"});
    verdict_add(
        *state, &verdict,
        &(TestCase){.suite = "dags", .name = "bad.py", .state = TEST_ERROR, .file = "dags/bad.py", .line = 7, .message = "no"});
    event_warning(&scene.ctx, "kill 12", "port 8080 is taken");
    event_step_failed(&scene.ctx, "airflow", 5, &err);
    event_finding(&scene.ctx, &(Finding){.code = "AIR302", .file = "dags/a.py", .line = 3, .message = "it moved"});
    event_verdict(&scene.ctx, &verdict);
    const Value *envelope = only_envelope(&scene, NULL, 1), *findings = value_get(envelope, "findings");
    assert_int_equal(findings->count, 4);
    const Value *warning = findings->members[0].value, *step = findings->members[1].value, *red = findings->members[3].value;
    const Value *moved = findings->members[2].value;
    assert_string_equal(value_get_string(moved, "code", ""), "AIR302");
    assert_string_equal(value_get_string(moved, "file", ""), "dags/a.py");
    assert_int_equal(value_get_integer(moved, "line", 0), 3);
    assert_string_equal(value_get_string(moved, "message", ""), "it moved");
    assert_string_equal(value_get_string(warning, "severity", ""), "warning");
    assert_string_equal(value_get_string(warning, "hint", ""), "kill 12");
    assert_string_equal(value_get_string(step, "step", ""), "airflow");
    assert_string_equal(value_get_string(step, "code", ""), "SERVICE");
    assert_string_equal(value_get_string(red, "name", ""), "bad.py");
    assert_int_equal(value_get_integer(red, "line", 0), 7);
    assert_int_equal(value_get(envelope, "data")->kind, VALUE_OBJECT);
}

static void what_an_event_points_to_need_not_outlive_it(void **state) {
    Scene scene;
    open_scene(&scene, *state, "db query", false);
    Arena *shortlived = arena_create();
    Value *rows = value_array(shortlived), *row = value_object(shortlived);
    value_set(shortlived, row, arena_copy_string(shortlived, "id"), value_real(shortlived, 1.5));
    value_append(shortlived, rows, row);
    event_result(&scene.ctx, &(Result){.data = rows});
    event_warning(&scene.ctx, arena_copy_string(shortlived, "hint"), "%s", "text");
    arena_destroy(shortlived);
    const Value *data = value_get(only_envelope(&scene, NULL, 0), "data");
    assert_true(value_get(data->members[0].value, "id")->real == 1.5);
}

static void streaming_commands_print_events_first_and_the_envelope_last(void **state) {
    Scene scene;
    open_scene(&scene, *state, "test dag", true);
    Verdict verdict = {0};
    TestCase task = {.suite = "dag", .name = "load", .duration_ms = 80};
    verdict_add(*state, &verdict, &task);
    event_step_started(&scene.ctx, "host", "starting");
    event_tick(&scene.ctx);
    event_step_done(&scene.ctx, "host", 31, "ready");
    event_test_case(&scene.ctx, &task);
    event_line(&scene.ctx, "a line with \"quotes\"");
    event_verdict(&scene.ctx, &verdict);
    StringList lines = close_scene(&scene, NULL, 0);
    assert_int_equal(lines.count, 5);
    assert_string_equal(lines.items[0], "{\"event\":\"stepStarted\",\"step\":\"host\",\"text\":\"starting\"}");
    assert_string_equal(lines.items[1], "{\"event\":\"stepDone\",\"step\":\"host\",\"text\":\"ready\",\"durationMs\":31}");
    const Value *test_case = value_get(read_line(*state, &lines, 2), "testCase");
    assert_string_equal(value_get_string(test_case, "name", ""), "load");
    assert_string_equal(value_get_string(read_line(*state, &lines, 3), "text", ""), "a line with \"quotes\"");
    assert_int_equal(value_get_integer(read_line(*state, &lines, 4), "schemaVersion", 0), 1);
}

static void a_command_that_goes_on_tells_each_of_its_verdicts(void **state) {
    Scene scene;
    open_scene(&scene, *state, "watch", true);
    Verdict verdict = {0};
    verdict_add(*state, &verdict, &(TestCase){.suite = "dags", .name = "dags/a.py", .state = TEST_FAIL, .message = "broken"});
    event_round(&scene.ctx, &verdict);
    event_status(&scene.ctx, "watching %s", "dags");
    StringList lines = close_scene(&scene, NULL, 0);
    assert_int_equal(lines.count, 3);
    const Value *round = read_line(*state, &lines, 0), *envelope = read_line(*state, &lines, 2);
    assert_string_equal(value_get_string(round, "event", ""), "round");
    assert_int_equal(value_get_integer(value_get(round, "verdict"), "failed", 0), 1);
    assert_string_equal(lines.items[1], "{\"event\":\"status\",\"text\":\"watching dags\"}");
    assert_int_equal(value_get(envelope, "data")->kind, VALUE_NULL);
    assert_int_equal(value_get(envelope, "findings")->count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(a_result_becomes_the_envelopes_data),
        test_with_arena(a_result_without_data_gives_its_text),
        test_with_arena(an_error_has_code_hint_detail_and_what_to_run),
        test_with_arena(an_error_whose_hint_names_no_command_has_no_actions),
        test_with_arena(warnings_failed_steps_and_red_cases_are_findings),
        test_with_arena(what_an_event_points_to_need_not_outlive_it),
        test_with_arena(streaming_commands_print_events_first_and_the_envelope_last),
        test_with_arena(a_command_that_goes_on_tells_each_of_its_verdicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
