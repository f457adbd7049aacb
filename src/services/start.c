#include "services/start.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "services/airflow_runtime.h"
#include "services/child_environment.h"
#include "services/dag_folder.h"
#include "services/docker_wakeup.h"
#include "services/doctor.h"
#include "services/plan_runner.h"
#include "services/start_lock.h"
#include "services/start_steps.h"

static bool is_wanted(const StartOptions *options, const char *name) {
    if (options->without_airbyte && strcmp(name, "airbyte") == 0) return false;
    return options->only.count == 0 || string_list_contains(&options->only, name);
}

static bool check_only(Context *ctx, const StartOptions *options, Error *err) {
    StringList known = {0};
    for (const StartStep *step = start_steps; step->name != NULL; step++) {
        if (!step->is_preparation) list_push(ctx->arena, &known, step->name);
    }
    list_each(const char *const, name, &options->only) {
        if (string_list_contains(&known, *name)) continue;
        error_set(err, ERROR_USAGE, "there is no part '%s'", *name);
        return error_hint(err, "devbox start --only takes: %s", text_join(ctx->arena, &known, ", "));
    }
    return true;
}

static Plan make_plan(Context *ctx, const Project *project, const StartOptions *options) {
    Plan plan = {0};
    bool has_images = airflow_runtime_of(project)->prepare != NULL;
    for (const StartStep *step = start_steps; step->name != NULL; step++) {
        bool is_needed = step->is_preparation ? has_images : is_wanted(options, step->name);
        if (!is_needed) continue;
        plan_add(ctx->arena, &plan, step->name, step->description, step->after, true);
        plan.steps.items[plan.steps.count - 1].is_background = step->is_background;
    }
    return plan;
}

static bool run_checks(Context *ctx, const Project *project, const StartOptions *options, Error *err) {
    const AirflowRuntime *runtime = airflow_runtime_of(project);
    const char *finding = "";
    int port;
    long long start_ms = clock_now_ms();
    event_step_started(ctx, "checks", NULL);
    bool is_fine = doctor_check_prerequisites(ctx, project, err) && runtime->check(ctx, project, &finding, err);
    if (is_fine) is_fine = dag_folder_check(ctx, project, err);
    if (is_fine && is_wanted(options, "airflow")) is_fine = runtime->choose_port(ctx, project, &port, err);
    if (!is_fine) {
        event_step_failed(ctx, "checks", clock_now_ms() - start_ms, err);
        return false;
    }
    event_step_done(ctx, "checks", clock_now_ms() - start_ms, "%s, disk, DAG folder, port", finding);
    return true;
}

static void say_headline(Context *ctx, const Project *project) {
    StringList passed = child_environment_passed(ctx, project);
    const char *where = airflow_runtime_of(project)->describe(ctx);
    event_headline(ctx, "%s · %s · Airflow %s", project->name, where, project->config.airflow.version);
    if (passed.count > 0) event_note(ctx, "DAGs and dbt get from you: %s", text_join(ctx->arena, &passed, ", "));
    if (project->config.path == NULL) event_note(ctx, "no devbox.yaml here, so defaults hold; devbox init writes one");
}

static void take_airflow(const Plan *plan, StartReport *report) {
    list_each(const Step, step, &plan->steps) {
        if (text_equals(step->name, "airflow")) report->airflow = step->state;
    }
}

typedef struct Usable {
    Context *ctx;
    const Project *project;
    const Plan *plan;
} Usable;

// Airbyte may take minutes more: nobody should have to wait for it to hear where Airflow is.
static void say_usable(void *state) {
    const Usable *usable = state;
    StartReport report = {0};
    take_airflow(usable->plan, &report);
    Result result = start_result(usable->ctx, usable->project, &report);
    if (*result.text != '\0') event_note(usable->ctx, "%s", text_trim(usable->ctx->arena, result.text));
}

// The choice is kept, so who expected containers must hear of it now, and how to have them.
static void warn_of_native(Context *ctx, const Error *passed_over) {
    const char *hint = "when that is mended: devbox start --runtime docker";
    if (passed_over->code == ERROR_NONE) return;
    if (passed_over->hint != NULL) {
        hint = arena_format(ctx->arena, "%s · and then: devbox start --runtime docker", passed_over->hint);
    }
    event_warning(ctx, hint, "Airflow runs natively in this checkout from now on: %s", passed_over->message);
}

// A checkout must not be bound for ever to an engine that somebody removed.
static bool report_no_engine(Context *ctx, const Project *project, Error *err) {
    if (project->config.is_runtime_explicit || err->code != ERROR_RUNTIME_MISSING) return false;
    const char *hint = err->hint == NULL ? "" : arena_format(ctx->arena, "%s · or ", err->hint);
    return error_hint(err, "%swithout containers: devbox start --runtime native", hint);
}

