// What a test found. A red test is data, not an Error: commands return a Verdict and main maps it to the exit code.
#pragma once
#include <stdbool.h>

#include "base/list.h"
#include "model/value.h"

typedef enum TestState { TEST_PASS, TEST_FAIL, TEST_ERROR, TEST_SKIP } TestState;

typedef struct Frame {
    const char *file;  // as shown: relative to the checkout where it lies inside
    int line;
    const char *function, *source;
    bool is_user;  // a frame of the user's own code, shown first
} Frame;

typedef LIST_OF(Frame) FrameList;

typedef struct SourceLine {
    int number;
    const char *text;
    bool is_culprit;
} SourceLine;

typedef LIST_OF(SourceLine) SourceLineList;

// One thing that was tested: a DAG file, a task of a DAG, a dbt node.
typedef struct TestCase {
    const char *suite;  // "dags", "dag", "dbt"
    const char *name;   // "dags/orders.py", "check_totals", "stg_orders"
    TestState state;
    const char *state_word;  // the system's own word when it says more: "upstream_failed", "skipped", "warn"
    long long duration_ms;   // -1 when it never ran
    const char *file;
    int line;             // 0 when unknown
    const char *summary;  // right of the name on its line: "42 rows", "not run: check_totals failed"
    const char *message;  // why it is not green: "AssertionError: empty day: 0"
    const char *hint;     // what to do about it, when that is known; or NULL
    FrameList frames;
    SourceLineList source;   // around the user's innermost frame
    const char *detail;      // full traceback, the failing rows, compiler output
    const char *log_path;    // where the whole log is
    const char *log_tail;    // its last lines, only when not green
    const char *query_path;  // compiled SQL of a failed dbt test
    const Value *outputs;    // XComs, sample rows
    const Value *data;       // tables it wrote: [{"table", "rows_before", "rows_after", "columns": […], "sample": [[…]]}]; or NULL
    long long started_ms;  // since the run began, for the timeline; 0 or -1: unknown
    bool is_cached;
} TestCase;

typedef LIST_OF(TestCase) TestCaseList;

// Something about one place in a file that does not make a test red.
typedef struct Finding {
    const char *code;  // its kind: "slow-import", "AIR302"
    const char *file;  // as shown; NULL when it is about no file
    int line;          // 0 when unknown
    const char *message, *hint;
} Finding;

typedef LIST_OF(Finding) FindingList;

typedef struct Verdict {
    const char *title;  // "daily_orders · dags/orders.py:12 · 4 tasks"
    TestCaseList cases;
    FindingList findings;  // warnings beside the cases
    size_t passed, failed, errors, skipped;
    long long duration_ms;
    const char *process;      // how its Python ran: "warm", "standby", "cold"; NULL: unknown
    const char *next;         // what to do now, one command; or NULL
    const char *trouble;      // infrastructure trouble that is no verdict on the user's code; or NULL
    bool is_inconclusive;     // trouble kept tests from running
    const char *consequence;  // what red means here, first words of the last line: "push stopped"; NULL: "failed in 0.41s"
} Verdict;

// Adds a case and counts it.
void verdict_add(Arena *arena, Verdict *verdict, const TestCase *test_case);

// Adds all cases and findings of `part`, its duration and its trouble.
void verdict_merge(Arena *arena, Verdict *verdict, const Verdict *part);

// True when nothing failed and nothing kept the tests from running.
bool verdict_is_green(const Verdict *verdict);

// "pass", "fail", "error", "skip".
const char *test_state_name(TestState state);

// As it appears in --json.
Value *verdict_to_value(Arena *arena, const Verdict *verdict);
Value *test_case_to_value(Arena *arena, const TestCase *test_case);
