#include "services/sandbox_diff.h"

#include "base/text.h"
#include "io/database.h"
#include "io/file_system.h"
#include "services/query_rows.h"
#include "services/sandbox_door.h"

enum { BUSY_MS = 10000 };

#define TABLES_OF                                                                                        \
    "SELECT name FROM %s.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%%' ESCAPE '\\'" \
    " AND name NOT LIKE '\\_devbox\\_%%' ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%%' ORDER BY name"

const char *table_difference_name(TableDifference difference) {
    static const char *const names[] = {"changed", "new", "gone", "other columns"};
    return names[difference];
}

// --- both sides in one connection -----------------------------------------------------------------------------------------

typedef struct Comparison {
    Context *ctx;
    Database *db;  // main: now, then: the snapshot
    StringList now, then;
} Comparison;

static bool read_texts(Arena *arena, Database *db, const char *sql, int column, StringList *texts, Error *err) {
    cleanup_statement Statement *statement = NULL;
    if (!statement_prepare(db, sql, &statement, err)) return false;
    for (bool has_row = true;;) {
        if (!statement_step(statement, &has_row, err)) return false;
        if (!has_row) return true;
        list_push(arena, texts, statement_column_text(arena, statement, column));
    }
}

static bool read_columns(Comparison *both, const char *side, const char *table, StringList *columns, Error *err) {
    Arena *arena = both->ctx->arena;
    const char *sql = arena_format(arena, "PRAGMA %s.table_info(%s)", side, database_quote_identifier(arena, table));
    return read_texts(arena, both->db, sql, 1, columns, err);
}

// In one transaction: the live database may change meanwhile.
static bool attach(Comparison *both, const char *now, const Snapshot *snapshot, Error *err) {
    Arena *arena = both->ctx->arena;
    if (!database_open(arena, now, DATABASE_READ, BUSY_MS, &both->db, err)) return false;
    database_end_with(both->db, both->ctx->cancel);
    return database_execute_with(both->db, "ATTACH ?1 AS \"then\"", &snapshot->path, 1, err) &&
           database_execute(both->db, "BEGIN", err) &&
           read_texts(arena, both->db, arena_format(arena, TABLES_OF, "main"), 0, &both->now, err) &&
           read_texts(arena, both->db, arena_format(arena, TABLES_OF, "\"then\""), 0, &both->then, err);
}

typedef bool Comparer(Comparison *both, void *state, Error *err);

static bool compare_files(Context *ctx, const char *now, const Snapshot *snapshot, Comparer *compare, void *state, Error *err) {
    Comparison both = {.ctx = ctx};
    bool is_done = attach(&both, now, snapshot, err) && compare(&both, state, err);
    database_close(both.db);
    return is_done;
}

static bool compare_copy(Context *ctx, const Project *project, const Snapshot *snapshot, Comparer *compare, void *state,
                         Error *err) {
    const char *parent = project_state_path(ctx->arena, project, "tmp"), *folder;
    Error cleaning = {.arena = ctx->arena};
    if (!folder_create(ctx->arena, parent, err) || !folder_create_temporary(ctx->arena, parent, "diff-", &folder, err))
        return false;
    const char *copy = path_join(ctx->arena, folder, "now.db");
    bool is_done = sandbox_backup(ctx, project, copy, err) && compare_files(ctx, copy, snapshot, compare, state, err);
    if (!folder_remove(ctx->arena, folder, &cleaning)) event_warning(ctx, NULL, "%s", cleaning.message);
    return is_done;
}

static bool compare_with(Context *ctx, const Project *project, const Snapshot *snapshot, Comparer *compare, void *state,
                         Error *err) {
    const char *now = sandbox_path(ctx->arena, project);
    if (!file_exists(now)) return sandbox_report_missing(ctx->arena, project, err);
    bool is_done = sandbox_door_is_needed(ctx, project) ? compare_copy(ctx, project, snapshot, compare, state, err)
                                                        : compare_files(ctx, now, snapshot, compare, state, err);
    if (!is_done && context_is_cancelled(ctx)) error_set(err, ERROR_INTERRUPTED, "interrupted while comparing");
    return is_done;
}

// --- rows -----------------------------------------------------------------------------------------------------------------

