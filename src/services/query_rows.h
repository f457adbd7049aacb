// The rows of an SQL statement, as a table for people and as data.
#pragma once
#include "io/database.h"
#include "model/event.h"

typedef struct QueryRows {
    Arena *arena;
    Value *columns, *rows;  // names; arrays of as many values
    Table *table;
} QueryRows;

QueryRows query_rows_create(Arena *arena);

// Steps through a statement that was not stepped before.
bool query_rows_read(QueryRows *rows, Statement *statement, Error *err) MUST_USE;

// The same by hand: columns first, then for each row its cells, one by one. `text` is how people see the value.
void query_rows_add_column(QueryRows *rows, const char *name);
void query_rows_add_cell(QueryRows *rows, Value *values, StringList *cells, Value *value, const char *text);
void query_rows_add(QueryRows *rows, Value *values, StringList cells);

// {"columns", "rows"}
Value *query_rows_data(const QueryRows *rows);
