#include "services/plan_runner.h"

#include "base/text.h"
#include "io/clock.h"
#include "io/json.h"
#include "io/process.h"
#include "model/event.h"

enum {
    STEP_TIMEOUT_MS = 45 * 60 * 1000,
    SPARE_MS = 10 * 60 * 1000,
    STEP_GRACE_MS = 15 * 1000,
    FORCED_STEP_GRACE_MS = 2500,
    PATIENCE_MS = 2000,
    WAIT_MS = 100
};

typedef struct Lane {
    Context *ctx;
    Step *step;
    Process *process;
    Value *envelope;  // the step's last word
} Lane;

typedef struct Run {
    Context *ctx;
    const Project *project;
    Plan *plan;
    Lane *lanes;          // one per step of the plan
    Process **processes;  // NULL: not running
    bool is_red, was_usable;
    Error *err;  // the first failure
} Run;

// Notes and warnings pass through as they are; what the step says of itself becomes progress under its name.
static void relay_event(Lane *lane, const Value *message) {
    const char *kind = value_get_string(message, "event", ""), *text = value_get_string(message, "text", NULL);
    if (text == NULL) return;
    if (strcmp(kind, "note") == 0) event_note(lane->ctx, "%s", text);
    if (strcmp(kind, "warning") == 0) event_warning(lane->ctx, value_get_string(message, "hint", NULL), "%s", text);
    if (strcmp(kind, "stepProgress") == 0) event_step_progress(lane->ctx, lane->step->name, "%s", text);
}

static void read_line(void *state, const char *line) {
    Lane *lane = state;
    Value *message;
    Error ignored = {.arena = lane->ctx->arena};
    if (!json_parse(lane->ctx->arena, line, lane->step->name, &message, &ignored)) return;
    if (value_get(message, "schemaVersion") != NULL) lane->envelope = message;
    if (value_get(message, "event") != NULL) relay_event(lane, message);
}

// Each step has deadlines of its own; this one is for a step that hangs all the same.
static long long step_timeout_ms(const Context *ctx) {
    return ctx->timeout_ms + SPARE_MS > STEP_TIMEOUT_MS ? ctx->timeout_ms + SPARE_MS : STEP_TIMEOUT_MS;
}

static bool start_lane(Run *run, size_t index, Error *err) {
    Context *ctx = run->ctx;
    Lane *lane = &run->lanes[index];
    StringList argv = {0};
    const char *const words[] = {ctx->executable, "-C", run->project->root, "--json"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) list_push(ctx->arena, &argv, words[i]);
    if (ctx->timeout_ms > 0) list_push(ctx->arena, &argv, arena_format(ctx->arena, "--timeout=%lldms", ctx->timeout_ms));
    if (ctx->is_confirmed) list_push(ctx->arena, &argv, "--yes");
    list_push(ctx->arena, &argv, "__step");
    list_push(ctx->arena, &argv, lane->step->name);
    ProcessSpec spec = {.argv = string_list_to_argv(ctx->arena, &argv),
                        .on_output = read_line,
                        .handler_state = lane,
                        .grace_ms = STEP_GRACE_MS,
                        .forced_grace_ms = FORCED_STEP_GRACE_MS,
                        .timeout_ms = step_timeout_ms(ctx)};
    lane->step->started_ms = clock_now_ms();
    event_step_started(ctx, lane->step->name, NULL);
    return process_start(ctx, &spec, &run->processes[index], err);
}

static void describe_silent_end(const Lane *lane, const ProcessResult *result, Error *err) {
    const char *name = lane->step->name;
    switch (result->outcome) {
        case PROCESS_INTERRUPTED:
            error_set(err, ERROR_INTERRUPTED, "interrupted; what was up stays up");
            return;
        case PROCESS_TIMED_OUT:
            error_set(err, ERROR_TIMEOUT, "the step %s did not end within %s", name,
                      text_duration(lane->ctx->arena, step_timeout_ms(lane->ctx)));
            break;
        case PROCESS_SIGNALED:
            error_set(err, ERROR_CHILD, "the step %s was killed by signal %d", name, result->signal);
            break;
        case PROCESS_EXITED:
            error_set(err, ERROR_INTERNAL, "the step %s ended without an answer (exit code %d)", name, result->exit_code);
            break;
    }
    error_hint(err, "run it again: devbox start continues where it stopped");
    error_detail(err, text_last_lines(lane->ctx->arena, result->errors, 10));
}

static void read_error(const Lane *lane, const ProcessResult *result, Error *err) {
    const Value *error = lane->envelope == NULL ? NULL : value_get(lane->envelope, "error");
    if (error == NULL || error->kind != VALUE_OBJECT) {
        describe_silent_end(lane, result, err);
        return;
    }
    ErrorCode code = error_code_from_name(value_get_string(error, "code", "INTERNAL"));
    error_set(err, code == ERROR_NONE ? ERROR_INTERNAL : code, "%s", value_get_string(error, "message", "failed"));
    const char *hint = value_get_string(error, "hint", NULL);
    if (hint != NULL) error_hint(err, "%s", hint);
    error_detail(err, value_get_string(error, "detail", NULL));
}