static const char *list_columns(Arena *arena, const StringList *columns) {
    Text text = {.arena = arena};
    list_each(const char *const, column, columns) {
        text_append_format(&text, "%s%s", text.length == 0 ? "" : ", ", database_quote_identifier(arena, *column));
    }
    return text_string(&text);
}

// As they are stored: two spellings that a column's own collation holds for equal are two values, and so are 1 and 1.0.
static const char *list_stored(Arena *arena, const StringList *columns) {
    Text text = {.arena = arena}, kinds = {.arena = arena};
    list_each(const char *const, column, columns) {
        const char *name = database_quote_identifier(arena, *column);
        text_append_format(&text, "%s COLLATE BINARY, ", name);
        text_append_format(&kinds, "%stypeof(%s)", kinds.length == 0 ? "" : " || ", name);
    }
    return arena_format(arena, "%s%s", text_string(&text), text_string(&kinds));
}

// Each row that is not there as often on both sides, with the difference as "devbox_times".
static const char *differing_rows(Arena *arena, const char *table, const StringList *columns) {
    const char *name = database_quote_identifier(arena, table), *list = list_columns(arena, columns);
    return arena_format(arena,
                        "SELECT %s, sum(devbox_side) AS devbox_times FROM (SELECT %s, 1 AS devbox_side FROM main.%s"
                        " UNION ALL SELECT %s, -1 FROM \"then\".%s) GROUP BY %s HAVING devbox_times <> 0",
                        list, list, name, list, name, list_stored(arena, columns));
}

static bool count_differing(Comparison *both, const StringList *columns, TableDiff *diff, Error *err) {
    Arena *arena = both->ctx->arena;
    cleanup_statement Statement *statement = NULL;
    const char *sql = arena_format(arena, "SELECT total(max(devbox_times, 0)), total(max(-devbox_times, 0)) FROM (%s)",
                                   differing_rows(arena, diff->table, columns));
    bool has_row;
    if (!statement_prepare(both->db, sql, &statement, err) || !statement_step(statement, &has_row, err)) return false;
    diff->added = (long long)statement_column_real(statement, 0);
    diff->removed = (long long)statement_column_real(statement, 1);
    return true;
}

// --- tables ---------------------------------------------------------------------------------------------------------------

static bool count_rows(Comparison *both, const char *side, const StringList *tables, const char *table, long long *rows,
                       Error *err) {
    int64_t found = 0;
    Arena *arena = both->ctx->arena;
    *rows = 0;
    if (!string_list_contains(tables, table)) return true;
    const char *sql = arena_format(arena, "SELECT count(*) FROM %s.%s", side, database_quote_identifier(arena, table));
    if (!database_query_integer(both->db, sql, 0, &found, err)) return false;
    *rows = found;
    return true;
}

static const char *name_columns(Arena *arena, const StringList *now, const StringList *then) {
    Text text = {.arena = arena};
    list_each(const char *const, column, now) {
        if (!string_list_contains(then, *column)) text_append_format(&text, "%s+%s", text.length == 0 ? "" : " ", *column);
    }
    list_each(const char *const, column, then) {
        if (!string_list_contains(now, *column)) text_append_format(&text, "%s-%s", text.length == 0 ? "" : " ", *column);
    }
    return text.length == 0 ? "in another order" : text_string(&text);
}

static bool has_same_columns(const StringList *now, const StringList *then) {
    if (now->count != then->count) return false;
    for (size_t i = 0; i < now->count; i++) {
        if (!text_equals(now->items[i], then->items[i])) return false;
    }
    return true;
}

static bool compare_shared(Comparison *both, TableDiff *diff, Error *err) {
    StringList now = {0}, then = {0};
    if (!read_columns(both, "main", diff->table, &now, err) || !read_columns(both, "\"then\"", diff->table, &then, err))
        return false;
    if (has_same_columns(&now, &then)) return count_differing(both, &now, diff, err);
    diff->difference = TABLE_OTHER_COLUMNS;
    diff->columns = name_columns(both->ctx->arena, &now, &then);
    return true;
}

