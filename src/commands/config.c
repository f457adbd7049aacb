#include "base/text.h"
#include "commands/commands.h"
#include "io/json.h"
#include "model/config_json_schema.h"
#include "model/event.h"
#include "services/airflow_docker.h"
#include "services/airflow_profile.h"
#include "services/airflow_settings.h"
#include "services/config_file.h"
#include "services/config_report.h"
#include "services/dag_folder.h"

typedef struct ShowOptions {
    bool reveals;
} ShowOptions;

static const Option show_options[] = {
    {.name = "reveal",
     .kind = OPTION_FLAG,
     .help = "show passwords and connections in full",
     .offset = offsetof(ShowOptions, reveals)},
    {0},
};

static const Example show_examples[] = {
    {"devbox config show", "every setting, its value and where it comes from"},
    {"devbox config show --json", "the same for programs"},
    {0},
};

static const Example check_examples[] = {{"devbox config check", "read devbox.yaml and .env, report every mistake"}, {0}};

static bool run_show(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    ConfigEntryList entries;
    const ShowOptions *given = invocation->options;
    Arena *arena = ctx->arena;
    Table table = {0};
    Value *data = value_object(arena);
    (void)outcome;
    if (!config_report(ctx, invocation->project, given->reveals, &entries, err)) return false;
    list_push(arena, &table.columns, (TableColumn){.title = "key"});
    list_push(arena, &table.columns, (TableColumn){.title = "value"});
    list_push(arena, &table.columns, (TableColumn){.title = "from"});
    list_each(const ConfigEntry, entry, &entries) {
        Value *item = value_object(arena);
        value_set_string(arena, item, "value", entry->value);
        value_set_string(arena, item, "origin", entry->origin);
        value_set(arena, data, entry->path, item);
        table_add_row(arena, &table, (const char *[]){entry->path, entry->value == NULL ? "-" : entry->value, entry->origin});
    }
    event_result(ctx, &(Result){.data = data, .table = &table});
    return true;
}

// Opening the project has read both files; what is left are mistakes that show only when they come together.
static bool run_check(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    const Project *project = invocation->project;
    ChildEnvironment scratch = child_environment_create(ctx, project);
    ConfigEntryList entries;
    size_t set = 0;
    (void)outcome;
    if (!airflow_settings_apply(ctx, project, &scratch, err) || !dag_folder_check(ctx, project, err)) return false;
    if (!config_report(ctx, project, false, &entries, err)) return false;
    list_each(const ConfigEntry, entry, &entries) set += text_starts_with(entry->origin, CONFIG_FILE_NAME);
    Value *data = value_object(ctx->arena);
    value_set_string(ctx->arena, data, "file", project->config.path);
    value_set_integer(ctx->arena, data, "keys", (int64_t)set);
    const char *text = project->config.path == NULL
                           ? "there is no devbox.yaml, the defaults hold: devbox config show"
                           : arena_format(ctx->arena, "devbox.yaml is in order, %zu %s set", set, set == 1 ? "key" : "keys");
    event_result(ctx, &(Result){.data = data, .text = text});
    return true;
}

// The file as the next start would render it; what it holds of secrets only with --reveal.
static bool run_compose(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    const ShowOptions *given = invocation->options;
    const char *text, *path;
    (void)outcome;
    if (!airflow_docker_describe_file(ctx, invocation->project, given->reveals, &text, &path, err)) return false;
    Value *data = value_object(ctx->arena);
    value_set_string(ctx->arena, data, "path", path);
    value_set_string(ctx->arena, data, "compose", text);
    event_result(ctx, &(Result){.data = data, .text = text});
    return true;
}

static bool run_schema(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    StringList versions = airflow_profile_versions(ctx);
    Value *schema = config_json_schema(ctx->arena, &versions);
    (void)invocation;
    (void)outcome;
    (void)err;
    event_result(ctx, &(Result){.data = schema, .text = json_print_indented(ctx->arena, schema)});
    return true;
}

static const Command show = {
    .name = "show",
    .summary = "Print the effective configuration and where each value comes from",
    .options = show_options,
    .options_size = sizeof(ShowOptions),
    .examples = show_examples,
    .needs = NEEDS_PROJECT,
    .run = run_show,
};

static const Command check = {
    .name = "check",
    .summary = "Look for mistakes in devbox.yaml, .env and the DAG folder",
    .examples = check_examples,
    .needs = NEEDS_PROJECT,
    .run = run_check,
};

static const Example compose_examples[] = {
    {"devbox config compose", "the compose file that the Docker runtime brings up"},
    {"devbox config compose --reveal > compose.yaml", "complete, to be run without devbox"},
    {0},
};

static const Command compose = {
    .name = "compose",
    .summary = "Print the compose file of the Docker runtime as start would render it",
    .options = show_options,
    .options_size = sizeof(ShowOptions),
    .examples = compose_examples,
    .needs = NEEDS_PROJECT,
    .run = run_compose,
};

static const Example schema_examples[] = {
    {"devbox config schema > .vscode/devbox.schema.json",
     "then, as the first line of devbox.yaml: # yaml-language-server: $schema=.vscode/devbox.schema.json"},
    {0},
};

static const Command schema = {
    .name = "schema",
    .summary = "Print the JSON Schema of devbox.yaml, for editors",
    .examples = schema_examples,
    .run = run_schema,
};

static const Command *const subcommands[] = {&show, &check, &compose, &schema, NULL};

const Command command_config = {
    .name = "config",
    .group = "Setup",
    .summary = "Show or check devbox.yaml",
    .subcommands = subcommands,
};
