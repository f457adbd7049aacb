#include <stdlib.h>

#include "base/text.h"
#include "io/database.h"
#include "io/file_system.h"
#include "services/sandbox.h"
#include "services/sandbox_door.h"

enum { QUERY_BUSY_MS = 10000 };

// What came of a statement so far.
typedef struct Query {
    Arena *arena;
    Value *columns, *rows;
    Table *table;
    int64_t changes;
    bool has_changes;  // it wrote, and has no rows to show
} Query;

static Query create_query(Arena *arena) {
    return (Query){
        .arena = arena, .columns = value_array(arena), .rows = value_array(arena), .table = arena_allocate(arena, sizeof(Table))};
}

static void add_column(Query *query, const char *name) {
    value_append(query->arena, query->columns, value_string(query->arena, name));
    list_push(query->arena, &query->table->columns, (TableColumn){.title = name, .alignment = ALIGN_RIGHT});
}

// Numbers stand to the right; a column with any text stands to the left.
static void add_cell(Query *query, Value *values, StringList *cells, Value *value, const char *text) {
    if (value->kind == VALUE_STRING) query->table->columns.items[values->count].alignment = ALIGN_LEFT;
    value_append(query->arena, values, value);
    list_push(query->arena, cells, value->kind == VALUE_NULL ? "NULL" : text);
}

static void add_row(Query *query, Value *values, StringList cells) {
    value_append(query->arena, query->rows, values);
    list_push(query->arena, &query->table->rows, cells);
}

bool sandbox_report_missing(Arena *arena, const Project *project, Error *err) {
    error_set(err, ERROR_FILE, "the sandbox database does not exist yet: %s", sandbox_path(arena, project));
    return error_hint(err, "devbox db seed");
}

bool sandbox_report_writing(Error *err) {
    error_set(err, ERROR_USAGE, "this statement changes the sandbox database");
    return error_hint(err, "Say that you mean it: devbox db query --write SQL");
}

// --- opened here ----------------------------------------------------------------------------------------------------------

static Value *read_value(Arena *arena, const Statement *statement, int column) {
    switch (statement_column_kind(statement, column)) {
        case COLUMN_NULL:
            return value_null(arena);
        case COLUMN_INTEGER:
            return value_integer(arena, statement_column_integer(statement, column));
        case COLUMN_REAL:
            return value_real(arena, statement_column_real(statement, column));
        default:
            return value_string(arena, statement_column_text(arena, statement, column));
    }
}

static void read_row(Query *query, const Statement *statement) {
    Value *values = value_array(query->arena);
    StringList cells = {0};
    for (int i = 0; i < statement_column_count(statement); i++) {
        Value *value = read_value(query->arena, statement, i);
        add_cell(query, values, &cells, value, statement_column_text(query->arena, statement, i));
    }
    add_row(query, values, cells);
}

static bool read_rows(Context *ctx, Query *query, Statement *statement, Error *err) {
    for (bool has_row = true;;) {
        if (context_is_cancelled(ctx)) return error_set(err, ERROR_INTERRUPTED, "the query was interrupted");
        if (!statement_step(statement, &has_row, err)) return false;
        if (!has_row) return true;
        read_row(query, statement);
    }
}

static bool run_here(Context *ctx, const char *path, const char *sql, bool allows_writing, Query *query, Error *err) {
    cleanup_database Database *db = NULL;
    cleanup_statement Statement *statement = NULL;
    if (!database_open(ctx->arena, path, allows_writing ? DATABASE_WRITE : DATABASE_READ, QUERY_BUSY_MS, &db, err)) return false;
    if (!statement_prepare(db, sql, &statement, err)) return false;
    bool is_read_only = statement_is_read_only(statement);
    if (!allows_writing && !is_read_only) return sandbox_report_writing(err);
    for (int i = 0; i < statement_column_count(statement); i++) {
        add_column(query, statement_column_name(ctx->arena, statement, i));
    }
    if (!read_rows(ctx, query, statement, err)) return false;
    query->has_changes = !is_read_only && query->table->columns.count == 0;
    return !query->has_changes || database_query_integer(db, "SELECT changes()", 0, &query->changes, err);
}

// --- through the door -----------------------------------------------------------------------------------------------------

// [text, digits] is a real, as SQLite writes it and in full.
static void take_cell(Query *query, Value *values, StringList *cells, Value *cell) {
    if (cell->kind == VALUE_ARRAY) {
        StringList both = value_strings(query->arena, cell);
        double real = both.count == 2 ? strtod(both.items[1], NULL) : 0;
        add_cell(query, values, cells, value_real(query->arena, real), both.count == 2 ? both.items[0] : "");
    } else if (cell->kind == VALUE_INTEGER) {
        add_cell(query, values, cells, cell, arena_format(query->arena, "%lld", (long long)cell->integer));
    } else {
        add_cell(query, values, cells, cell, cell->string);
    }
}

static void take_rows(Query *query, const Value *rows) {
    for (size_t row = 0; rows != NULL && row < rows->count; row++) {
        const Value *given = rows->members[row].value;
        Value *values = value_array(query->arena);
        StringList cells = {0};
        for (size_t i = 0; i < given->count && i < query->table->columns.count; i++) {
            take_cell(query, values, &cells, given->members[i].value);
        }
        add_row(query, values, cells);
    }
}

static bool run_inside(Context *ctx, const Project *project, const char *sql, bool allows_writing, Query *query, Error *err) {
    Value *request = sandbox_door_request(ctx->arena, "query"), *answer;
    value_set_string(ctx->arena, request, "sql", sql);
    value_set_bool(ctx->arena, request, "mayWrite", allows_writing);
    if (!sandbox_door_ask(ctx, project, request, &answer, err)) return false;
    StringList columns = value_strings(ctx->arena, value_get(answer, "columns"));
    list_each(const char *const, column, &columns) add_column(query, *column);
    take_rows(query, value_get(answer, "rows"));
    query->changes = value_get_integer(answer, "changes", -1);
    query->has_changes = query->changes >= 0;
    return true;
}

// --- all together ---------------------------------------------------------------------------------------------------------

// What a statement without rows did is said in words.
static Result make_result(const Query *query) {
    Value *data = value_object(query->arena);
    value_set(query->arena, data, "columns", query->columns);
    value_set(query->arena, data, "rows", query->rows);
    if (!query->has_changes) return (Result){.data = data, .table = query->table};
    value_set_integer(query->arena, data, "changes", query->changes);
    const char *number = text_number(query->arena, query->changes), *unit = query->changes == 1 ? "" : "s";
    return (Result){.data = data, .text = arena_format(query->arena, "%s row%s changed", number, unit)};
}

bool sandbox_query(Context *ctx, const Project *project, const char *sql, bool allows_writing, Result *result, Error *err) {
    const char *path = sandbox_path(ctx->arena, project);
    if (!file_exists(path)) return sandbox_report_missing(ctx->arena, project, err);
    Query query = create_query(ctx->arena);
    bool is_done = sandbox_door_is_needed(ctx, project) ? run_inside(ctx, project, sql, allows_writing, &query, err)
                                                        : run_here(ctx, path, sql, allows_writing, &query, err);
    if (!is_done) return false;
    *result = make_result(&query);
    return true;
}
