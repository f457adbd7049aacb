#include "services/dag_smoke.h"

#include "base/text.h"
#include "model/event.h"
#include "services/dag_tests.h"

// Among other tests a task's name alone does not say where to look: DAG and task do, from the first event on.
typedef struct NamingSink {
    EventSink sink;
    EventSink *inner;
    Arena *arena;
    const char *dag_id;
    long long offset_ms;  // of this DAG's run: all runs are shown on one timeline
} NamingSink;

static const char *full_name(const NamingSink *own, const char *task) {
    bool is_dag = task == NULL || text_equals(task, own->dag_id);
    return is_dag ? task : arena_format(own->arena, "%s.%s", own->dag_id, task);
}

static void move_task(const NamingSink *own, TestCase *task) {
    task->name = full_name(own, task->name);
    if (task->started_ms >= 0) task->started_ms += own->offset_ms;
}

static void pass_on(EventSink *sink, const Event *event) {
    NamingSink *own = (NamingSink *)sink;
    Event changed = *event;
    TestCase task;
    if (own->inner == NULL || event->kind == EVENT_HEADLINE) return;
    changed.step = full_name(own, event->step);
    if (event->kind == EVENT_TEST_CASE) {
        task = *event->test_case;
        move_task(own, &task);
        changed.test_case = &task;
    }
    own->inner->emit(own->inner, &changed);
}

static bool run_dag(Context *ctx, const Project *project, const char *dag_id, Verdict *verdict, Error *err) {
    Verdict run = {0};
    // What ran before it is in the verdict already.
    NamingSink naming = {
        .sink = {pass_on}, .inner = ctx->sink, .arena = ctx->arena, .dag_id = dag_id, .offset_ms = verdict->duration_ms};
    Context named = *ctx;
    DagTestOptions options = {.dag_id = dag_id};
    named.sink = &naming.sink;
    if (!dag_tests_run(&named, project, &options, &run, err)) return error_wrap(err, "DAG %s", dag_id);
    event_step_done(ctx, dag_id, run.duration_ms, "%zu of %zu passed", run.passed, run.cases.count);
    list_each(TestCase, task, &run.cases) move_task(&naming, task);
    verdict_merge(ctx->arena, verdict, &run);
    return true;
}

bool dag_smoke_run(Context *ctx, const Project *project, const StringList *files, Verdict *verdict, Error *err) {
    StringList ids = {0};
    if (!dag_tests_select(ctx, project, &project->config.gate.run_dags, files, &ids, err)) return false;
    list_each(const char *, id, &ids) {
        if (!run_dag(ctx, project, *id, verdict, err)) return false;
    }
    return true;
}
