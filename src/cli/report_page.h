// The parts of the page that report_html() puts together. Pure.
#pragma once
#include "base/text.h"
#include "cli/report.h"

// What stands in <style>: light and dark by the reader's own setting, one column on a phone.
extern const char *const report_page_style[];
extern const size_t report_page_style_count;

// "✓", "✗", "!", "·".
const char *report_page_mark(const TestCase *test_case);

// The class that colours a case: "pass", "fail", "warn", "skip".
const char *report_page_kind(const TestCase *test_case);

// One article per red case: message, place, source, what led there, evidence.
void report_page_red_cases(Text *text, const Verdict *verdict);

// Places in files that turn nothing red.
void report_page_findings(Text *text, const Verdict *verdict);

// Every case, by suite; long green suites are folded.
void report_page_all_cases(Text *text, const Verdict *verdict);

// When each task ran; nothing where no start is known.
void report_page_timeline(Text *text, const Verdict *verdict);

// The DAG files that took longest to import; nothing while all are fast.
void report_page_slow_imports(Text *text, const Verdict *verdict);

// The tables that tasks wrote: rows before and after, and a sample.
void report_page_data(Text *text, const Verdict *verdict);
