#include "base/text.h"
#include "cli/markup.h"
#include "cli/render_verdict.h"
#include "cli/report.h"

// The part of the verdict that is about devbox itself: what kept it from testing.
#define TROUBLE_SUITE "devbox"

static void append_seconds(Text *text, long long duration_ms) {
    if (duration_ms < 0) duration_ms = 0;
    text_append_format(text, " time=\"%lld.%03lld\"", duration_ms / 1000, duration_ms % 1000);
}

static void append_counts(Text *text, const Verdict *verdict) {
    text_append_format(text, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", verdict->cases.count, verdict->failed,
                       verdict->errors);
}

// "AssertionError" of "AssertionError: empty day: 0"; where no name leads, the state.
static const char *kind_of(Arena *arena, const TestCase *test_case) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.";
    const char *message = test_case->message == NULL ? "" : test_case->message;
    size_t length = strspn(message, letters);
    bool is_name = length > 0 && message[length] == ':' && message[length + 1] == ' ';
    return is_name ? arena_copy_bytes(arena, message, length) : test_state_name(test_case->state);
}

// What a terminal shows, in full.
static const char *evidence(Arena *arena, const TestCase *test_case) {
    static const Style plain = {.has_unicode = true};
    Text body = {.arena = arena};
    render_test_case(&body, &plain, test_case, 1);
    return text_string(&body);
}

static void append_outcome(Text *text, const TestCase *test_case) {
    if (test_case->state == TEST_SKIP) {
        text_append(text, "<skipped");
        markup_append_attribute(text, "message", test_case->summary == NULL ? test_case->state_word : test_case->summary);
        text_append(text, "/>");
        return;
    }
    const char *tag = test_case->state == TEST_FAIL ? "failure" : "error";
    text_append_format(text, "<%s", tag);
    markup_append_attribute(text, "message", report_reason(test_case));
    markup_append_attribute(text, "type", kind_of(text->arena, test_case));
    text_append_char(text, '>');
    markup_append(text, evidence(text->arena, test_case));
    text_append_format(text, "</%s>", tag);
}

static void append_case(Text *text, const Report *report, const TestCase *test_case) {
    bool is_of_dag = report->dag_id != NULL && text_equals(test_case->suite, "dag");
    const char *class_name = is_of_dag ? arena_format(text->arena, "dag.%s", report->dag_id) : test_case->suite;
    text_append(text, "    <testcase");
    markup_append_attribute(text, "name", test_case->name);
    markup_append_attribute(text, "classname", class_name);
    append_seconds(text, test_case->duration_ms);
    markup_append_attribute(text, "file", test_case->file);
    if (test_case->line > 0) text_append_format(text, " line=\"%d\"", test_case->line);
    if (test_case->state == TEST_PASS) {
        text_append(text, "/>\n");
        return;
    }
    text_append_char(text, '>');
    append_outcome(text, test_case);
    text_append(text, "</testcase>\n");
}

static void append_property(Text *text, const char *name, const char *value) {
    if (text_is_empty(value)) return;
    text_append_format(text, "      <property name=\"%s\"", name);
    markup_append_attribute(text, "value", value);
    text_append(text, "/>\n");
}

// Warnings are no cases; readers show this text beside those of the suite.
static void append_findings(Text *text, const Verdict *verdict) {
    if (verdict->findings.count == 0) return;
    text_append(text, "    <system-err>");
    list_each(const Finding, finding, &verdict->findings) {
        const char *place = report_place(text->arena, finding->file, finding->line);
        markup_append(
            text, arena_format(text->arena, "%s%s%s (%s)\n", place, *place == '\0' ? "" : " ", finding->message, finding->code));
    }
    text_append(text, "</system-err>\n");
}

static void append_suite(Text *text, const Report *report, const Verdict *all, const char *name) {
    Verdict suite = report_suite(text->arena, all, name);
    text_append(text, "  <testsuite");
    markup_append_attribute(text, "name", name);
    append_counts(text, &suite);
    text_append_format(text, " skipped=\"%zu\"", suite.skipped);
    append_seconds(text, suite.duration_ms);
    markup_append_attribute(text, "timestamp", report->ended);
    text_append(text, ">\n    <properties>\n");
    append_property(text, "command", report->command);
    append_property(text, "project", report->project);
    append_property(text, "platform", report->platform);
    text_append(text, "    </properties>\n");
    list_each(const TestCase, test_case, &suite.cases) append_case(text, report, test_case);
    bool is_first = text_equals(name, all->cases.items[0].suite == NULL ? "" : all->cases.items[0].suite);
    if (is_first) append_findings(text, report->verdict);
    text_append(text, "  </testsuite>\n");
}

// A reader of JUnit only sees cases: trouble must be one.
static void add_trouble(Arena *arena, const Report *report, Verdict *all) {
    const char *trouble = report->verdict->trouble;
    bool is_inconclusive = report->verdict->is_inconclusive;
    if (trouble == NULL && !is_inconclusive) return;
    if (trouble == NULL) trouble = "something kept tests from running";
    TestCase test_case = {
        .suite = TROUBLE_SUITE,
        .name = "everything could be tested",
        .state = is_inconclusive ? TEST_ERROR : TEST_SKIP,
        .duration_ms = -1,
        .summary = is_inconclusive ? NULL : trouble,
        .message = trouble,
    };
    verdict_add(arena, all, &test_case);
}

const char *report_junit(Arena *arena, const Report *report) {
    Text text = {.arena = arena};
    Verdict all = {.duration_ms = report->verdict->duration_ms};
    list_each(const TestCase, test_case, &report->verdict->cases) verdict_add(arena, &all, test_case);
    add_trouble(arena, report, &all);
    StringList suites = report_suites(arena, &all);
    text_append(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    markup_append_attribute(&text, "name", arena_format(arena, "devbox %s", report->command));
    append_counts(&text, &all);
    append_seconds(&text, all.duration_ms);
    text_append(&text, ">\n");
    list_each(const char *, suite, &suites) append_suite(&text, report, &all, *suite);
    text_append(&text, "</testsuites>\n");
    return text_string(&text);
}
