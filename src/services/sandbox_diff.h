// What differs between the sandbox database as it is now and a snapshot of it.
#pragma once
#include "services/sandbox_snapshots.h"

typedef enum TableDifference { TABLE_CHANGED, TABLE_NEW, TABLE_GONE, TABLE_OTHER_COLUMNS } TableDifference;

// A changed row is one that was removed and one that was added. Of equal rows each counts.
typedef struct TableDiff {
    const char *table;
    TableDifference difference;
    const char *columns;  // of TABLE_OTHER_COLUMNS: "+method -kind"; its rows are not compared
    long long rows_then, rows_now;
    long long removed, added;
} TableDiff;

typedef LIST_OF(TableDiff) TableDiffList;

// "changed", "new", "gone", "other columns"
const char *table_difference_name(TableDifference difference);

// Tables that are the same on both sides are left out; devbox's own and views are not looked at.
bool sandbox_diff_tables(Context *ctx, const Project *project, const Snapshot *snapshot, TableDiffList *diffs,
                         Error *err) MUST_USE;

typedef struct RowsToCompare {
    const Snapshot *snapshot;
    const char *table;
    long long limit;  // at most so many
} RowsToCompare;

// Rows of one table that only one side has: a first column "" says "-" (only then) or "+" (only now), a last one "TIMES" how
// often, where a row is there several times. A table that neither side has is an error.
bool sandbox_diff_rows(Context *ctx, const Project *project, const RowsToCompare *wanted, Result *result, Error *err) MUST_USE;
