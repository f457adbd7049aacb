#include "base/text.h"
#include "cli/render_verdict.h"
#include "cli/report.h"
#include "cli/style.h"

// GitHub shows ten annotations of a kind per step.
enum { MOST_ANNOTATIONS = 10, MOST_ROWS = 50, WIDEST_REASON = 300 };

static const Style plain = {.has_unicode = true};

// A workflow command ends at a line end; in a property also : and , have a meaning.
static const char *escape(Arena *arena, const char *string, bool is_property) {
    static const struct {
        const char *from, *to;
        bool is_for_properties;
    } codes[] = {{"%", "%25", false}, {"\r", "%0D", false}, {"\n", "%0A", false}, {":", "%3A", true}, {",", "%2C", true}};
    const char *escaped = string;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (is_property || !codes[i].is_for_properties) escaped = text_replace(arena, escaped, codes[i].from, codes[i].to);
    }
    return escaped;
}

static const char *full_name(Arena *arena, const Report *report, const TestCase *test_case) {
    bool is_of_dag = report->dag_id != NULL && text_equals(test_case->suite, "dag");
    return is_of_dag ? arena_format(arena, "%s.%s", report->dag_id, test_case->name) : test_case->name;
}

// As the repository knows the file; NULL for a file outside of it.
static const char *repository_path(Arena *arena, const Report *report, const TestCase *test_case) {
    if (text_is_empty(test_case->file) || *test_case->file == '/') return NULL;
    if (text_is_empty(report->folder) || text_equals(report->folder, ".")) return test_case->file;
    return arena_format(arena, "%s/%s", report->folder, test_case->file);
}

static const char *annotate(Arena *arena, const Report *report, const char *level, const TestCase *test_case) {
    Text text = {.arena = arena};
    const char *file = repository_path(arena, report, test_case);
    const char *message = report_reason(test_case);
    if (!text_is_empty(test_case->hint)) message = arena_format(arena, "%s\n%s", message, test_case->hint);
    text_append_format(&text, "::%s ", level);
    if (file != NULL) text_append_format(&text, "file=%s,", escape(arena, style_clean_line(&plain, arena, file), true));
    if (file != NULL && test_case->line > 0) text_append_format(&text, "line=%d,", test_case->line);
    const char *name = style_clean_line(&plain, arena, full_name(arena, report, test_case));
    text_append_format(&text, "title=%s::", escape(arena, name, true));
    text_append(&text, escape(arena, style_clean(&plain, arena, message), false));
    return text_string(&text);
}

static bool is_warning(const TestCase *test_case) {
    return test_case->state == TEST_PASS && text_equals(test_case->state_word, "warn");
}

StringList report_github_annotations(Arena *arena, const Report *report) {
    StringList lines = {0};
    const Verdict *verdict = report->verdict;
    size_t errors = 0, warnings = 0;
    list_each(const TestCase, test_case, &verdict->cases) {
        bool is_red = test_case_is_red(test_case);
        if (is_red && errors++ < MOST_ANNOTATIONS) list_push(arena, &lines, annotate(arena, report, "error", test_case));
        if (!is_warning(test_case) || warnings++ >= MOST_ANNOTATIONS) continue;
        list_push(arena, &lines, annotate(arena, report, "warning", test_case));
    }
    if (errors > MOST_ANNOTATIONS) {
        const char *more =
            arena_format(arena, "::notice title=devbox::%zu more are red; the log names them all", errors - MOST_ANNOTATIONS);
        list_push(arena, &lines, more);
    }
    if (verdict->trouble != NULL) {
        const char *level = verdict->is_inconclusive ? "error" : "warning";
        const char *trouble = escape(arena, style_clean(&plain, arena, verdict->trouble), false);
        list_push(arena, &lines, arena_format(arena, "::%s title=devbox::%s", level, trouble));
    }
    return lines;
}

// Whatever Markdown or HTML could read as its own becomes a character reference.
static void append_markdown(Text *text, const char *string) {
    const char *line = style_fit(&plain, text->arena, style_clean_line(&plain, text->arena, string), WIDEST_REASON);
    for (; *line != '\0'; line++) {
        if (strchr("&<>\"'`*_[]()|#!~$@\\", *line) != NULL)
            text_append_format(text, "&#%d;", *line);
        else
            text_append_char(text, *line);
    }
}

static void append_row(Text *text, const Report *report, const TestCase *test_case) {
    const char *file = repository_path(text->arena, report, test_case);
    text_append(text, "| ✗ ");
    append_markdown(text, full_name(text->arena, report, test_case));
    text_append(text, " | ");
    append_markdown(text, report_reason(test_case));
    text_append(text, " | ");
    if (file != NULL) append_markdown(text, file);
    if (file != NULL && test_case->line > 0) text_append_format(text, ":%d", test_case->line);
    text_append(text, " |\n");
}

const char *report_github_summary(Arena *arena, const Report *report) {
    Text text = {.arena = arena};
    const Verdict *verdict = report->verdict;
    size_t rows = 0;
    text_append_format(&text, "### %s ", verdict_is_green(verdict) ? "✓" : "✗");
    append_markdown(&text, arena_format(arena, "devbox %s: %s in %s", report->command, report_outcome(report),
                                        render_case_duration(arena, verdict->duration_ms)));
    text_append(&text, "\n\n");
    append_markdown(&text, render_verdict_counts(arena, verdict));
    text_append_format(&text, " · ");
    append_markdown(&text, report->platform);
    text_append(&text, "\n\n");
    if (verdict->trouble != NULL) {
        text_append(&text, "> ");
        append_markdown(&text, verdict->trouble);
        text_append(&text, "\n\n");
    }
    list_each(const TestCase, test_case, &verdict->cases) {
        if (!test_case_is_red(test_case) || rows++ >= MOST_ROWS) continue;
        if (rows == 1) text_append(&text, "| Test | Why | Where |\n|---|---|---|\n");
        append_row(&text, report, test_case);
    }
    if (rows > MOST_ROWS) text_append_format(&text, "\n%zu more are red.\n", rows - MOST_ROWS);
    if (rows > 0) text_append_char(&text, '\n');
    return text_string(&text);
}
