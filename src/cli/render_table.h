// Tables for people.
#pragma once
#include "cli/style.h"
#include "model/event.h"

// Appends the table with aligned columns after `indent` blanks; nothing for a table without columns.
void render_table(Text *text, const Style *style, const Table *table, int indent);

// An array of objects as a table of at most ten rows (columns of the first object); false when the value is something else.
bool render_rows(Text *text, const Style *style, const Value *rows, int indent);
