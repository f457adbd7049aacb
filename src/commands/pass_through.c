// The tools of the platform under devbox's roof: the right executable, environment and sandbox, the exit code passed on.
#include "commands/commands.h"
#include "services/airflow_shell.h"
#include "services/dbt.h"

static const Argument word_arguments[] = {{"ARGS", "words for the tool itself", ARGUMENT_REPEATED_OPTIONAL, COMPLETE_NOTHING},
                                          {0}};

static const Example dbt_examples[] = {
    {"devbox dbt run --select stg_orders+", "any dbt command, on the sandbox"}, {"devbox dbt ls", NULL}, {0}};
static const Example airflow_examples[] = {{"devbox airflow dags list", "any Airflow command, on this checkout's Airflow"}, {0}};

static bool run_dbt(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    if (!project_prepare_state(ctx, invocation->project, err)) return false;
    return dbt_pass_through(ctx, invocation->project, &invocation->arguments, &outcome->exit_code, err);
}

static bool run_airflow(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    return airflow_pass_through(ctx, invocation->project, &invocation->arguments, &outcome->exit_code, err);
}

const Command command_dbt = {
    .name = "dbt",
    .group = "Data",
    .summary = "Run dbt on the sandbox database; target and profile are devbox's",
    .arguments = word_arguments,
    .examples = dbt_examples,
    .needs = NEEDS_PROJECT | NEEDS_ALL_WORDS,
    .run = run_dbt,
};

const Command command_airflow = {
    .name = "airflow",
    .group = "Data",
    .summary = "Run Airflow's own command line on this checkout's Airflow",
    .arguments = word_arguments,
    .examples = airflow_examples,
    .needs = NEEDS_PROJECT | NEEDS_ALL_WORDS,
    .run = run_airflow,
};
