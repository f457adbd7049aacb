#include "cli/render_verdict.h"

#include "cli/render_table.h"
#include "cli/wrap.h"
#include "io/json.h"
#include "io/terminal.h"

enum {
    TASK_COLUMNS = 16,
    NAME_COLUMNS = 28,
    DURATION_COLUMNS = 8,
    INDENT = 6,
    MOST_LINES = 15,
    MOST_CALLERS = 3,
    REASON_COLUMNS = 160
};

bool test_case_is_red(const TestCase *test_case) { return test_case->state == TEST_FAIL || test_case->state == TEST_ERROR; }

bool test_case_is_warning(const TestCase *test_case) {
    return test_case->state == TEST_PASS && text_equals(test_case->state_word, "warn");
}

// Two decimals where they tell something: most cases take milliseconds.
const char *render_case_duration(Arena *arena, long long duration_ms) {
    if (duration_ms < 0) return "";
    if (duration_ms < 10000) return arena_format(arena, "%.2fs", (double)duration_ms / 1000.0);
    return text_duration(arena, duration_ms);
}

static const char *case_symbol(const Style *style, Arena *arena, const TestCase *test_case) {
    if (test_case_is_red(test_case)) return style_symbol(style, arena, SYMBOL_FAILED);
    if (test_case->state == TEST_SKIP) return style_symbol(style, arena, SYMBOL_SKIPPED);
    return style_symbol(style, arena, test_case_is_warning(test_case) ? SYMBOL_WARNING : SYMBOL_DONE);
}

static bool is_one_line(const char *string) { return !text_is_empty(string) && strchr(string, '\n') == NULL; }

// A message that needs no source lines to be understood stands right of the name.
static bool has_message_on_line(const TestCase *test_case) {
    return test_case->summary == NULL && test_case->source.count == 0 && test_case->frames.count == 0 &&
           is_one_line(test_case->message);
}

static const char *outputs_in_brief(const Style *style, Arena *arena, const Value *outputs) {
    if (outputs == NULL || outputs->kind == VALUE_NULL) return "";
    if (outputs->kind == VALUE_ARRAY && outputs->count == 0) return "";
    return style_fit(style, arena, style_clean_line(style, arena, json_print(arena, outputs)), 60);
}

const char *render_case_summary(const Style *style, Arena *arena, const TestCase *test_case) {
    const char *summary = test_case->summary;
    if (summary == NULL && has_message_on_line(test_case)) summary = test_case->message;
    if (summary == NULL && test_case->state == TEST_SKIP)
        summary = test_case->state_word == NULL ? "skipped" : test_case->state_word;
    if (summary == NULL && test_case->state == TEST_PASS) summary = outputs_in_brief(style, arena, test_case->outputs);
    if (summary == NULL) summary = "";
    summary = style_clean_line(style, arena, summary);
    if (!test_case->is_cached) return summary;
    return *summary == '\0' ? "unchanged" : arena_format(arena, "%s (unchanged)", summary);
}

static void append_case_line(Text *text, const Style *style, const TestCase *test_case) {
    Arena *arena = text->arena;
    const char *duration = render_case_duration(arena, test_case->duration_ms);
    const char *summary = render_case_summary(style, arena, test_case);
    int columns = text_equals(test_case->suite, "dag") ? TASK_COLUMNS : NAME_COLUMNS;
    text_append_format(text, "  %s ", case_symbol(style, arena, test_case));
    const char *name = style_clean_line(style, arena, test_case->name);
    if (*summary == '\0' && *duration == '\0') {
        text_append_format(text, "%s\n", name);
        return;
    }
    style_append_padded(text, name, columns, false);
    if ((int)strlen(duration) < DURATION_COLUMNS) text_append_format(text, "%*s", DURATION_COLUMNS - (int)strlen(duration), "");
    text_append(text, style_paint(style, arena, COLOUR_DIM, duration));
    if (*summary != '\0') {
        text_append(text, "   ");
        wrap_append(text, summary, 4 + columns + DURATION_COLUMNS + 3, style->wrap_width);
    }
    text_append_char(text, '\n');
}

const Frame *test_case_user_frame(const TestCase *test_case) {
    for (size_t i = test_case->frames.count; i > 0; i--) {
        if (test_case->frames.items[i - 1].is_user) return &test_case->frames.items[i - 1];
    }
    return NULL;
}

static void append_frame(Text *text, const char *lead, const Frame *frame) {
    text_append_format(text, "%*s%s%s:%d", INDENT, "", lead, frame->file, frame->line);
    bool is_in_function = !text_is_empty(frame->function) && !text_equals(frame->function, "<module>");
    if (is_in_function) text_append(text, " in ");
    if (is_in_function) text_append(text, frame->function);
    text_append_char(text, '\n');
}