// Before `auto` is decided: on a laptop whose engine is only off, the first start would bind the checkout to the native runtime.
static bool wake_engine(Context *ctx, const Project *project, Error *err) {
    bool is_wanted;
    if (!airflow_runtime_wants_docker(ctx, project) || docker_wakeup(ctx, &is_wanted, err)) return true;
    if (project->config.runtime == RUNTIME_DOCKER) return report_no_engine(ctx, project, err);
    if (is_wanted || err->code == ERROR_INTERRUPTED) return false;
    error_clear(err);
    return !context_is_cancelled(ctx) || error_set(err, ERROR_INTERRUPTED, "interrupted before anything was decided");
}

bool start_platform(Context *ctx, Project *project, const StartOptions *options, StartReport *report, Error *err) {
    cleanup_fd int lock_fd = -1;
    Error passed_over = {.arena = ctx->arena};
    if (!check_only(ctx, options, err) || !start_lock_take(ctx, project, "start", 0, &lock_fd, err)) return false;
    if (!wake_engine(ctx, project, err) || !airflow_runtime_choose(ctx, project, &passed_over, err)) return false;
    if (!airflow_runtime_settle(ctx, project, err)) return false;
    say_headline(ctx, project);
    warn_of_native(ctx, &passed_over);
    long long origin_ms = clock_now_ms();
    if (!run_checks(ctx, project, options, err)) return false;
    StepTiming checks = {.step = "checks", .state = STEP_DONE, .duration_ms = clock_now_ms() - origin_ms};
    Plan plan = make_plan(ctx, project, options);
    plan.on_usable = say_usable;
    plan.state = &(Usable){ctx, project, &plan};
    report->was_tried = true;
    bool is_done = plan_run(ctx, project, &plan, &report->is_red, err);
    if (options->has_timings) {
        list_push(ctx->arena, &report->timings, checks);
        start_timings_add_plan(ctx->arena, &report->timings, &plan, origin_ms);
    }
    take_airflow(&plan, report);
    return is_done;
}

bool start_describe(Context *ctx, const Project *project, const StartOptions *options, Result *result, Error *err) {
    Text text = {.arena = ctx->arena};
    if (!check_only(ctx, options, err)) return false;
    Plan plan = make_plan(ctx, project, options);
    Value *steps = value_array(ctx->arena);
    list_each(const Step, step, &plan.steps) {
        Value *object = value_object(ctx->arena);
        value_set_string(ctx->arena, object, "step", step->name);
        value_set_string(ctx->arena, object, "description", step->description);
        value_append(ctx->arena, steps, object);
        text_append_format(&text, "  %-10s %s\n", step->name, step->description);
    }
    *result = (Result){.data = steps, .text = text_string(&text)};
    return true;
}

Result start_result(Context *ctx, const Project *project, const StartReport *report) {
    RuntimeState state;
    Error ignored = {.arena = ctx->arena};
    Value *data = value_object(ctx->arena);
    Text text = {.arena = ctx->arena};
    bool is_there = airflow_runtime_of(project)->read_state(ctx, project, &state, &ignored) && state.port != 0;
    bool is_healthy = is_there && state.phase == RUNTIME_HEALTHY;
    // A busy machine makes a health check fail now and then: no reason to keep the address from who just waited for it.
    bool is_busy =
        is_there && report->airflow == STEP_DONE && (state.phase == RUNTIME_STARTING || state.phase == RUNTIME_DEGRADED);
    bool is_earlier = report->airflow == STEP_FAILED || report->airflow == STEP_SKIPPED;
    if (is_healthy || is_busy) {
        const char *url = arena_format(ctx->arena, "http://localhost:%d", state.port);
        value_set_string(ctx->arena, data, "airflowUrl", url);
        value_set_string(ctx->arena, data, "user", "admin");
        value_set_bool(ctx->arena, data, "isEarlierAirflow", is_earlier);
        const char *news = is_healthy ? "Airflow is ready" : "Airflow is up, not all of it answers right now (devbox status)";
        if (is_earlier) news = "Airflow still runs with what it was started with before";
        text_append_format(&text, "%s: %s  admin / %s\n", news, url, project->config.airflow.password);
    }
    if (report->timings.count > 0) {
        value_set(ctx->arena, data, "timings", start_timings_to_value(ctx->arena, &report->timings));
        start_timings_add_text(&text, &report->timings);
    }
    return (Result){.data = data, .text = text_string(&text)};
}
