// What a task did to tables, in words. The value is `data` of docs/PROTOCOL.md: [{"table", "rows_before", "rows_after", …}].
#pragma once
#include "base/arena.h"
#include "model/value.h"

// "raw_orders +42 rows, totals changed"; NULL when nothing was written.
const char *table_changes_summarise(Arena *arena, const Value *changes);
