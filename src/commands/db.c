#include "base/text.h"
#include "commands/commands.h"
#include "io/clock.h"
#include "io/json.h"
#include "services/sandbox.h"

// --- seed -----------------------------------------------------------------------------------------------------------------

static const char *describe_seeding(Arena *arena, const SeedReport *report) {
    const char *totals = sandbox_seed_totals(arena, report);
    if (report->tables == 0) return "no seed files found";
    if (report->loaded == 0) return arena_format(arena, "%s; unchanged", totals);
    return arena_format(arena, "%s; %zu loaded, %zu unchanged", totals, report->loaded, report->unchanged);
}

static bool run_seed(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    SeedReport report = {0};
    long long started_ms = clock_now_ms();
    event_step_started(ctx, "sandbox", "looking at the seed files");
    if (!sandbox_seed(ctx, invocation->project, &report, err)) {
        event_step_failed(ctx, "sandbox", clock_now_ms() - started_ms, err);
        return false;
    }
    const char *outcome_text = ctx->is_dry_run ? "dry run, nothing changed" : describe_seeding(ctx->arena, &report);
    event_step_done(ctx, "sandbox", clock_now_ms() - started_ms, "%s", outcome_text);
    Value *data = value_object(ctx->arena);
    value_set_integer(ctx->arena, data, "tables", (int64_t)report.tables);
    value_set_integer(ctx->arena, data, "loaded", (int64_t)report.loaded);
    value_set_integer(ctx->arena, data, "unchanged", (int64_t)report.unchanged);
    value_set_integer(ctx->arena, data, "rows", report.rows);
    event_result(ctx, &(Result){.data = data});
    return true;
}

static const Example seed_examples[] = {
    {"devbox db seed", "load what changed of seeds/*.csv and of the dbt project's seeds"},
    {0},
};

static const Command seed = {
    .name = "seed",
    .summary = "Load changed seed files into the sandbox database",
    .description =
        "Every CSV file of the seeds folder and of the dbt project's seed paths becomes a table. Files that did not change cost "
        "nothing. Nothing changes when a file is wrong; tables that devbox did not make are never touched.",
    .examples = seed_examples,
    .needs = NEEDS_PROJECT,
    .run = run_seed,
};

// --- query ----------------------------------------------------------------------------------------------------------------

typedef struct QueryOptions {
    const char *format;
    bool is_writing;
} QueryOptions;

static const char *const formats[] = {"table", "csv", "json", NULL};

static const Option query_options[] = {
    {.name = "format",
     .letter = 'f',
     .kind = OPTION_CHOICE,
     .value_name = "FORMAT",
     .help = "table, csv or json (one object per row)",
     .offset = offsetof(QueryOptions, format),
     .choices = formats},
    {.name = "write",
     .letter = 'w',
     .kind = OPTION_FLAG,
     .help = "allow a statement that changes something",
     .offset = offsetof(QueryOptions, is_writing)},
    {0},
};

static const Argument query_arguments[] = {{"SQL", "one statement", ARGUMENT_REQUIRED, COMPLETE_NOTHING}, {0}};

static const Example query_examples[] = {
    {"devbox db query 'SELECT status, count(*) FROM orders GROUP BY status'", NULL},
    {"devbox db query --format csv 'SELECT * FROM customers' > customers.csv", "the form that seeds have"},
    {"devbox db query --write \"DELETE FROM raw_orders WHERE day = '2024-05-01'\"", NULL},
    {0},
};

static bool needs_quotes(const char *text) { return *text == '\0' || strpbrk(text, ",\"\r\n") != NULL; }

static void append_csv_text(Text *text, const char *value) {
    if (!needs_quotes(value)) {
        text_append(text, value);
        return;
    }
    text_append_char(text, '"');
    for (; *value != '\0'; value++) {
        if (*value == '"') text_append_char(text, '"');
        text_append_char(text, *value);
    }
    text_append_char(text, '"');
}

// As seeds are written: NULL is nothing, an empty text is "".
static const char *print_csv(Arena *arena, const Value *data, const Table *table) {
    Text text = {.arena = arena};
    const Value *rows = value_get(data, "rows");
    for (size_t i = 0; i < table->columns.count; i++) {
        if (i > 0) text_append_char(&text, ',');
        append_csv_text(&text, table->columns.items[i].title);
    }
    for (size_t row = 0; row < table->rows.count; row++) {
        const Value *values = rows->members[row].value;
        text_append_char(&text, '\n');
        for (size_t i = 0; i < values->count; i++) {
            if (i > 0) text_append_char(&text, ',');
            if (values->members[i].value->kind != VALUE_NULL) append_csv_text(&text, table->rows.items[row].items[i]);
        }
    }
    return text_string(&text);
}

// Names for the members of a row: a second "id" becomes "id_2", so that no value is lost.
static StringList unique_names(Arena *arena, const Table *table) {
    StringList names = {0};
    list_each(const TableColumn, column, &table->columns) {
        const char *name = column->title;
        for (int i = 2; string_list_contains(&names, name); i++) name = arena_format(arena, "%s_%d", column->title, i);
        list_push(arena, &names, name);
    }
    return names;
}

static const char *print_json(Arena *arena, const Value *data, const Table *table) {
    StringList names = unique_names(arena, table);
    const Value *rows = value_get(data, "rows");
    Value *objects = value_array(arena);
    for (size_t row = 0; row < rows->count; row++) {
        Value *object = value_object(arena);
        for (size_t i = 0; i < names.count; i++)
            value_set(arena, object, names.items[i], rows->members[row].value->members[i].value);
        value_append(arena, objects, object);
    }
    return json_print_indented(arena, objects);
}

static bool run_query(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    const QueryOptions *options = invocation->options;
    Result result = {0};
    const char *sql = invocation->arguments.items[0];
    if (ctx->is_dry_run && options->is_writing) {
        event_note(ctx, "not run, since this is a dry run: %s", sql);
        return true;
    }
    if (!sandbox_query(ctx, invocation->project, sql, options->is_writing, &result, err)) return false;
    if (result.table != NULL && text_equals(options->format, "csv"))
        result.text = print_csv(ctx->arena, result.data, result.table);
    if (result.table != NULL && text_equals(options->format, "json"))
        result.text = print_json(ctx->arena, result.data, result.table);
    event_result(ctx, &result);
    return true;
}

static const Command query = {
    .name = "query",
    .summary = "Run one SQL statement on the sandbox database",
    .options = query_options,
    .options_size = sizeof(QueryOptions),
    .arguments = query_arguments,
    .examples = query_examples,
    .needs = NEEDS_PROJECT,
    .run = run_query,
};

// --- db -------------------------------------------------------------------------------------------------------------------

static const Command *const subcommands[] = {&seed,
                                             &query,
                                             &command_db_shell,
                                             &command_db_snapshot,
                                             &command_db_list,
                                             &command_db_diff,
                                             &command_db_restore,
                                             &command_db_reset,
                                             NULL};

static const Example examples[] = {
    {"devbox db seed", "load changed seed files"},
    {"devbox db query 'SELECT count(*) FROM orders'", NULL},
    {"devbox db snapshot before-backfill", "and later: devbox db restore before-backfill"},
    {0},
};

const Command command_db = {
    .name = "db",
    .group = "Data",
    .summary = "The sandbox database: seeds, queries, snapshots",
    .examples = examples,
    .subcommands = subcommands,
};
