#include "services/query_rows.h"

QueryRows query_rows_create(Arena *arena) {
    return (QueryRows){
        .arena = arena, .columns = value_array(arena), .rows = value_array(arena), .table = arena_allocate(arena, sizeof(Table))};
}

void query_rows_add_column(QueryRows *rows, const char *name) {
    value_append(rows->arena, rows->columns, value_string(rows->arena, name));
    list_push(rows->arena, &rows->table->columns, (TableColumn){.title = name, .alignment = ALIGN_RIGHT});
}

// Numbers stand to the right; a column with any text stands to the left.
void query_rows_add_cell(QueryRows *rows, Value *values, StringList *cells, Value *value, const char *text) {
    if (value->kind == VALUE_STRING) rows->table->columns.items[values->count].alignment = ALIGN_LEFT;
    value_append(rows->arena, values, value);
    list_push(rows->arena, cells, value->kind == VALUE_NULL ? "NULL" : text);
}

void query_rows_add(QueryRows *rows, Value *values, StringList cells) {
    value_append(rows->arena, rows->rows, values);
    list_push(rows->arena, &rows->table->rows, cells);
}

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

static void read_row(QueryRows *rows, const Statement *statement) {
    Value *values = value_array(rows->arena);
    StringList cells = {0};
    for (int i = 0; i < statement_column_count(statement); i++) {
        Value *value = read_value(rows->arena, statement, i);
        query_rows_add_cell(rows, values, &cells, value, statement_column_text(rows->arena, statement, i));
    }
    query_rows_add(rows, values, cells);
}

bool query_rows_read(QueryRows *rows, Statement *statement, Error *err) {
    for (int i = 0; i < statement_column_count(statement); i++) {
        query_rows_add_column(rows, statement_column_name(rows->arena, statement, i));
    }
    for (bool has_row = true;;) {
        if (!statement_step(statement, &has_row, err)) return false;
        if (!has_row) return true;
        read_row(rows, statement);
    }
}

Value *query_rows_data(const QueryRows *rows) {
    Value *data = value_object(rows->arena);
    value_set(rows->arena, data, "columns", rows->columns);
    value_set(rows->arena, data, "rows", rows->rows);
    return data;
}
