#include <stdlib.h>

#include "cli/markup.h"
#include "cli/render_verdict.h"
#include "cli/report_page.h"
#include "io/json.h"

enum { MOST_SLOW_IMPORTS = 8, SLOW_IMPORT_MS = 300, MOST_SAMPLE_ROWS = 10 };

typedef struct Bar {
    long long start_ms, length_ms, whole_ms;
} Bar;

// A share of the track in CSS; thousandths, so that no locale has a say in it.
static const char *percent(Arena *arena, long long part, long long whole) {
    long long thousandths = whole <= 0 ? 0 : part * 100000 / whole;
    return arena_format(arena, "%lld.%03lld%%", thousandths / 1000, thousandths % 1000);
}

static void append_bar(Text *text, const TestCase *test_case, const Bar *bar) {
    Arena *arena = text->arena;
    text_append(text, "<li><span class=\"name\">");
    markup_append(text, test_case->name);
    text_append_format(text, "</span> <span class=\"track\"><i class=\"%s\" style=\"left:%s;width:%s\"></i></span>",
                       report_page_kind(test_case), percent(arena, bar->start_ms, bar->whole_ms),
                       percent(arena, bar->length_ms, bar->whole_ms));
    text_append_format(text, " <span class=\"time\">%s</span></li>\n", render_case_duration(arena, test_case->duration_ms));
}

static bool has_ran(const TestCase *test_case) { return test_case->started_ms >= 0 && test_case->duration_ms >= 0; }

// A run in which nothing started later than at 0 is one whose starts nobody noted.
static bool has_timeline(const Verdict *suite, long long *end_ms) {
    bool is_timed = false;
    *end_ms = 0;
    list_each(const TestCase, test_case, &suite->cases) {
        if (!has_ran(test_case)) continue;
        is_timed = is_timed || test_case->started_ms > 0;
        long long ended_ms = test_case->started_ms + test_case->duration_ms;
        if (ended_ms > *end_ms) *end_ms = ended_ms;
    }
    return is_timed;
}

static void append_timeline(Text *text, const Verdict *suite, const char *name) {
    long long end_ms;
    if (!has_timeline(suite, &end_ms)) return;
    text_append(text, "<section>\n<h2>When each ran <span>");
    markup_append(text, arena_format(text->arena, "%s, %s", name, render_case_duration(text->arena, end_ms)));
    text_append(text, "</span></h2>\n<ul class=\"bars\">\n");
    list_each(const TestCase, test_case, &suite->cases) {
        if (has_ran(test_case)) append_bar(text, test_case, &(Bar){test_case->started_ms, test_case->duration_ms, end_ms});
    }
    text_append(text, "</ul>\n</section>\n");
}

void report_page_timeline(Text *text, const Verdict *verdict) {
    StringList suites = report_suites(text->arena, verdict);
    list_each(const char *, name, &suites) {
        Verdict suite = report_suite(text->arena, verdict, *name);
        append_timeline(text, &suite, *name);
    }
}

static int by_duration_falling(const void *left, const void *right) {
    long long first = ((const TestCase *)left)->duration_ms, second = ((const TestCase *)right)->duration_ms;
    return (first < second) - (first > second);
}

void report_page_slow_imports(Text *text, const Verdict *verdict) {
    Verdict files = report_suite(text->arena, verdict, "dags");
    if (files.cases.count == 0) return;
    qsort(files.cases.items, files.cases.count, sizeof *files.cases.items, by_duration_falling);
    long long slowest_ms = files.cases.items[0].duration_ms;
    if (slowest_ms < SLOW_IMPORT_MS) return;
    text_append(text, "<section>\n<h2>Slowest imports</h2>\n<ul class=\"bars\">\n");
    for (size_t i = 0; i < files.cases.count && i < MOST_SLOW_IMPORTS; i++) {
        const TestCase *file = &files.cases.items[i];
        if (file->duration_ms >= 0) append_bar(text, file, &(Bar){0, file->duration_ms, slowest_ms});
    }
    text_append(text, "</ul>\n</section>\n");
}

static const char *cell(Arena *arena, const Value *value) {
    if (value == NULL || value->kind == VALUE_NULL) return "NULL";
    return value->kind == VALUE_STRING ? value->string : json_print(arena, value);
}

static void append_cells(Text *text, const Value *cells, const char *tag) {
    text_append(text, "<tr>");
    for (size_t i = 0; cells != NULL && i < cells->count; i++) {
        const Value *value = cells->members[i].value;
        bool is_number = value->kind == VALUE_INTEGER || value->kind == VALUE_REAL;
        text_append_format(text, "<%s%s>", tag, is_number ? " class=\"number\"" : "");
        markup_append(text, cell(text->arena, value));
        text_append_format(text, "</%s>", tag);
    }
    text_append(text, "</tr>\n");
}

// "1,204 → 1,246 rows (+42)"; a table that was not there before is new.
static const char *describe_change(Arena *arena, const Value *table) {
    int64_t before = value_get_integer(table, "rows_before", -1), after = value_get_integer(table, "rows_after", -1);
    if (after < 0) return before < 0 ? "" : arena_format(arena, "%s rows, now gone", text_number(arena, before));
    if (before < 0) return arena_format(arena, "new, %s rows", text_number(arena, after));
    const char *sign = after >= before ? "+" : "-";
    const char *change = text_number(arena, after >= before ? after - before : before - after);
    return arena_format(arena, "%s → %s rows (%s%s)", text_number(arena, before), text_number(arena, after), sign, change);
}

static void append_table(Text *text, const TestCase *test_case, const Value *table) {
    const Value *columns = value_get(table, "columns"), *sample = value_get(table, "sample");
    text_append(text, "<h3>");
    markup_append(text, value_get_string(table, "table", "?"));
    text_append(text, " <span>");
    markup_append(text, arena_format(text->arena, "%s, by %s", describe_change(text->arena, table), test_case->name));
    text_append(text, "</span></h3>\n");
    if (columns == NULL || sample == NULL || sample->count == 0) return;
    text_append(text, "<div class=\"scroll\"><table>\n<thead>");
    append_cells(text, columns, "th");
    text_append(text, "</thead>\n<tbody>\n");
    for (size_t i = 0; i < sample->count && i < MOST_SAMPLE_ROWS; i++) append_cells(text, sample->members[i].value, "td");
    text_append(text, "</tbody></table></div>\n");
}

void report_page_data(Text *text, const Verdict *verdict) {
    Text tables = {.arena = text->arena};
    list_each(const TestCase, test_case, &verdict->cases) {
        const Value *data = test_case->data;
        bool is_list = data != NULL && data->kind == VALUE_ARRAY;
        for (size_t i = 0; is_list && i < data->count; i++) append_table(&tables, test_case, data->members[i].value);
    }
    if (tables.length == 0) return;
    text_append_format(text, "<section>\n<h2>Data that changed</h2>\n%s</section>\n", text_string(&tables));
}
