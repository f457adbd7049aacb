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
static const char *repository_path(Arena *arena, const Report *report, const char *file) {
    if (text_is_empty(file) || *file == '/') return NULL;
    if (text_is_empty(report->folder) || text_equals(report->folder, ".")) return file;
    return arena_format(arena, "%s/%s", report->folder, file);
}

typedef struct Annotation {
    const char *level, *title;
    const char *file;  // as the repository knows it; NULL for none
    int line;          // 0 when unknown
    const char *message, *hint;
} Annotation;

static const char *print_annotation(Arena *arena, const Annotation *annotation) {
    Text text = {.arena = arena};
    const char *file = annotation->file, *message = annotation->message;
    if (!text_is_empty(annotation->hint)) message = arena_format(arena, "%s\n%s", message, annotation->hint);
    text_append_format(&text, "::%s ", annotation->level);
    if (file != NULL) text_append_format(&text, "file=%s,", escape(arena, style_clean_line(&plain, arena, file), true));
    if (file != NULL && annotation->line > 0) text_append_format(&text, "line=%d,", annotation->line);
    const char *title = style_clean_line(&plain, arena, annotation->title);
    text_append_format(&text, "title=%s::", escape(arena, title, true));
    text_append(&text, escape(arena, style_clean(&plain, arena, message), false));
    return text_string(&text);
}

static const char *annotate_case(Arena *arena, const Report *report, const char *level, const TestCase *test_case) {
    return print_annotation(arena, &(Annotation){.level = level,
                                                 .title = full_name(arena, report, test_case),
                                                 .file = repository_path(arena, report, test_case->file),
                                                 .line = test_case->line,
                                                 .message = report_reason(test_case),
                                                 .hint = test_case->hint});
}

static const char *annotate_finding(Arena *arena, const Report *report, const Finding *finding) {
    return print_annotation(arena, &(Annotation){.level = "warning",
                                                 .title = finding->code,
                                                 .file = repository_path(arena, report, finding->file),
                                                 .line = finding->line,
                                                 .message = finding->message,
                                                 .hint = finding->hint});
}

static const char *annotate_devbox(Arena *arena, const char *level, const char *message) {
    return print_annotation(arena, &(Annotation){.level = level, .title = "devbox", .message = message});
}

static void annotate_errors(Arena *arena, const Report *report, StringList *lines) {
    size_t errors = 0;
    list_each(const TestCase, test_case, &report->verdict->cases) {
        bool is_shown = test_case_is_red(test_case) && errors++ < MOST_ANNOTATIONS;
        if (is_shown) list_push(arena, lines, annotate_case(arena, report, "error", test_case));
    }
    if (errors <= MOST_ANNOTATIONS) return;
    const char *more = arena_format(arena, "%zu more are red; the log names them all", errors - MOST_ANNOTATIONS);
    list_push(arena, lines, annotate_devbox(arena, "notice", more));
}

static void annotate_warnings(Arena *arena, const Report *report, StringList *lines) {
    size_t warnings = 0;
    list_each(const TestCase, test_case, &report->verdict->cases) {
        bool is_shown = test_case_is_warning(test_case) && warnings++ < MOST_ANNOTATIONS;
        if (is_shown) list_push(arena, lines, annotate_case(arena, report, "warning", test_case));
    }
    list_each(const Finding, finding, &report->verdict->findings) {
        if (warnings++ < MOST_ANNOTATIONS) list_push(arena, lines, annotate_finding(arena, report, finding));
    }
}

StringList report_github_annotations(Arena *arena, const Report *report) {
    StringList lines = {0};
    const char *trouble = report->verdict->trouble;
    annotate_errors(arena, report, &lines);
    if (trouble != NULL) {
        const char *level = report->verdict->is_inconclusive ? "error" : "warning";
        list_push(arena, &lines, annotate_devbox(arena, level, trouble));
    }
    annotate_warnings(arena, report, &lines);
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
    const char *file = repository_path(text->arena, report, test_case->file);
    text_append(text, "| ✗ ");
    append_markdown(text, full_name(text->arena, report, test_case));
    text_append(text, " | ");
    append_markdown(text, report_reason(test_case));
    text_append(text, " | ");
    append_markdown(text, report_place(text->arena, file, test_case->line));
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
    if (verdict->findings.count > 0) text_append_format(&text, ", %zu worth a look", verdict->findings.count);
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
