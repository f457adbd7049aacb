#include "services/start.h"

#include "commands/commands.h"
#include "services/browser.h"

typedef struct StartCommandOptions {
    StringList only;
    const char *runtime;
    bool has_timings, is_opening, without_airbyte;
} StartCommandOptions;

static const char *const runtimes[] = {"auto", "docker", "native", NULL};

static const Option options[] = {
    {"only", 0, OPTION_LIST, "PART,…", "bring up only these parts: sandbox, airflow, dbt, airbyte",
     offsetof(StartCommandOptions, only), NULL, false},
    {"runtime", 0, OPTION_CHOICE, "RUNTIME", "where Airflow runs, instead of what devbox.yaml says",
     offsetof(StartCommandOptions, runtime), runtimes, false},
    {"no-airbyte", 0, OPTION_FLAG, NULL, "leave Airbyte out", offsetof(StartCommandOptions, without_airbyte), NULL, false},
    {"open", 0, OPTION_FLAG, NULL, "open Airflow's page in the browser once it is up", offsetof(StartCommandOptions, is_opening),
     NULL, false},
    {"timings", 0, OPTION_FLAG, NULL, "say at the end what each step took", offsetof(StartCommandOptions, has_timings), NULL,
     false},
    {0},
};

static const Example examples[] = {
    {"devbox start", "the whole platform; running it again changes nothing"},
    {"devbox start --only sandbox,dbt", "seeds and models without Airflow"},
    {"devbox start --open", "with Airflow's page in the browser at the end"},
    {"devbox start --dry-run", "what it would do"},
    {0},
};

static void open_page(Context *ctx, const char *url) {
    const char *why = browser_open(ctx, url);
    if (why != NULL) event_note(ctx, "no browser was opened: %s", why);
}

// Every later command must find the same: so devbox.yaml, where it names one, has the last word.
static bool choose_runtime(Project *project, const char *given, Error *err) {
    if (given == NULL || strcmp(given, "auto") == 0) return true;
    Runtime wanted = strcmp(given, "docker") == 0 ? RUNTIME_DOCKER : RUNTIME_NATIVE;
    if (project->config.is_runtime_explicit && wanted != project->config.runtime) {
        error_set(err, ERROR_USAGE, "devbox.yaml names another runtime than --runtime %s", given);
        return error_hint(err, "change runtime in devbox.yaml, or leave the option out");
    }
    project->config.runtime = wanted;
    return true;
}

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    const StartCommandOptions *given = invocation->options;
    Project project = *invocation->project;
    StartOptions start = {.only = given->only, .without_airbyte = given->without_airbyte, .has_timings = given->has_timings};
    Result result;
    StartReport report = {0};
    if (!choose_runtime(&project, given->runtime, err)) return false;
    if (ctx->is_dry_run) {
        if (!start_describe(ctx, &project, &start, &result, err)) return false;
        event_result(ctx, &result);
        return true;
    }
    bool is_done = start_platform(ctx, &project, &start, &report, err);
    result = start_result(ctx, &project, &report);
    if (is_done || (report.was_tried && *result.text != '\0')) event_result(ctx, &result);
    const char *url = value_get_string(result.data, "airflowUrl", NULL);
    if (is_done && given->is_opening && url != NULL) open_page(ctx, url);
    if (report.is_red) outcome->exit_code = 1;
    return is_done;
}

const Command command_start = {
    .name = "start",
    .group = "Every day",
    .summary = "Bring up Airflow, the sandbox database and dbt around this checkout",
    .description =
        "Checks the machine, loads seeds into .devbox/sandbox.db, starts Airflow on the DAGs of this checkout and builds the dbt "
        "project on the sandbox. An installed Airbyte is started too; Airflow does not wait for it. What is up already is left "
        "alone. DAGs stay paused unless airflow.unpause names them.",
    .options = options,
    .options_size = sizeof(StartCommandOptions),
    .examples = examples,
    .needs = NEEDS_PROJECT,
    .run = run,
};
