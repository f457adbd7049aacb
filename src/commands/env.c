#include "base/text.h"
#include "commands/commands.h"
#include "model/event.h"
#include "model/sensitive.h"
#include "services/airflow_runtime.h"
#include "services/airflow_settings.h"

typedef struct EnvOptions {
    bool reveals;
} EnvOptions;

static const Option options[] = {
    {.name = "reveal", .kind = OPTION_FLAG, .help = "show secrets in full", .offset = offsetof(EnvOptions, reveals)},
    {0},
};

static const Example examples[] = {
    {"devbox env", "what DAGs and dbt find in their environment"},
    {"devbox env --json --reveal", "the same for programs, with the secrets"},
    {0},
};

static int compare_pairs(const void *left, const void *right) {
    return strcmp(((const Pair *)left)->key, ((const Pair *)right)->key);
}

static void show(Context *ctx, const Project *project, const PairList *variables, const StringList *withheld, bool reveals) {
    Arena *arena = ctx->arena;
    Table table = {0};
    Value *data = value_object(arena), *values = value_object(arena);
    list_push(arena, &table.columns, (TableColumn){.title = "variable"});
    list_push(arena, &table.columns, (TableColumn){.title = "value"});
    list_push(arena, &table.columns, (TableColumn){.title = "from"});
    list_each(const Pair, pair, variables) {
        // What devbox sets here are paths and switches, whatever the names say.
        bool is_harmless = text_equals(pair->origin, "devbox");
        const char *shown = reveals || is_harmless ? pair->value : value_masked(arena, pair->key, pair->value);
        value_set_string(arena, values, pair->key, shown);
        table_add_row(arena, &table, (const char *[]){pair->key, shown, pair->origin});
    }
    value_set_string(arena, data, "instance", project->instance);
    value_set(arena, data, "variables", values);
    value_set(arena, data, "withheld", value_from_strings(arena, withheld));
    event_result(ctx, &(Result){.data = data, .table = &table});
}

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    const EnvOptions *given = invocation->options;
    const Project *project = invocation->project;
    bool is_container = text_equals(airflow_runtime_of(project)->name, "docker");
    ChildEnvironment environment =
        is_container ? child_environment_create_for_container(ctx, project) : child_environment_create(ctx, project);
    PairList *variables = &environment.variables;
    (void)outcome;
    if (!airflow_settings_apply(ctx, project, &environment, err)) return false;
    StringList withheld = child_environment_withheld(ctx, project);
    qsort(variables->items, variables->count, sizeof *variables->items, compare_pairs);
    show(ctx, project, variables, &withheld, given->reveals);
    if (is_container) event_note(ctx, "in containers: of your shell, only proxies and what env.pass names");
    if (withheld.count > 0) {
        event_note(ctx, "kept from DAGs and dbt: %s (env.pass in devbox.yaml lets a variable through)",
                   text_join(ctx->arena, &withheld, ", "));
    }
    return true;
}

const Command command_env = {
    .name = "env",
    .group = "Setup",
    .summary = "Print the environment that DAGs and dbt get, secrets masked",
    .description =
        "Nothing that runs locally gets the keys to production: variables of your shell with cloud or warehouse credentials stay "
        "out, whatever their case. What DAGs need locally goes into .env, into devbox.yaml (airflow.env, airflow.connections, "
        "airflow.variables), or, when it must come from the shell, its name below env.pass.",
    .options = options,
    .options_size = sizeof(EnvOptions),
    .examples = examples,
    .needs = NEEDS_PROJECT,
    .run = run,
};