static bool compare_table(Comparison *both, const char *table, TableDiffList *diffs, Error *err) {
    TableDiff diff = {.table = table};
    bool is_now = string_list_contains(&both->now, table), was_then = string_list_contains(&both->then, table);
    if (!count_rows(both, "main", &both->now, table, &diff.rows_now, err) ||
        !count_rows(both, "\"then\"", &both->then, table, &diff.rows_then, err)) {
        return false;
    }
    if (is_now && was_then && !compare_shared(both, &diff, err)) return false;
    if (!is_now || !was_then) {
        diff.difference = is_now ? TABLE_NEW : TABLE_GONE;
        diff.added = diff.rows_now;
        diff.removed = diff.rows_then;
    }
    bool is_same = diff.difference == TABLE_CHANGED && diff.added == 0 && diff.removed == 0;
    if (!is_same) list_push(both->ctx->arena, diffs, diff);
    return true;
}

static bool compare_tables(Comparison *both, void *state, Error *err) {
    list_each(const char *const, table, &both->now) {
        if (!compare_table(both, *table, state, err)) return false;
    }
    list_each(const char *const, table, &both->then) {
        if (!string_list_contains(&both->now, *table) && !compare_table(both, *table, state, err)) return false;
    }
    return true;
}

bool sandbox_diff_tables(Context *ctx, const Project *project, const Snapshot *snapshot, TableDiffList *diffs, Error *err) {
    *diffs = (TableDiffList){0};
    return compare_with(ctx, project, snapshot, compare_tables, diffs, err);
}

// --- one table ------------------------------------------------------------------------------------------------------------

typedef struct RowQuestion {
    const RowsToCompare *wanted;
    Result *result;
} RowQuestion;

static bool report_unknown_table(Comparison *both, const char *table, Error *err) {
    const char *nearest = text_nearest(table, both->now.items, both->now.count);
    error_set(err, ERROR_USAGE, "neither the sandbox database nor the snapshot has a table '%s'", table);
    if (nearest != NULL) return error_hint(err, "did you mean: --table %s", nearest);
    return error_hint(err, "devbox db diff lists the tables that differ");
}

static bool compare_rows(Comparison *both, void *state, Error *err) {
    Arena *arena = both->ctx->arena;
    const RowQuestion *question = state;
    const RowsToCompare *wanted = question->wanted;
    cleanup_statement Statement *statement = NULL;
    StringList now = {0}, then = {0};
    const char *name = database_quote_identifier(arena, wanted->table), *sql;
    if (!read_columns(both, "main", wanted->table, &now, err)) return false;
    if (!read_columns(both, "\"then\"", wanted->table, &then, err)) return false;
    if (now.count == 0 && then.count == 0) return report_unknown_table(both, wanted->table, err);
    if (now.count > 0 && then.count > 0 && !has_same_columns(&now, &then)) {
        error_set(err, ERROR_USAGE, "%s has other columns than in the snapshot (%s), so its rows cannot be compared",
                  wanted->table, name_columns(arena, &now, &then));
        const char *query = arena_format(arena, "SELECT * FROM %s", name);
        return error_hint(err, "devbox db query %s", text_quote_for_shell(arena, query));
    }
    if (then.count == 0) {
        sql = arena_format(arena, "SELECT '+' AS \"\", *, 1 AS TIMES FROM main.%s LIMIT %lld", name, wanted->limit);
    } else if (now.count == 0) {
        sql = arena_format(arena, "SELECT '-' AS \"\", *, 1 AS TIMES FROM \"then\".%s LIMIT %lld", name, wanted->limit);
    } else {
        const char *list = list_columns(arena, &now);
        sql = arena_format(arena,
                           "SELECT iif(devbox_times > 0, '+', '-') AS \"\", %s, abs(devbox_times) AS TIMES FROM (%s)"
                           " ORDER BY %s, devbox_times LIMIT %lld",
                           list, differing_rows(arena, wanted->table, &now), list, wanted->limit);
    }
    QueryRows rows = query_rows_create(arena);
    if (!statement_prepare(both->db, sql, &statement, err) || !query_rows_read(&rows, statement, err)) return false;
    *question->result = (Result){.data = query_rows_data(&rows), .table = rows.table};
    return true;
}

bool sandbox_diff_rows(Context *ctx, const Project *project, const RowsToCompare *wanted, Result *result, Error *err) {
    RowQuestion question = {.wanted = wanted, .result = result};
    return compare_with(ctx, project, wanted->snapshot, compare_rows, &question, err);
}