static void note_failure(Run *run, Lane *lane, const Error *failure) {
    lane->step->state = STEP_FAILED;
    lane->step->duration_ms = clock_now_ms() - lane->step->started_ms;
    event_step_failed(run->ctx, lane->step->name, lane->step->duration_ms, failure);
    if (run->err->code == ERROR_NONE) *run->err = *failure;
}

static void finish_lane(Run *run, Lane *lane, const ProcessResult *result) {
    Error failure = {.arena = run->ctx->arena};
    lane->step->duration_ms = clock_now_ms() - lane->step->started_ms;
    const Value *data = lane->envelope == NULL ? NULL : value_get(lane->envelope, "data");
    bool is_red = value_get_bool(data, "isRed", false);
    bool has_ended_well = result->outcome == PROCESS_EXITED && (result->exit_code == 0 || is_red);
    if (!has_ended_well || lane->envelope == NULL) {
        read_error(lane, result, &failure);
        note_failure(run, lane, &failure);
        return;
    }
    const char *summary = value_get_string(data, "summary", "");
    lane->step->state = STEP_DONE;
    if (is_red) {
        run->is_red = true;
        error_set(&failure, ERROR_CHILD, "%s", summary);
        event_step_failed(run->ctx, lane->step->name, lane->step->duration_ms, &failure);
    } else if (value_get_bool(data, "isSkipped", false)) {
        lane->step->state = STEP_SKIPPED;
        event_step_skipped(run->ctx, lane->step->name, "%s", summary);
    } else {
        event_step_done(run->ctx, lane->step->name, lane->step->duration_ms, "%s", summary);
    }
}

static void start_ready_lanes(Run *run) {
    Error failure = {.arena = run->ctx->arena};
    for (int index; !context_is_cancelled(run->ctx) && (index = plan_next_ready(run->plan)) >= 0;) {
        run->plan->steps.items[index].state = STEP_RUNNING;
        if (!start_lane(run, (size_t)index, &failure)) note_failure(run, &run->lanes[index], &failure);
    }
}

static void collect_finished_lanes(Run *run) {
    ProcessResult result;
    for (size_t i = 0; i < run->plan->steps.count; i++) {
        if (run->processes[i] == NULL || !process_is_finished(run->processes[i], &result)) continue;
        run->processes[i] = NULL;
        finish_lane(run, &run->lanes[i], &result);
    }
}

// Under a cancelled context every poll moves all children towards their end, side by side.
static bool stop_lanes(Run *run, Error *err) {
    bool is_any_left = true, is_told = false;
    long long begun_ms = clock_now_ms();
    while (is_any_left) {
        if (!is_told && clock_now_ms() - begun_ms > PATIENCE_MS) {
            event_note(run->ctx, "waiting for what was started to end; Ctrl-C once more ends it at once");
            is_told = true;
        }
        event_tick(run->ctx);
        processes_poll(run->ctx, run->processes, run->plan->steps.count, WAIT_MS);
        is_any_left = false;
        for (size_t i = 0; i < run->plan->steps.count; i++) {
            ProcessResult result;
            if (run->processes[i] != NULL && process_is_finished(run->processes[i], &result)) run->processes[i] = NULL;
            is_any_left = is_any_left || run->processes[i] != NULL;
        }
    }
    return error_set(err, ERROR_INTERRUPTED, "interrupted; what was up stays up");
}

static void announce_usable(Run *run) {
    if (run->was_usable || run->plan->on_usable == NULL || !plan_is_usable(run->plan)) return;
    run->was_usable = true;
    run->plan->on_usable(run->plan->state);
}

static void report_blocked_steps(Context *ctx, const Plan *plan) {
    list_each(const Step, step, &plan->steps) {
        const Step *blocker = plan_find_blocker(plan, step);
        if (blocker != NULL) event_step_skipped(ctx, step->name, "not run: %s failed", blocker->name);
    }
}

bool plan_run(Context *ctx, const Project *project, Plan *plan, bool *is_red, Error *err) {
    size_t count = plan->steps.count;
    Run run = {.ctx = ctx, .project = project, .plan = plan, .err = err};
    run.lanes = arena_allocate_array(ctx->arena, count, sizeof *run.lanes);
    run.processes = arena_allocate_array(ctx->arena, count, sizeof(Process *));
    for (size_t i = 0; i < count; i++) run.lanes[i] = (Lane){.ctx = ctx, .step = &plan->steps.items[i]};
    error_clear(err);
    while (!plan_is_finished(plan)) {
        if (context_is_cancelled(ctx)) return stop_lanes(&run, err);
        start_ready_lanes(&run);
        processes_poll(ctx, run.processes, count, WAIT_MS);
        if (context_is_cancelled(ctx)) return stop_lanes(&run, err);
        collect_finished_lanes(&run);
        announce_usable(&run);
        event_tick(ctx);
    }
    report_blocked_steps(ctx, plan);
    if (err->code != ERROR_NONE) return false;
    *is_red = run.is_red;
    return true;
}
