#include "base/text.h"
#include "io/database.h"
#include "io/file_system.h"
#include "services/sandbox.h"

enum { QUERY_BUSY_MS = 10000 };

// A statement under way and what came of it.
typedef struct Query {
    Arena *arena;
    Database *db;
    Statement *statement;
    Value *columns, *rows;
    Table *table;
} Query;

static Value *read_value(const Query *query, int column) {
    switch (statement_column_kind(query->statement, column)) {
        case COLUMN_NULL:
            return value_null(query->arena);
        case COLUMN_INTEGER:
            return value_integer(query->arena, statement_column_integer(query->statement, column));
        case COLUMN_REAL:
            return value_real(query->arena, statement_column_real(query->statement, column));
        default:
            return value_string(query->arena, statement_column_text(query->arena, query->statement, column));
    }
}

static void read_columns(Query *query) {
    for (int i = 0; i < statement_column_count(query->statement); i++) {
        const char *name = statement_column_name(query->arena, query->statement, i);
        value_append(query->arena, query->columns, value_string(query->arena, name));
        list_push(query->arena, &query->table->columns, (TableColumn){.title = name, .alignment = ALIGN_RIGHT});
    }
}

// Numbers stand to the right; a column with any text stands to the left.
static void read_row(Query *query) {
    Value *values = value_array(query->arena);
    StringList cells = {0};
    for (int i = 0; i < statement_column_count(query->statement); i++) {
        Value *value = read_value(query, i);
        const char *text = value->kind == VALUE_NULL ? "NULL" : statement_column_text(query->arena, query->statement, i);
        if (value->kind == VALUE_STRING) query->table->columns.items[i].alignment = ALIGN_LEFT;
        value_append(query->arena, values, value);
        list_push(query->arena, &cells, text);
    }
    value_append(query->arena, query->rows, values);
    list_push(query->arena, &query->table->rows, cells);
}

static bool run(Context *ctx, Query *query, Error *err) {
    bool has_row = true;
    read_columns(query);
    for (;;) {
        if (context_is_cancelled(ctx)) return error_set(err, ERROR_INTERRUPTED, "the query was interrupted");
        if (!statement_step(query->statement, &has_row, err)) return false;
        if (!has_row) return true;
        read_row(query);
    }
}

static bool check_writing(const Query *query, bool allows_writing, Error *err) {
    if (allows_writing || statement_is_read_only(query->statement)) return true;
    error_set(err, ERROR_USAGE, "this statement changes the sandbox database");
    return error_hint(err, "Say that you mean it: devbox db query --write SQL");
}

// What a statement without rows did.
static bool describe_change(const Query *query, bool is_read_only, Result *result, Error *err) {
    int64_t changed = 0;
    Value *data = value_object(query->arena);
    value_set(query->arena, data, "columns", query->columns);
    value_set(query->arena, data, "rows", query->rows);
    *result = (Result){.data = data, .table = query->table};
    if (is_read_only || query->table->columns.count > 0) return true;
    if (!database_query_integer(query->db, "SELECT changes()", 0, &changed, err)) return false;
    value_set_integer(query->arena, data, "changes", changed);
    result->table = NULL;
    result->text = arena_format(query->arena, "%s row%s changed", text_number(query->arena, changed), changed == 1 ? "" : "s");
    return true;
}

bool sandbox_query(Context *ctx, const Project *project, const char *sql, bool allows_writing, Result *result, Error *err) {
    cleanup_database Database *db = NULL;
    cleanup_statement Statement *statement = NULL;
    const char *path = sandbox_path(ctx->arena, project);
    if (!file_exists(path)) {
        error_set(err, ERROR_FILE, "the sandbox database does not exist yet: %s", path);
        return error_hint(err, "devbox db seed");
    }
    if (!database_open(ctx->arena, path, allows_writing ? DATABASE_WRITE : DATABASE_READ, QUERY_BUSY_MS, &db, err)) return false;
    if (!statement_prepare(db, sql, &statement, err)) return false;
    Query query = {.arena = ctx->arena, .db = db, .statement = statement};
    query.columns = value_array(ctx->arena);
    query.rows = value_array(ctx->arena);
    query.table = arena_allocate(ctx->arena, sizeof *query.table);
    Result found = {0};
    if (!check_writing(&query, allows_writing, err) || !run(ctx, &query, err)) return false;
    if (!describe_change(&query, statement_is_read_only(statement), &found, err)) return false;
    *result = found;
    return true;
}