static void append_source_line(Text *text, const Style *style, const SourceLine *line, int digits) {
    const char *marker = line->is_culprit ? style_paint(style, text->arena, COLOUR_RED, ">") : " ";
    const char *source = style_clean_line(style, text->arena, line->text == NULL ? "" : line->text);
    text_append_format(text, "%*s%s %*d |%s%s\n", INDENT, "", marker, digits, line->number, *source == '\0' ? "" : " ", source);
}

static void append_source(Text *text, const Style *style, const TestCase *test_case, const Frame *frame) {
    int digits = 1;
    for (size_t i = 0; i < test_case->source.count; i++) {
        int length = (int)strlen(arena_format(text->arena, "%d", test_case->source.items[i].number));
        if (length > digits) digits = length;
    }
    for (size_t i = 0; i < test_case->source.count; i++) append_source_line(text, style, &test_case->source.items[i], digits);
    if (test_case->source.count > 0 || frame == NULL || text_is_empty(frame->source)) return;
    append_source_line(text, style, &(SourceLine){frame->line, frame->source, true}, digits);
}

// Where it broke, and how the user's code got there.
static void append_place(Text *text, const Style *style, const TestCase *test_case) {
    const Frame *culprit = test_case_user_frame(test_case);
    Frame place = {.file = test_case->file, .line = test_case->line};
    bool has_place = test_case->file != NULL && test_case->line > 0;
    if (culprit != NULL)
        append_frame(text, "", culprit);
    else if (has_place)
        append_frame(text, "", &place);
    append_source(text, style, test_case, culprit);
    size_t callers = 0;
    for (const Frame *frame = culprit; frame != NULL && frame > test_case->frames.items && callers < MOST_CALLERS;) {
        frame--;
        if (!frame->is_user) continue;
        append_frame(text, "called from ", frame);
        callers++;
    }
}

static void append_block(Text *text, const Style *style, const char *string, const BlockOptions *options) {
    if (!text_is_empty(string)) style_append_block(text, style, string, options);
}

static void append_evidence(Text *text, const Style *style, const TestCase *test_case, int verbosity) {
    size_t limit = verbosity > 0 ? 0 : MOST_LINES;
    bool is_in_user_code = test_case_user_frame(test_case) != NULL;
    // A traceback through other people's code only says less than the message, the operator and what the task wrote.
    bool is_foreign = test_case->frames.count > 0 && !is_in_user_code && !text_is_empty(test_case->message);
    bool is_explained = is_in_user_code || (test_case->source.count > 0 && !is_foreign);
    bool shows_detail = !is_explained && !is_foreign && !text_is_empty(test_case->detail);
    bool has_rows = render_rows(text, style, test_case->outputs, INDENT);
    if (verbosity > 0 || (shows_detail && !has_rows)) {
        append_block(text, style, test_case->detail, &(BlockOptions){INDENT, "", limit, test_case->frames.count > 0});
    }
    if (verbosity > 0 || (!is_explained && !shows_detail)) {
        append_block(text, style, test_case->log_tail, &(BlockOptions){INDENT, "| ", limit, true});
    }
}

static void append_path(Text *text, const char *label, const char *path) {
    if (!text_is_empty(path)) text_append_format(text, "%*s%s: %s\n", INDENT, "", label, path);
}

static StringList read_cells(Arena *arena, const Value *row, size_t count) {
    StringList cells = {0};
    for (size_t i = 0; i < count; i++) {
        const Value *cell = row->kind == VALUE_ARRAY && i < row->count ? row->members[i].value : NULL;
        list_push(arena, &cells, cell != NULL && cell->kind == VALUE_STRING ? cell->string : "");
    }
    return cells;
}

// A few rows of each table that the task wrote.
static void append_written_rows(Text *text, const Style *style, const Value *data) {
    for (size_t i = 0; data != NULL && data->kind == VALUE_ARRAY && i < data->count; i++) {
        const Value *change = data->members[i].value;
        TableColumnList columns = {0};
        Table table = {0};
        StringList titles = value_strings(text->arena, value_get(change, "columns"));
        const Value *sample = value_get(change, "sample");
        list_each(const char *const, title, &titles) list_push(text->arena, &columns, ((TableColumn){.title = *title}));
        table.columns = columns;
        for (size_t row = 0; sample != NULL && row < sample->count; row++) {
            list_push(text->arena, &table.rows, read_cells(text->arena, sample->members[row].value, titles.count));
        }
        if (table.rows.count == 0) continue;
        text_append_format(text, "%*s%s\n", INDENT, "", value_get_string(change, "table", "?"));
        render_table(text, style, &table, INDENT);
    }
}

