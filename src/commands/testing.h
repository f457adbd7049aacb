// What all test verbs share: their report options, and how a test ends.
#pragma once
#include "cli/command.h"
#include "model/verdict.h"
#include "services/project.h"

typedef struct TestReports {
    const char *junit, *page;
} TestReports;

// The rows of an option table whose struct has a TestReports in `member`.
#define TEST_REPORT_OPTIONS(type, member)                                              \
    TEST_REPORT_OPTION("junit", "write the verdict as JUnit XML", type, member.junit), \
        TEST_REPORT_OPTION("report", "write the verdict as one HTML page", type, member.page)
#define TEST_REPORT_OPTION(option, meaning, type, place) \
    { .name = option, .kind = OPTION_STRING, .value_name = "FILE", .help = meaning, .offset = offsetof(type, place) }

// The row of an option table whose struct has a `const char *` in `member` (NULL: not asked for; "": since the default branch).
#define TEST_CHANGED_OPTION(type, member, meaning)                                                                         \
    {                                                                                                                      \
        .name = "changed", .kind = OPTION_STRING, .value_name = "BASE", .help = meaning, .offset = offsetof(type, member), \
        .has_optional_value = true                                                                                         \
    }

// The row of an option table whose struct has a bool in `member`.
#define TEST_FAIL_FAST_OPTION(type, member, meaning) \
    { .name = "fail-fast", .kind = OPTION_FLAG, .help = "stop after the first " meaning, .offset = offsetof(type, member) }

typedef struct Testing {
    const Invocation *invocation;
    const TestReports *reports;
    const char *command;  // as typed: "test dag daily_orders"
    const char *dag_id;   // of the one DAG that is run, else NULL
    bool is_round;        // one of many tests of a command that goes on: its verdict is not the command's
    Verdict verdict;
} Testing;

// The verb and the words after it, quoted where a shell needs it.
const char *testing_command(Arena *arena, const char *verb, const StringList *words);

// Before a test: a report that cannot be written is said now, not after minutes.
bool testing_begin(Context *ctx, const Testing *testing, Error *err) MUST_USE;

// After it: shows the verdict, then writes the reports, also when the test could not run (`is_done` false, *err says why).
// Returns what run() returns.
bool testing_end(Context *ctx, Testing *testing, bool is_done, Outcome *outcome, Error *err) MUST_USE;

// Keeps the verdict of `command` as the checkout's last report.
void testing_keep(Context *ctx, const Project *project, const char *command, const Verdict *verdict);
