#include "services/dbt_events.h"

#include "base/text.h"
#include "support/event_log.h"

static const TestCase *read_node(Arena *arena, DbtEvents *events, const char *fields) {
    EventLog log;
    Context ctx = {.arena = arena};
    Project project = {.root = "/shop", .dbt_dir = "/shop/dbt"};
    event_log_start(&log, &ctx);
    dbt_events_read_line(&ctx, &project, arena_format(arena, "{\"event\":\"node\",%s}", fields), events);
    assert_true(text_starts_with(event_log_take(&log), "case: "));
    return &events->verdict.cases.items[events->verdict.cases.count - 1];
}

static void every_status_of_dbt_has_its_meaning(void **state) {
    static const struct {
        const char *fields;
        TestState state;
        const char *summary, *message;
        long long duration_ms;
    } rows[] = {
        {"\"name\":\"a\",\"status\":\"pass\",\"rows\":12408,\"duration_ms\":120", TEST_PASS, "12,408 rows", NULL, 120},
        {"\"name\":\"a\",\"status\":\"pass\",\"message\":\"fine\"", TEST_PASS, NULL, NULL, 0},
        {"\"name\":\"a\",\"status\":\"warn\",\"failures\":3", TEST_PASS, "warning: 3 rows", NULL, 0},
        {"\"name\":\"a\",\"status\":\"fail\",\"failures\":2,\"message\":\"Got 2 results\"", TEST_FAIL, "2 failing rows",
         "Got 2 results", 0},
        {"\"name\":\"a\",\"status\":\"fail\",\"failures\":0,\"rows\":5", TEST_FAIL, "5 rows", NULL, 0},
        {"\"name\":\"a\",\"status\":\"skip\",\"duration_ms\":9", TEST_SKIP, "not run: something it needs is not green", NULL, -1},
        {"\"name\":\"a\",\"status\":\"cut_off\",\"message\":\"Interrupted!\"", TEST_SKIP, "not run to its end: dbt was stopped",
         NULL, -1},
        {"\"name\":\"a\",\"status\":\"error\",\"message\":\"no such column\"", TEST_ERROR, NULL, "no such column", 0},
        {"\"name\":\"a\",\"status\":\"runtime error\"", TEST_ERROR, NULL, NULL, 0},
        {"\"name\":\"a\"", TEST_ERROR, NULL, NULL, 0},
    };
    DbtEvents events = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const TestCase *node = read_node(*state, &events, rows[i].fields);
        assert_int_equal(node->state, rows[i].state);
        assert_true(text_equals(node->summary, rows[i].summary));
        assert_true(text_equals(node->message, rows[i].message));
        assert_int_equal(node->duration_ms, rows[i].duration_ms);
        assert_string_equal(node->suite, "dbt");
    }
    assert_int_equal(events.verdict.passed, 3);
    assert_int_equal(events.verdict.failed, 2);
    assert_int_equal(events.verdict.errors, 3);
    assert_int_equal(events.verdict.skipped, 2);
}

static const char *read_host(Arena *arena, DbtEvents *events, int verbosity, const char *mode) {
    EventLog log;
    Context ctx = {.arena = arena, .verbosity = verbosity};
    Project project = {.root = "/shop", .dbt_dir = "/shop/dbt"};
    event_log_start(&log, &ctx);
    dbt_events_read_line(&ctx, &project, arena_format(arena, "{\"event\":\"host\",\"mode\":\"%s\"}", mode), events);
    assert_string_equal(events->verdict.process, mode);
    return event_log_take(&log);
}

static void the_process_is_told_once_when_asked_for(void **state) {
    DbtEvents events = {0};
    assert_string_equal(read_host(*state, &events, 0, "warm"), "");
    events = (DbtEvents){0};
    assert_string_equal(read_host(*state, &events, 1, "cold"), "note: in a Python process of its own (cold)\n");
    assert_string_equal(read_host(*state, &events, 1, "cold"), "");
    assert_string_equal(read_host(*state, &events, 1, "standby"), "note: in a process that had imported dbt before (standby)\n");
    assert_int_equal(events.verdict.cases.count, 0);
}

static void a_test_that_warns_says_so_in_place_of_its_kind(void **state) {
    DbtEvents events = {0};
    const TestCase *node = read_node(*state, &events, "\"name\":\"recent\",\"kind\":\"test\",\"status\":\"warn\",\"failures\":3");
    assert_string_equal(node->state_word, "warn");
    assert_int_equal(node->state, TEST_PASS);
}

static void a_red_node_shows_its_file_query_and_rows(void **state) {
    DbtEvents events = {0};
    const char *fields =
        "\"name\":\"not_null\",\"kind\":\"test\",\"status\":\"fail\",\"file\":\"models/schema.yml\",\"compiled\":\"/x.sql\","
        "\"sample\":[{\"id\":1}]";
    const TestCase *node = read_node(*state, &events, fields);
    assert_string_equal(node->file, "dbt/models/schema.yml");
    assert_string_equal(node->state_word, "test");
    assert_string_equal(node->query_path, "/x.sql");
    assert_int_equal(node->outputs->count, 1);
    node = read_node(*state, &events, "\"status\":\"pass\",\"compiled\":\"/x.sql\",\"sample\":[1]");
    assert_null(node->query_path);
    assert_null(node->outputs);
    assert_string_equal(node->name, "?");
}

static void the_end_and_its_reason_are_kept(void **state) {
    DbtEvents events = {0};
    Context ctx = {.arena = *state};
    Project project = {.root = "/shop"};
    dbt_events_read_line(&ctx, &project, "{\"event\":\"node\",\"name\":\"a\",\"status\":\"pass\",\"file\":\"a.sql\"}", &events);
    assert_string_equal(events.verdict.cases.items[0].file, "a.sql");
    assert_false(events.has_ended);
    dbt_events_read_line(&ctx, &project, "{\"event\":\"done\",\"message\":\"no profile\"}", &events);
    assert_true(events.has_ended);
    assert_string_equal(events.message, "no profile");
}

static void lines_that_are_no_events_are_passed_over(void **state) {
    static const char *const lines[] = {"", "{", "[]", "null", "{\"event\":\"new\"}", "{\"event\":1}", "Running with dbt"};
    DbtEvents events = {0};
    Context ctx = {.arena = *state};
    Project project = {.root = "/shop"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) dbt_events_read_line(&ctx, &project, lines[i], &events);
    assert_int_equal(events.verdict.cases.count, 0);
    assert_false(events.has_ended);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(every_status_of_dbt_has_its_meaning),
        test_with_arena(the_process_is_told_once_when_asked_for),
        test_with_arena(a_test_that_warns_says_so_in_place_of_its_kind),
        test_with_arena(a_red_node_shows_its_file_query_and_rows),
        test_with_arena(the_end_and_its_reason_are_kept),
        test_with_arena(lines_that_are_no_events_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
