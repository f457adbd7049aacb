// Test cases and verdicts for people.
#pragma once
#include "cli/style.h"
#include "model/verdict.h"

// The case's line, and why it is not green: the user's own code first. `verbosity` above 0 adds whole tracebacks and logs.
void render_test_case(Text *text, const Style *style, const TestCase *test_case, int verbosity);

// How it ended: when red the last line begins with the reason; `width` decides whether the next step fits behind it.
void render_verdict_closing(Text *text, const Style *style, const Verdict *verdict, int width);

// True for a case that people must look at.
bool test_case_is_red(const TestCase *test_case);