void render_test_case(Text *text, const Style *style, const TestCase *test_case, int verbosity) {
    append_case_line(text, style, test_case);
    if (verbosity > 0) append_written_rows(text, style, test_case->data);
    if (!test_case_is_red(test_case)) {
        if (verbosity > 0) append_path(text, "log", test_case->log_path);
        return;
    }
    append_place(text, style, test_case);
    if (!has_message_on_line(test_case)) {
        size_t limit = verbosity > 0 ? 0 : MOST_LINES;
        append_block(text, style, test_case->message, &(BlockOptions){INDENT, "", limit, false});
    }
    append_block(text, style, test_case->hint, &(BlockOptions){INDENT, "", 0, false});
    append_evidence(text, style, test_case, verbosity);
    append_path(text, "query", test_case->query_path);
    append_path(text, "log", test_case->log_path);
}

static void append_count(Text *text, size_t count, const char *word) {
    if (count == 0) return;
    if (text->length > 0) text_append(text, ", ");
    text_append_format(text, "%s %s", text_number(text->arena, (long long)count), word);
}

const char *render_verdict_counts(Arena *arena, const Verdict *verdict) {
    Text counts = {.arena = arena};
    size_t cached = 0;
    for (size_t i = 0; i < verdict->cases.count; i++) cached += verdict->cases.items[i].is_cached;
    append_count(&counts, verdict->failed, "failed");
    append_count(&counts, verdict->errors, verdict->errors == 1 ? "error" : "errors");
    append_count(&counts, verdict->passed, "passed");
    append_count(&counts, verdict->skipped, "not run");
    append_count(&counts, cached, "unchanged");
    return counts.length == 0 ? "nothing to test" : text_string(&counts);
}

// "check_totals: AssertionError: empty day: 0 (and 2 more)".
static const char *describe_reason(Arena *arena, const Style *style, const Verdict *verdict) {
    const TestCase *first = NULL;
    for (size_t i = 0; i < verdict->cases.count && first == NULL; i++) {
        if (test_case_is_red(&verdict->cases.items[i])) first = &verdict->cases.items[i];
    }
    if (first == NULL) return render_verdict_counts(arena, verdict);
    const char *why = !text_is_empty(first->message) ? first->message : first->summary;
    size_t others = verdict->failed + verdict->errors - 1;
    Text reason = {.arena = arena};
    text_append(&reason, first->name);
    if (!text_is_empty(why)) text_append_format(&reason, ": %s", text_split_lines(arena, why).items[0]);
    const char *fitted = style_fit(style, arena, style_clean_line(style, arena, text_string(&reason)), REASON_COLUMNS);
    return others == 0 ? fitted : arena_format(arena, "%s (and %zu more)", fitted, others);
}

static const char *closing_line(Arena *arena, const Style *style, const Verdict *verdict) {
    const char *duration = render_case_duration(arena, verdict->duration_ms);
    if (verdict->failed + verdict->errors > 0) {
        const char *outcome = verdict->consequence != NULL ? verdict->consequence : arena_format(arena, "failed in %s", duration);
        const char *red = style_paint(style, arena, COLOUR_RED, outcome);
        return arena_format(arena, "%s: %s", red, describe_reason(arena, style, verdict));
    }
    if (verdict->is_inconclusive) {
        const char *trouble = verdict->trouble == NULL ? "something else went wrong" : verdict->trouble;
        const char *yellow = style_paint(style, arena, COLOUR_YELLOW, "could not test");
        return arena_format(arena, "%s: %s", yellow, style_clean_line(style, arena, trouble));
    }
    const char *outcome = style_paint(style, arena, COLOUR_GREEN, arena_format(arena, "passed in %s", duration));
    return arena_format(arena, "%s: %s", outcome, render_verdict_counts(arena, verdict));
}

void render_verdict_closing(Text *text, const Style *style, const Verdict *verdict, int width) {
    Arena *arena = text->arena;
    bool is_trouble_beside = verdict->trouble != NULL && !(verdict->is_inconclusive && verdict->failed + verdict->errors == 0);
    if (is_trouble_beside) {
        const char *symbol = style_symbol(style, arena, SYMBOL_WARNING);
        text_append_format(text, "  %s %s\n", symbol, style_clean_line(style, arena, verdict->trouble));
    }
    const char *closing = closing_line(arena, style, verdict);
    if (text_is_empty(verdict->next)) {
        text_append_format(text, "%s\n", closing);
        return;
    }
    const char *next = style_clean_line(style, arena, verdict->next);
    const char *separator = style->has_unicode ? " · " : " - ";
    Style plain = {.has_unicode = style->has_unicode};
    int columns = text_display_width(closing_line(arena, &plain, verdict)) + 3 + text_display_width(next);
    if (columns <= width)
        text_append_format(text, "%s%s%s\n", closing, separator, next);
    else
        text_append_format(text, "%s\n%s\n", next, closing);
}
