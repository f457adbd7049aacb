#include <stdlib.h>

#include "base/text.h"
#include "io/file_system.h"
#include "services/query_rows.h"
#include "services/sandbox.h"
#include "services/sandbox_door.h"

enum { QUERY_BUSY_MS = 10000 };

// What came of a statement so far.
typedef struct Query {
    QueryRows rows;
    int64_t changes;
    bool has_changes;  // it wrote, and has no rows to show
} Query;

bool sandbox_report_missing(Arena *arena, const Project *project, Error *err) {
    error_set(err, ERROR_FILE, "the sandbox database does not exist yet: %s", sandbox_path(arena, project));
    return error_hint(err, "devbox db seed");
}

bool sandbox_report_writing(Error *err) {
    error_set(err, ERROR_USAGE, "this statement changes the sandbox database");
    return error_hint(err, "Say that you mean it: devbox db query --write SQL");
}

// --- opened here ----------------------------------------------------------------------------------------------------------

static bool run_here(Context *ctx, const char *path, const char *sql, bool allows_writing, Query *query, Error *err) {
    cleanup_database Database *db = NULL;
    cleanup_statement Statement *statement = NULL;
    if (!database_open(ctx->arena, path, allows_writing ? DATABASE_WRITE : DATABASE_READ, QUERY_BUSY_MS, &db, err)) return false;
    database_end_with(db, ctx->cancel);
    if (!statement_prepare(db, sql, &statement, err)) return false;
    bool is_read_only = statement_is_read_only(statement);
    if (!allows_writing && !is_read_only) return sandbox_report_writing(err);
    if (!query_rows_read(&query->rows, statement, err)) return false;
    query->has_changes = !is_read_only && query->rows.table->columns.count == 0;
    return !query->has_changes || database_query_integer(db, "SELECT changes()", 0, &query->changes, err);
}

// --- through the door -----------------------------------------------------------------------------------------------------

// [text, digits] is a real, as SQLite writes it and in full.
static void take_cell(QueryRows *rows, Value *values, StringList *cells, Value *cell) {
    if (cell->kind == VALUE_ARRAY) {
        StringList both = value_strings(rows->arena, cell);
        double real = both.count == 2 ? strtod(both.items[1], NULL) : 0;
        query_rows_add_cell(rows, values, cells, value_real(rows->arena, real), both.count == 2 ? both.items[0] : "");
    } else if (cell->kind == VALUE_INTEGER) {
        query_rows_add_cell(rows, values, cells, cell, arena_format(rows->arena, "%lld", (long long)cell->integer));
    } else {
        query_rows_add_cell(rows, values, cells, cell, cell->string);
    }
}

static void take_rows(QueryRows *rows, const Value *given) {
    for (size_t row = 0; given != NULL && row < given->count; row++) {
        const Value *cells_given = given->members[row].value;
        Value *values = value_array(rows->arena);
        StringList cells = {0};
        for (size_t i = 0; i < cells_given->count && i < rows->table->columns.count; i++) {
            take_cell(rows, values, &cells, cells_given->members[i].value);
        }
        query_rows_add(rows, values, cells);
    }
}

static bool run_inside(Context *ctx, const Project *project, const char *sql, bool allows_writing, Query *query, Error *err) {
    Value *request = sandbox_door_request(ctx->arena, "query"), *answer;
    value_set_string(ctx->arena, request, "sql", sql);
    value_set_bool(ctx->arena, request, "mayWrite", allows_writing);
    if (!sandbox_door_ask(ctx, project, request, &answer, err)) return false;
    StringList columns = value_strings(ctx->arena, value_get(answer, "columns"));
    list_each(const char *const, column, &columns) query_rows_add_column(&query->rows, *column);
    take_rows(&query->rows, value_get(answer, "rows"));
    query->changes = value_get_integer(answer, "changes", -1);
    query->has_changes = query->changes >= 0;
    return true;
}

// --- all together ---------------------------------------------------------------------------------------------------------

// What a statement without rows did is said in words.
static Result make_result(const Query *query) {
    Arena *arena = query->rows.arena;
    Value *data = query_rows_data(&query->rows);
    if (!query->has_changes) return (Result){.data = data, .table = query->rows.table};
    value_set_integer(arena, data, "changes", query->changes);
    const char *number = text_number(arena, query->changes), *unit = query->changes == 1 ? "" : "s";
    return (Result){.data = data, .text = arena_format(arena, "%s row%s changed", number, unit)};
}

bool sandbox_query(Context *ctx, const Project *project, const char *sql, bool allows_writing, Result *result, Error *err) {
    const char *path = sandbox_path(ctx->arena, project);
    if (!file_exists(path)) return sandbox_report_missing(ctx->arena, project, err);
    Query query = {.rows = query_rows_create(ctx->arena)};
    bool is_done = sandbox_door_is_needed(ctx, project) ? run_inside(ctx, project, sql, allows_writing, &query, err)
                                                        : run_here(ctx, path, sql, allows_writing, &query, err);
    if (!is_done) return false;
    *result = make_result(&query);
    return true;
}
