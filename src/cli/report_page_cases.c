#include "cli/markup.h"
#include "cli/render_table.h"
#include "cli/render_verdict.h"
#include "cli/report_page.h"
#include "io/json.h"

// A green suite of more cases than this starts folded.
enum { MOST_OPEN_CASES = 40, MOST_CALLERS = 8, MOST_FINDINGS = 100 };

static const Style plain = {.has_unicode = true};

const char *report_page_mark(const TestCase *test_case) {
    if (test_case_is_warning(test_case)) return "!";
    if (test_case->state == TEST_SKIP) return "·";
    return test_case_is_red(test_case) ? "✗" : "✓";
}

const char *report_page_kind(const TestCase *test_case) {
    if (test_case_is_warning(test_case)) return "warn";
    if (test_case->state == TEST_SKIP) return "skip";
    return test_case_is_red(test_case) ? "fail" : "pass";
}

static const char *describe_frame(Arena *arena, const Frame *frame) {
    bool is_in_function = !text_is_empty(frame->function) && !text_equals(frame->function, "<module>");
    const char *place = arena_format(arena, "%s:%d", frame->file, frame->line);
    return is_in_function ? arena_format(arena, "%s in %s", place, frame->function) : place;
}

static void append_source_line(Text *text, int number, const char *source, bool is_culprit) {
    text_append_format(text, "<span class=\"%s\"><i>%d</i> ", is_culprit ? "line culprit" : "line", number);
    markup_append(text, source);
    text_append(text, "</span>");
}

static void append_place(Text *text, const TestCase *test_case) {
    const Frame *culprit = test_case_user_frame(test_case);
    bool has_place = culprit == NULL && test_case->file != NULL && test_case->line > 0;
    if (culprit != NULL) markup_append_element(text, "p", "place", describe_frame(text->arena, culprit));
    if (has_place) markup_append_element(text, "p", "place", report_place(text->arena, test_case->file, test_case->line));
    bool has_frame_source = culprit != NULL && !text_is_empty(culprit->source);
    if (test_case->source.count == 0 && !has_frame_source) return;
    text_append(text, "<pre class=\"source\">");
    list_each(const SourceLine, line, &test_case->source) {
        append_source_line(text, line->number, line->text, line->is_culprit);
    }
    if (test_case->source.count == 0) append_source_line(text, culprit->line, culprit->source, true);
    text_append(text, "</pre>\n");
}

// How the user's code got to where it broke, nearest first.
static void append_callers(Text *text, const TestCase *test_case) {
    const Frame *frame = test_case_user_frame(test_case);
    for (int callers = 0; frame != NULL && frame > test_case->frames.items && callers < MOST_CALLERS;) {
        frame--;
        if (!frame->is_user) continue;
        const char *caller = arena_format(text->arena, "called from %s", describe_frame(text->arena, frame));
        markup_append_element(text, "p", "place", caller);
        callers++;
    }
}

static void append_folded(Text *text, const char *title, const char *content, bool is_open) {
    if (text_is_empty(content)) return;
    text_append_format(text, "<details%s><summary>%s</summary>\n", is_open ? " open" : "", title);
    markup_append_element(text, "pre", NULL, content);
    text_append(text, "</details>\n");
}

static void append_path(Text *text, const char *label, const char *path) {
    if (!text_is_empty(path)) markup_append_element(text, "p", "place", arena_format(text->arena, "%s: %s", label, path));
}

// Failing rows of a dbt test, as a table of plain text.
static void append_rows(Text *text, const TestCase *test_case) {
    Text rows = {.arena = text->arena};
    if (render_rows(&rows, &plain, test_case->outputs, 0)) append_folded(text, "Failing rows", text_string(&rows), true);
}

static void append_red_case(Text *text, const TestCase *test_case) {
    bool is_in_user_code = test_case_user_frame(test_case) != NULL;
    text_append(text, "<article class=\"fail\">\n<h3>");
    markup_append(text, test_case->name);
    text_append(text, "</h3>\n");
    markup_append_element(text, "pre", "message", report_reason(test_case));
    markup_append_element(text, "p", "hint", test_case->hint);
    append_place(text, test_case);
    append_callers(text, test_case);
    append_rows(text, test_case);
    append_folded(text, "Everything it said", test_case->detail, !is_in_user_code && text_is_empty(test_case->log_tail));
    append_folded(text, "Last lines of its log", test_case->log_tail, true);
    append_path(text, "query", test_case->query_path);
    append_path(text, "log", test_case->log_path);
    text_append(text, "</article>\n");
}

