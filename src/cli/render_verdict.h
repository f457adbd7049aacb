// Test cases and verdicts for people.
#pragma once
#include "cli/style.h"
#include "model/verdict.h"

// The case's line, and why it is not green: the user's own code first. `verbosity` above 0 adds whole tracebacks and logs.
void render_test_case(Text *text, const Style *style, const TestCase *test_case, int verbosity);

// How it ended: when red the last line begins with the reason; `width` decides whether the next step fits behind it.
void render_verdict_closing(Text *text, const Style *style, const Verdict *verdict, int width);

// "1 failed, 3 passed, 1 not run"; "nothing to test" when there is no case.
const char *render_verdict_counts(Arena *arena, const Verdict *verdict);

// "0.11s", "1m23s"; "" for what never ran (-1).
const char *render_case_duration(Arena *arena, long long duration_ms);

// Why it is not green or what it gave, right of its name; "" when there is nothing to say.
const char *render_case_summary(const Style *style, Arena *arena, const TestCase *test_case);

// The innermost frame that lies in the user's own code, NULL when there is none.
const Frame *test_case_user_frame(const TestCase *test_case);

// True for a case that people must look at.
bool test_case_is_red(const TestCase *test_case);

// True for a case that passed with a warning.
bool test_case_is_warning(const TestCase *test_case);
