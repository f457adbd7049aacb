#include "cli/report.h"

#include "base/text.h"

const char *report_outcome(const Report *report) {
    if (report->verdict->failed + report->verdict->errors > 0) return "failed";
    return report->verdict->is_inconclusive ? "could not test" : "passed";
}

const char *report_reason(const TestCase *test_case) {
    const char *why = text_is_empty(test_case->message) ? test_case->summary : test_case->message;
    return text_is_empty(why) ? test_state_name(test_case->state) : why;
}

const char *report_place(Arena *arena, const char *file, int line) {
    if (text_is_empty(file)) return "";
    return line > 0 ? arena_format(arena, "%s:%d", file, line) : file;
}

StringList report_suites(Arena *arena, const Verdict *verdict) {
    StringList suites = {0};
    list_each(const TestCase, test_case, &verdict->cases) {
        const char *suite = test_case->suite == NULL ? "" : test_case->suite;
        if (!string_list_contains(&suites, suite)) list_push(arena, &suites, suite);
    }
    return suites;
}

Verdict report_suite(Arena *arena, const Verdict *verdict, const char *suite) {
    Verdict part = {0};
    list_each(const TestCase, test_case, &verdict->cases) {
        if (!text_equals(test_case->suite == NULL ? "" : test_case->suite, suite)) continue;
        verdict_add(arena, &part, test_case);
        if (test_case->duration_ms > 0) part.duration_ms += test_case->duration_ms;
    }
    return part;
}
