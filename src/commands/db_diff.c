#include "base/text.h"
#include "commands/commands.h"
#include "io/clock.h"
#include "services/sandbox_diff.h"

enum { DEFAULT_LIMIT = 20 };

typedef struct DiffOptions {
    const char *table;
    long long limit;
} DiffOptions;

static const Option options[] = {
    {.name = "table",
     .letter = 't',
     .kind = OPTION_STRING,
     .value_name = "TABLE",
     .help = "its rows that differ: - only then, + only now",
     .offset = offsetof(DiffOptions, table)},
    {.name = "limit",
     .letter = 'n',
     .kind = OPTION_INTEGER,
     .value_name = "ROWS",
     .help = "with --table: at most so many rows (default 20)",
     .offset = offsetof(DiffOptions, limit)},
    {0},
};

static const Argument arguments[] = {
    {"NAME", "a snapshot of devbox db list; left out: the newest", ARGUMENT_OPTIONAL, COMPLETE_SNAPSHOTS}, {0}};

static const Example examples[] = {
    {"devbox db diff", "which tables changed since the newest snapshot, and by how many rows"},
    {"devbox db diff before-backfill --table orders", "the rows themselves"},
    {0},
};

static Value *diff_to_value(Arena *arena, const TableDiff *diff) {
    Value *object = value_object(arena);
    value_set_string(arena, object, "table", diff->table);
    value_set_string(arena, object, "difference", table_difference_name(diff->difference));
    if (diff->columns != NULL) value_set_string(arena, object, "columns", diff->columns);
    value_set_integer(arena, object, "rowsThen", diff->rows_then);
    value_set_integer(arena, object, "rowsNow", diff->rows_now);
    if (diff->difference == TABLE_OTHER_COLUMNS) return object;
    value_set_integer(arena, object, "removed", diff->removed);
    value_set_integer(arena, object, "added", diff->added);
    return object;
}

static void add_row(Arena *arena, Table *table, const TableDiff *diff) {
    bool is_compared = diff->difference != TABLE_OTHER_COLUMNS;
    const char *difference = table_difference_name(diff->difference);
    const char *const cells[] = {
        diff->table,
        is_compared ? difference : arena_format(arena, "%s: %s", difference, diff->columns),
        text_number(arena, diff->rows_then),
        text_number(arena, diff->rows_now),
        is_compared ? text_number(arena, diff->removed) : "",
        is_compared ? text_number(arena, diff->added) : "",
    };
    table_add_row(arena, table, cells);
}

static void suggest_rows(const Context *ctx, const Snapshot *snapshot, const TableDiffList *diffs) {
    list_each(const TableDiff, diff, diffs) {
        if (diff->difference == TABLE_OTHER_COLUMNS) continue;
        event_note(ctx, "the rows: devbox db diff %s --table %s", snapshot->name, text_as_shell_word(ctx->arena, diff->table));
        return;
    }
}

static bool show_tables(Context *ctx, const Project *project, const Snapshot *snapshot, Error *err) {
    TableDiffList diffs;
    Table table = {0};
    Value *data = value_object(ctx->arena), *tables = value_array(ctx->arena);
    static const TableColumn columns[] = {{"TABLE", ALIGN_LEFT},     {"DIFFERENCE", ALIGN_LEFT}, {"ROWS THEN", ALIGN_RIGHT},
                                          {"ROWS NOW", ALIGN_RIGHT}, {"REMOVED", ALIGN_RIGHT},   {"ADDED", ALIGN_RIGHT}};
    if (!sandbox_diff_tables(ctx, project, snapshot, &diffs, err)) return false;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) list_push(ctx->arena, &table.columns, columns[i]);
    list_each(const TableDiff, diff, &diffs) {
        add_row(ctx->arena, &table, diff);
        value_append(ctx->arena, tables, diff_to_value(ctx->arena, diff));
    }
    value_set_string(ctx->arena, data, "snapshot", snapshot->name);
    value_set(ctx->arena, data, "tables", tables);
    Result result = {.data = data, .table = &table};
    if (diffs.count == 0) result.text = arena_format(ctx->arena, "no table differs from %s", snapshot->name);
    event_result(ctx, &result);
    suggest_rows(ctx, snapshot, &diffs);
    return true;
}

static bool show_rows(Context *ctx, const Project *project, const Snapshot *snapshot, const DiffOptions *given, Error *err) {
    Result result;
    long long limit = given->limit > 0 ? given->limit : DEFAULT_LIMIT;
    const RowsToCompare wanted = {.snapshot = snapshot, .table = given->table, .limit = limit};
    if (!sandbox_diff_rows(ctx, project, &wanted, &result, err)) return false;
    size_t rows = result.table->rows.count;
    if (rows == 0) result.text = arena_format(ctx->arena, "%s is the same as in %s", given->table, snapshot->name);
    event_result(ctx, &result);
    if (rows == (size_t)limit) event_note(ctx, "these are %lld rows, there may be more: --limit", limit);
    return true;
}

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    Snapshot snapshot;
    const DiffOptions *given = invocation->options;
    const StringList *names = &invocation->arguments;
    if (given->limit != 0 && given->table == NULL) {
        error_set(err, ERROR_USAGE, "--limit is about the rows of one table");
        return error_hint(err, "devbox db diff --table TABLE --limit %lld", given->limit);
    }
    if (!sandbox_snapshots_find(ctx, invocation->project, names->count > 0 ? names->items[0] : NULL, &snapshot, err))
        return false;
    event_headline(ctx, "since %s, %s", snapshot.name, clock_describe(ctx->arena, snapshot.taken_ms));
    return given->table == NULL ? show_tables(ctx, invocation->project, &snapshot, err)
                                : show_rows(ctx, invocation->project, &snapshot, given, err);
}

const Command command_db_diff = {
    .name = "diff",
    .summary = "What differs between the sandbox database and a snapshot",
    .description =
        "Table by table, all rows compared: what a DAG run or a dbt build did to the data since the snapshot. A changed row "
        "counts as one removed and one added. Nothing is changed; DAGs may go on writing.",
    .options = options,
    .options_size = sizeof(DiffOptions),
    .arguments = arguments,
    .examples = examples,
    .needs = NEEDS_PROJECT,
    .run = run,
};
