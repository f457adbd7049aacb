#include "services/dag_smoke.h"

#include "model/event.h"
#include "services/dag_tests.h"
#include "support/test.h"

// Stands in for services/dag_tests.c: every DAG has one task, load, which is red in the DAG "orders".
bool dag_tests_select(Context *ctx, const Project *project, const StringList *wanted, const StringList *files,
                      StringList *dag_ids, Error *err) {
    (void)project;
    (void)files;
    (void)err;
    list_each(const char *const, id, wanted) list_push(ctx->arena, dag_ids, *id);
    return true;
}

bool dag_tests_run(Context *ctx, const Project *project, const DagTestOptions *options, Verdict *verdict, Error *err) {
    (void)project;
    if (strcmp(options->dag_id, "broken") == 0) return error_set(err, ERROR_CHILD, "Python is gone");
    bool is_red = strcmp(options->dag_id, "orders") == 0;
    TestCase load = {.suite = "dag", .name = "load", .state = is_red ? TEST_FAIL : TEST_PASS, .started_ms = 30};
    verdict->duration_ms = 1000;
    event_step_started(ctx, options->dag_id, "importing Airflow");
    event_headline(ctx, "%s · 1 task", options->dag_id);
    event_step_started(ctx, "load", "running");
    verdict_add(ctx->arena, verdict, &load);
    event_test_case(ctx, &load);
    return true;
}

typedef struct Recorder {
    EventSink sink;
    Arena *arena;
    StringList seen;
} Recorder;

static void record(EventSink *sink, const Event *event) {
    Recorder *recorder = (Recorder *)sink;
    const char *name = event->test_case != NULL ? event->test_case->name : event->step;
    list_push(recorder->arena, &recorder->seen, arena_format(recorder->arena, "%d %s", (int)event->kind, name));
}

typedef struct Smoke {
    Recorder recorder;
    Context ctx;
    Project project;
    Verdict verdict;
    Error err;
} Smoke;

static Smoke *set_up(Arena *arena, const char *dag_id) {
    Smoke *smoke = arena_allocate(arena, sizeof *smoke);
    *smoke = (Smoke){.recorder = {.sink = {record}, .arena = arena}, .err = {.arena = arena}};
    smoke->ctx = (Context){.arena = arena, .sink = &smoke->recorder.sink};
    list_push(arena, &smoke->project.config.gate.run_dags, dag_id);
    return smoke;
}

static void events_name_the_dag_of_a_task(void **state) {
    Arena *arena = *state;
    Smoke *smoke = set_up(arena, "daily");
    assert_true(dag_smoke_run(&smoke->ctx, &smoke->project, &(StringList){0}, &smoke->verdict, &smoke->err));
    const char *wanted[] = {
        arena_format(arena, "%d daily", EVENT_STEP_STARTED),
        arena_format(arena, "%d daily.load", EVENT_STEP_STARTED),
        arena_format(arena, "%d daily.load", EVENT_TEST_CASE),
        arena_format(arena, "%d daily", EVENT_STEP_DONE),
    };
    assert_int_equal(smoke->recorder.seen.count, sizeof wanted / sizeof *wanted);
    for (size_t i = 0; i < smoke->recorder.seen.count; i++) assert_string_equal(smoke->recorder.seen.items[i], wanted[i]);
}

static void the_verdict_has_the_names_of_the_events(void **state) {
    Smoke *smoke = set_up(*state, "orders");
    assert_true(dag_smoke_run(&smoke->ctx, &smoke->project, &(StringList){0}, &smoke->verdict, &smoke->err));
    assert_int_equal(smoke->verdict.cases.count, 1);
    assert_int_equal(smoke->verdict.failed, 1);
    assert_string_equal(smoke->verdict.cases.items[0].name, "orders.load");
}

static void tasks_of_later_dags_began_after_those_of_earlier_ones(void **state) {
    Smoke *smoke = set_up(*state, "daily");
    list_push(*state, &smoke->project.config.gate.run_dags, "weekly");
    assert_true(dag_smoke_run(&smoke->ctx, &smoke->project, &(StringList){0}, &smoke->verdict, &smoke->err));
    assert_int_equal(smoke->verdict.cases.items[0].started_ms, 30);
    assert_int_equal(smoke->verdict.cases.items[1].started_ms, 1030);
}

static void trouble_names_the_dag(void **state) {
    Smoke *smoke = set_up(*state, "broken");
    assert_false(dag_smoke_run(&smoke->ctx, &smoke->project, &(StringList){0}, &smoke->verdict, &smoke->err));
    assert_string_equal(smoke->err.message, "DAG broken: Python is gone");
}

static int create_arena(void **state) {
    *state = arena_create();
    return 0;
}

static int destroy_arena(void **state) {
    arena_destroy(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_name_the_dag_of_a_task, create_arena, destroy_arena),
        cmocka_unit_test_setup_teardown(the_verdict_has_the_names_of_the_events, create_arena, destroy_arena),
        cmocka_unit_test_setup_teardown(tasks_of_later_dags_began_after_those_of_earlier_ones, create_arena, destroy_arena),
        cmocka_unit_test_setup_teardown(trouble_names_the_dag, create_arena, destroy_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
