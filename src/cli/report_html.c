#include "cli/markup.h"
#include "cli/render_verdict.h"
#include "cli/report_page.h"

static const char *outcome_kind(const Report *report) {
    const Verdict *verdict = report->verdict;
    if (verdict->failed + verdict->errors > 0) return "fail";
    return verdict->is_inconclusive ? "warn" : "pass";
}

static const char *title_of(Arena *arena, const Report *report) {
    const char *title = report->verdict->title;
    return text_is_empty(title) ? arena_format(arena, "devbox %s", report->command) : title;
}

// Scripts, fonts and pictures have no business here: were something of the checkout to get out of its quotes, nothing would load
// or run.
static void append_head(Text *text, const Report *report) {
    text_append(text,
                "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n");
    const char *title = arena_format(text->arena, "%s: %s", report_outcome(report), title_of(text->arena, report));
    markup_append_element(text, "title", NULL, title);
    text_append(text, "<style>\n");
    for (size_t i = 0; i < report_page_style_count; i++) text_append_format(text, "%s\n", report_page_style[i]);
    text_append(text, "</style>\n</head>\n");
}

static const char *describe_run(Arena *arena, const Report *report) {
    StringList parts = {0};
    const char *ended = report->ended == NULL ? NULL : text_replace(arena, report->ended, "T", " ");
    const char *const known[] = {report->project, report->platform, ended};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!text_is_empty(known[i])) list_push(arena, &parts, known[i]);
    }
    return text_join(arena, &parts, " · ");
}

static void append_masthead(Text *text, const Report *report) {
    Arena *arena = text->arena;
    const Verdict *verdict = report->verdict;
    const char *duration = render_case_duration(arena, verdict->duration_ms);
    text_append_format(text, "<header class=\"%s\">\n", outcome_kind(report));
    markup_append_element(text, "p", "about", describe_run(arena, report));
    markup_append_element(text, "h1", NULL, title_of(arena, report));
    text_append_format(text, "<p class=\"outcome\"><strong>%s</strong> in %s: ", report_outcome(report), duration);
    markup_append(text, render_verdict_counts(arena, verdict));
    text_append(text, "</p>\n");
    markup_append_element(text, "p", "trouble", verdict->trouble);
    markup_append_element(text, "p", "next", verdict->next);
    text_append(text, "<p class=\"next\">Run it again: ");
    markup_append_element(text, "code", NULL, arena_format(arena, "devbox %s", report->command));
    text_append(text, "</p>\n</header>\n");
}

const char *report_html(Arena *arena, const Report *report) {
    Text text = {.arena = arena};
    append_head(&text, report);
    text_append(&text, "<body>\n<main>\n");
    append_masthead(&text, report);
    report_page_red_cases(&text, report->verdict);
    report_page_findings(&text, report->verdict);
    report_page_timeline(&text, report->verdict);
    report_page_data(&text, report->verdict);
    report_page_slow_imports(&text, report->verdict);
    report_page_all_cases(&text, report->verdict);
    text_append(&text, "</main>\n</body>\n</html>\n");
    return text_string(&text);
}
