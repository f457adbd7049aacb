// What a test verb leaves besides its output, for machines and for later: JUnit XML, a page, GitHub's annotations and summary.
// Pure.
#pragma once
#include "model/verdict.h"

typedef struct Report {
    const Verdict *verdict;
    const char *command;   // "test dag daily_orders": what to run again
    const char *dag_id;    // of the one DAG that was run; NULL when it was something else
    const char *project;   // the checkout's name
    const char *platform;  // "Airflow 2.10.3"
    const char *ended;     // "2026-11-23T08:12:44+01:00"
    const char *folder;    // of the checkout, as seen from the repository's root; "." when they are the same
} Report;

// "passed", "failed", "could not test".
const char *report_outcome(const Report *report);

// Why the case is not green, in a word where nothing else is known.
const char *report_reason(const TestCase *test_case);

// "dags/orders.py:41", "dags/orders.py" without a line, "" without a file.
const char *report_place(Arena *arena, const char *file, int line);

// The distinct suites, in the order of their first case.
StringList report_suites(Arena *arena, const Verdict *verdict);

// The suite's cases alone, counted; its duration is the sum of theirs.
Verdict report_suite(Arena *arena, const Verdict *verdict, const char *suite);

// JUnit XML as GitHub, GitLab and Jenkins read it. What kept tests from running is a case of its own, so that it is never green.
const char *report_junit(Arena *arena, const Report *report);

// One page that needs nothing else.
const char *report_html(Arena *arena, const Report *report);

// Workflow commands, "::error file=…,line=…,title=…::message": at most the ten of a kind that GitHub shows, and how many more there are.
StringList report_github_annotations(Arena *arena, const Report *report);

// Markdown for the summary of a GitHub job.
const char *report_github_summary(Arena *arena, const Report *report);
