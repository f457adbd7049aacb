#include "services/start_steps.h"

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/airbyte_link.h"
#include "services/airbyte_step.h"
#include "services/airflow_runtime.h"
#include "services/dag_folder.h"
#include "services/dag_request.h"
#include "services/dbt.h"
#include "services/dbt_memo.h"
#include "services/sandbox.h"

static bool run_sandbox(Context *ctx, const Project *project, StepReport *report, Error *err) {
    SeedReport seeds = {0};
    if (!sandbox_seed(ctx, project, &seeds, err)) return false;
    report->is_skipped = seeds.tables == 0;
    if (report->is_skipped) {
        report->summary = "no seed files; put CSV files into ./seeds to have tables";
        return true;
    }
    // Of the files: what a DAG has done to these tables since is its own affair.
    const char *news = seeds.loaded == 0 ? "unchanged" : arena_format(ctx->arena, "%zu loaded", seeds.loaded);
    report->summary = arena_format(ctx->arena, "%s; %s", sandbox_seed_totals(ctx->arena, &seeds), news);
    return true;
}

static bool run_images(Context *ctx, const Project *project, StepReport *report, Error *err) {
    const AirflowRuntime *runtime = airflow_runtime_of(project);
    return runtime->prepare == NULL || runtime->prepare(ctx, project, "images", &report->summary, err);
}

// What keeps the connection from being made keeps nothing else from running.
static void offer_airbyte(Context *ctx, const Project *project) {
    Error problem = {.arena = ctx->arena};
    if (airbyte_link_airflow(ctx, project, &problem)) return;
    event_warning(ctx, problem.hint, "Airflow's connection airbyte_default was not made: %s", problem.message);
}

static bool run_airbyte(Context *ctx, const Project *project, StepReport *report, Error *err) {
    if (!airbyte_start_step(ctx, project, report, err)) return false;
    if (!report->is_skipped) offer_airbyte(ctx, project);
    return true;
}

static bool run_airflow(Context *ctx, const Project *project, StepReport *report, Error *err) {
    bool already_runs;
    StringList files = {0};
    // Airflow's tasks find dbt's context from the first moment on.
    if (!dbt_prepare(ctx, project, err)) return false;
    if (!airflow_runtime_of(project)->launch(ctx, project, "airflow", &already_runs, err)) return false;
    if (!already_runs) {
        offer_airbyte(ctx, project);
        dag_request_prepare(ctx, project);
    }
    if (!dag_folder_list(ctx, project, &files, err)) return false;
    const char *news = already_runs ? "running already; " : "";
    const char *folder = project->config.dags, *unit = files.count == 1 ? "file" : "files";
    report->summary = folder_exists(project->dags_dir)
                          ? arena_format(ctx->arena, "%s./%s is live, %zu Python %s", news, folder, files.count, unit)
                          : arena_format(ctx->arena, "%sthere is no ./%s folder yet", news, folder);
    return true;
}

// All names; a single one with its reason, as far as that is one line.
static const char *describe_red(Arena *arena, const Verdict *verdict) {
    enum { LONGEST_REASON = 160 };
    Text names = {.arena = arena};
    list_each(const TestCase, test_case, &verdict->cases) {
        if (test_case->state != TEST_FAIL && test_case->state != TEST_ERROR) continue;
        text_append_format(&names, "%s%s", names.length > 0 ? ", " : "", test_case->name);
        bool has_reason = verdict->failed + verdict->errors == 1 && !text_is_empty(test_case->message);
        if (has_reason && strlen(test_case->message) <= LONGEST_REASON && strchr(test_case->message, '\n') == NULL)
            text_append_format(&names, ": %s", test_case->message);
    }
    return text_string(&names);
}

static bool run_dbt(Context *ctx, const Project *project, StepReport *report, Error *err) {
    Verdict verdict = {0};
    if (project->dbt_dir == NULL) {
        *report = (StepReport){.is_skipped = true, .summary = "no dbt_project.yml in this checkout"};
        return true;
    }
    if (dbt_memo_matches(ctx, project, &report->summary)) {
        report->summary = arena_format(ctx->arena, "nothing changed since: %s", report->summary);
        return true;
    }
    if (!dbt_build(ctx, project, &verdict, err)) {
        // Without its packages there is nothing that dbt could build; the rest of the platform is useful all the same.
        if (err->code != ERROR_NETWORK) return false;
        event_warning(ctx, err->hint, "%s", err->message);
        *report = (StepReport){.is_skipped = true, .summary = "not built: its packages or dbt itself could not be installed"};
        error_clear(err);
        return true;
    }
    size_t models = 0, tests = 0;
    list_each(const TestCase, test_case, &verdict.cases) {
        const char *word = test_case->state_word == NULL ? "" : test_case->state_word;
        bool is_test = strstr(word, "test") != NULL || text_equals(word, "warn");  // only tests warn
        if (is_test) tests++;
        if (!is_test) models++;
    }
    report->is_red = !verdict_is_green(&verdict);
    if (!report->is_red) {
        report->summary = arena_format(ctx->arena, "%zu models built, %zu tests passed", models, tests);
        dbt_memo_remember(ctx, project, report->summary);
        return true;
    }
    report->summary = arena_format(ctx->arena, "%zu of %zu not green: %s · look with: devbox test dbt",
                                   verdict.failed + verdict.errors, verdict.cases.count, describe_red(ctx->arena, &verdict));
    return true;
}

const StartStep start_steps[] = {
    {"images", "pull and build the images that Airflow's containers run", "", true, run_images},
    {"sandbox", "load seeds into .devbox/sandbox.db", "", false, run_sandbox},
    {"airflow", "start Airflow, wait until it is healthy", "images", false, run_airflow},
    {"dbt", "build the dbt project on the sandbox", "sandbox,images", false, run_dbt},
    {"airbyte", "start Airbyte, if it is installed, and wait until it is healthy", "", false, run_airbyte, true},
    {0},
};

const StartStep *start_step_find(const char *name) {
    for (const StartStep *step = start_steps; step->name != NULL; step++) {
        if (strcmp(step->name, name) == 0) return step;
    }
    return NULL;
}