void report_page_red_cases(Text *text, const Verdict *verdict) {
    if (verdict->failed + verdict->errors == 0) return;
    text_append(text, "<section>\n<h2>What is not green</h2>\n");
    list_each(const TestCase, test_case, &verdict->cases) {
        if (test_case_is_red(test_case)) append_red_case(text, test_case);
    }
    text_append(text, "</section>\n");
}

static void append_finding(Text *text, const Finding *finding) {
    text_append(text, "<li class=\"warn\"><b title=\"warning\">!</b> <span class=\"name\">");
    markup_append(text, report_place(text->arena, finding->file, finding->line));
    text_append(text, "</span> <span class=\"time\">");
    markup_append(text, finding->code);
    text_append(text, "</span>");
    markup_append_element(text, "p", NULL, finding->message);
    markup_append_element(text, "p", "next", finding->hint);
    text_append(text, "</li>\n");
}

void report_page_findings(Text *text, const Verdict *verdict) {
    size_t count = verdict->findings.count, shown = count < MOST_FINDINGS ? count : MOST_FINDINGS;
    if (count == 0) return;
    const char *unit = count == 1 ? "warning" : "warnings";
    text_append_format(text, "<section>\n<h2>Worth a look <span>%zu %s</span></h2>\n<ul>\n", count, unit);
    for (size_t i = 0; i < shown; i++) append_finding(text, &verdict->findings.items[i]);
    text_append(text, "</ul>\n");
    if (count > shown) text_append_format(text, "<p>And %zu more.</p>\n", count - shown);
    text_append(text, "</section>\n");
}

// XComs: [{"key", "value"}].
static void append_outputs(Text *text, const TestCase *test_case) {
    const Value *outputs = test_case->outputs;
    Text lines = {.arena = text->arena};
    if (test_case_is_red(test_case) || outputs == NULL || outputs->kind != VALUE_ARRAY || outputs->count == 0) return;
    for (size_t i = 0; i < outputs->count; i++) {
        const Value *item = outputs->members[i].value, *value = value_get(item, "value");
        const char *key = value_get_string(item, "key", "value");
        const char *said = json_print(text->arena, value == NULL ? item : value);
        if (outputs->count == 1 && text_equals(said, test_case->summary)) return;
        text_append_format(&lines, "%s = %s\n", key, said);
    }
    append_folded(text, outputs->count == 1 ? "1 result" : arena_format(text->arena, "%zu results", outputs->count),
                  text_string(&lines), false);
}

static void append_case(Text *text, const TestCase *test_case) {
    Arena *arena = text->arena;
    const char *state = test_state_name(test_case->state);
    text_append_format(text, "<li class=\"%s\"><b title=\"%s\">%s</b> <span class=\"name\">", report_page_kind(test_case), state,
                       report_page_mark(test_case));
    markup_append(text, test_case->name);
    text_append_format(text, "</span> <span class=\"time\">%s</span>", render_case_duration(arena, test_case->duration_ms));
    TestCase without_outputs = *test_case;  // they stand below
    without_outputs.outputs = NULL;
    const char *summary = render_case_summary(&plain, arena, &without_outputs);
    if (!text_is_empty(summary)) {
        text_append(text, " <span class=\"summary\">");
        markup_append(text, summary);
        text_append(text, "</span>");
    }
    append_outputs(text, test_case);
    text_append(text, "</li>\n");
}

static void append_suite(Text *text, const Verdict *suite, const char *name) {
    bool is_folded = suite->cases.count > MOST_OPEN_CASES && verdict_is_green(suite);
    text_append_format(text, "<details%s><summary>", is_folded ? "" : " open");
    markup_append(text, name);
    text_append_format(text, " <span>%s</span></summary>\n<ul>\n", render_verdict_counts(text->arena, suite));
    list_each(const TestCase, test_case, &suite->cases) append_case(text, test_case);
    text_append(text, "</ul>\n</details>\n");
}

void report_page_all_cases(Text *text, const Verdict *verdict) {
    StringList suites = report_suites(text->arena, verdict);
    text_append(text, "<section>\n<h2>All tests</h2>\n");
    if (suites.count == 0) markup_append_element(text, "p", NULL, "There was nothing to test.");
    list_each(const char *, name, &suites) {
        Verdict suite = report_suite(text->arena, verdict, *name);
        append_suite(text, &suite, *name);
    }
    text_append(text, "</section>\n");
}
