#include "base/map.h"
#include "cli/live_steps.h"
#include "cli/render_table.h"
#include "cli/render_verdict.h"
#include "cli/sink.h"
#include "cli/wrap.h"

enum { DETAIL_INDENT = 6, DETAIL_LINES = 15, MOST_FINDINGS_OF_A_KIND = 3 };

typedef struct FindingKind {
    const char *code;
    size_t count;
} FindingKind;

typedef LIST_OF(FindingKind) FindingKindList;

typedef struct TextSink {
    Sink common;
    Style out_style, err_style;
    LiveSteps steps;
    FindingKindList findings;   // since the last verdict, by kind
    Map shown_cases;            // "suite name" of cases printed since the last verdict
    const char *headline;       // so that a verdict does not repeat it
    const char *shown_failure;  // message of the last failed step
    bool is_failure_last;       // and nothing was printed since
} TextSink;

// Progress goes to err, results to out; a drawn spinner is taken away first and comes back below.
static void print(TextSink *sink, bool is_result, const char *content) {
    Arena *scratch = sink->common.scratch;
    Text before = {.arena = scratch}, after = {.arena = scratch};
    FILE *err = sink->common.options.err;
    live_steps_erase(&sink->steps, &before);
    if (!is_result) text_append(&before, content);
    fputs(text_string(&before), err);
    fflush(err);
    if (is_result) sink_write_out(&sink->common, content);
    live_steps_draw(&sink->steps, &after, true);
    fputs(text_string(&after), err);
    fflush(err);
    sink->is_failure_last = false;
}

static void redraw(TextSink *sink, bool is_due) {
    Text text = {.arena = sink->common.scratch};
    live_steps_draw(&sink->steps, &text, is_due && sink->steps.is_interactive);
    if (text.length == 0) return;
    fputs(text_string(&text), sink->common.options.err);
    fflush(sink->common.options.err);
}

static void print_headline(TextSink *sink, const Event *event) {
    Arena *scratch = sink->common.scratch;
    sink->headline = arena_copy_string(sink->common.options.arena, event->text);
    const char *text = style_clean_line(&sink->err_style, scratch, event->text);
    print(sink, false, arena_format(scratch, "%s\n", style_paint(&sink->err_style, scratch, COLOUR_BOLD, text)));
}

static void append_step(Text *text, const Style *style, Symbol symbol, const Event *event) {
    long long duration_ms = symbol == SYMBOL_SKIPPED || symbol == SYMBOL_WARNING ? -1 : event->duration_ms;
    const char *outcome = event->error != NULL ? event->error->message : event->text;
    live_steps_append_label(text, style, style_symbol(style, text->arena, symbol), event->step, duration_ms);
    if (outcome == NULL) outcome = "";
    wrap_append(text, style_clean_line(style, text->arena, outcome), STEP_TEXT_COLUMN, style->wrap_width);
    while (text->length > 0 && text->content[text->length - 1] == ' ') text->content[--text->length] = '\0';
    text_append_char(text, '\n');
}

static void print_step(TextSink *sink, Symbol symbol, const Event *event) {
    Text text = {.arena = sink->common.scratch};
    live_steps_end(&sink->steps, event->step);
    append_step(&text, &sink->err_style, symbol, event);
    print(sink, false, text_string(&text));
}

static void append_detail(Text *text, const TextSink *sink, const Error *error) {
    if (text_is_empty(error->detail)) return;
    size_t limit = sink->common.options.verbosity > 0 ? 0 : DETAIL_LINES;
    style_append_block(text, &sink->err_style, error->detail, &(BlockOptions){DETAIL_INDENT, "| ", limit, true});
}

static void append_hint(Text *text, const Style *style, const char *hint, int indent) {
    if (text_is_empty(hint)) return;
    style_append_block(text, style, hint, &(BlockOptions){.indent = indent, .prefix = ""});
}

static void print_failed_step(TextSink *sink, const Event *event) {
    Text text = {.arena = sink->common.scratch};
    live_steps_end(&sink->steps, event->step);
    append_step(&text, &sink->err_style, SYMBOL_FAILED, event);
    if (event->error != NULL) {
        append_detail(&text, sink, event->error);
        append_hint(&text, &sink->err_style, event->error->hint, DETAIL_INDENT);
        sink->shown_failure = arena_copy_string(sink->common.options.arena, event->error->message);
    }
    print(sink, false, text_string(&text));
    sink->is_failure_last = event->error != NULL;
}

static void print_warning(TextSink *sink, const Event *event) {
    Text text = {.arena = sink->common.scratch};
    const Style *style = &sink->err_style;
    int indent = DETAIL_INDENT;
    if (event->step != NULL) {
        append_step(&text, style, SYMBOL_WARNING, event);
        indent = STEP_TEXT_COLUMN;
    } else {
        text_append_format(&text, "  %s ", style_symbol(style, text.arena, SYMBOL_WARNING));
        wrap_append(&text, style_clean_line(style, text.arena, event->text), 4, style->wrap_width);
        text_append_char(&text, '\n');
    }
    append_hint(&text, style, event->hint, indent);
    print(sink, false, text_string(&text));
}

static size_t count_finding(TextSink *sink, const Finding *finding) {
    list_each(FindingKind, kind, &sink->findings) {
        if (text_equals(kind->code, finding->code)) return ++kind->count;
    }
    Arena *arena = sink->common.options.arena;
    list_push(arena, &sink->findings, ((FindingKind){.code = arena_copy_string(arena, finding->code), .count = 1}));
    return 1;
}

// A checkout with hundreds of old imports is told of some of them, and what to do about it once.
static void print_finding(TextSink *sink, const Event *event) {
    size_t count = count_finding(sink, event->finding);
    Event shown = *event;
    bool is_folded = sink->common.options.verbosity == 0 && count > MOST_FINDINGS_OF_A_KIND;
    if (count > 1) shown.hint = NULL;
    if (!is_folded) print_warning(sink, &shown);
}

static void append_folded_findings(TextSink *sink, Text *text) {
    list_each(const FindingKind, kind, &sink->findings) {
        if (sink->common.options.verbosity > 0 || kind->count <= MOST_FINDINGS_OF_A_KIND) continue;
        const char *symbol = style_symbol(&sink->out_style, text->arena, SYMBOL_WARNING);
        const char *more = text_number(text->arena, (long long)(kind->count - MOST_FINDINGS_OF_A_KIND));
        text_append_format(text, "  %s %s more of the kind %s (-v lists them)\n", symbol, more, kind->code);
    }
    sink->findings = (FindingKindList){0};
}

static void print_note(TextSink *sink, const Event *event) {
    Arena *scratch = sink->common.scratch;
    print(sink, false, arena_format(scratch, "%s\n", style_clean(&sink->err_style, scratch, event->text)));
}

static const char *case_key(Arena *arena, const TestCase *test_case) {
    return arena_format(arena, "%s %s", test_case->suite == NULL ? "" : test_case->suite, test_case->name);
}

static void append_case(TextSink *sink, Text *text, const TestCase *test_case) {
    if (sink->common.options.is_quiet && !test_case_is_red(test_case)) return;
    render_test_case(text, &sink->out_style, test_case, sink->common.options.verbosity);
}

static void print_case(TextSink *sink, const TestCase *test_case) {
    Text text = {.arena = sink->common.scratch};
    Arena *arena = sink->common.options.arena;
    live_steps_end(&sink->steps, test_case->name);
    map_set(arena, &sink->shown_cases, case_key(arena, test_case), sink);
    append_case(sink, &text, test_case);
    if (text.length > 0)
        print(sink, true, text_string(&text));
    else
        redraw(sink, true);
}

// Cases that came as events are not printed again.
static void print_verdict(TextSink *sink, const Verdict *verdict) {
    Text text = {.arena = sink->common.scratch};
    bool is_title_due = sink->shown_cases.count == 0 && verdict->title != NULL && !text_equals(verdict->title, sink->headline);
    if (is_title_due && !sink->common.options.is_quiet) {
        const char *title = style_clean_line(&sink->out_style, text.arena, verdict->title);
        text_append_format(&text, "%s\n", style_paint(&sink->out_style, text.arena, COLOUR_BOLD, title));
    }
    for (size_t i = 0; i < verdict->cases.count; i++) {
        const TestCase *test_case = &verdict->cases.items[i];
        if (!map_has(&sink->shown_cases, case_key(text.arena, test_case))) append_case(sink, &text, test_case);
    }
    append_folded_findings(sink, &text);
    sink->steps.running.count = 0;  // a verdict ends what was being tested
    render_verdict_closing(&text, &sink->out_style, verdict, sink->common.options.width);
    print(sink, true, text_string(&text));
    sink->shown_cases = (Map){0};
}

static void print_result(TextSink *sink, const Result *result) {
    Text text = {.arena = sink->common.scratch};
    if (result->text != NULL)
        text_append(&text, result->text);
    else if (result->table != NULL)
        render_table(&text, &sink->out_style, result->table, 0);
    if (text.length == 0) return;
    if (text.content[text.length - 1] != '\n') text_append_char(&text, '\n');
    print(sink, true, text_string(&text));
}

static void show_progress(TextSink *sink, const Event *event) {
    live_steps_update(&sink->steps, event->step, event->text);
    redraw(sink, event->kind == EVENT_STEP_STARTED);
}

static void emit_result(TextSink *sink, const Event *event) {
    switch (event->kind) {
        case EVENT_STEP_FAILED:
            print_failed_step(sink, event);
            break;
        case EVENT_WARNING:
            if (event->finding != NULL)
                print_finding(sink, event);
            else
                print_warning(sink, event);
            break;
        case EVENT_TEST_CASE:
            print_case(sink, event->test_case);
            break;
        case EVENT_VERDICT:
        case EVENT_ROUND:
            print_verdict(sink, event->verdict);
            break;
        case EVENT_RESULT:
            print_result(sink, event->result);
            break;
        case EVENT_LINE:
            print(sink, true, arena_format(sink->common.scratch, "%s\n", event->text));
            break;
        default:
            break;
    }
}

static void emit_progress(TextSink *sink, const Event *event) {
    switch (event->kind) {
        case EVENT_HEADLINE:
            print_headline(sink, event);
            break;
        case EVENT_STEP_STARTED:
        case EVENT_STEP_PROGRESS:
            show_progress(sink, event);
            break;
        case EVENT_STEP_DONE:
            print_step(sink, SYMBOL_DONE, event);
            break;
        case EVENT_STEP_SKIPPED:
            print_step(sink, SYMBOL_SKIPPED, event);
            break;
        case EVENT_NOTE:
            print_note(sink, event);
            break;
        case EVENT_TICK:
            redraw(sink, false);
            break;
        case EVENT_STATUS:
            live_steps_set_status(&sink->steps, event->text);
            redraw(sink, true);
            break;
        default:
            break;
    }
}

static void emit(EventSink *base, const Event *event) {
    TextSink *sink = (TextSink *)base;
    ArenaMark mark = arena_mark(sink->common.scratch);
    emit_result(sink, event);
    if (!sink->common.options.is_quiet) emit_progress(sink, event);
    arena_reset(sink->common.scratch, mark);
}

// What was still running when a command failed or was interrupted, so that its last picture is not lost.
static void print_unfinished(TextSink *sink) {
    Text text = {.arena = sink->common.scratch};
    for (size_t i = 0; i < sink->steps.running.count; i++) {
        const LiveStep *step = &sink->steps.running.items[i];
        append_step(&text, &sink->err_style, SYMBOL_SKIPPED, &(Event){.step = step->name, .text = "not finished"});
    }
    sink->steps.running.count = 0;
    if (!sink->common.options.is_quiet) print(sink, false, text_string(&text));
}

// A failed step that stands right above has said it all.
static void print_error(TextSink *sink, const Error *error) {
    bool is_shown = sink->shown_failure != NULL && strstr(error->message, sink->shown_failure) != NULL;
    if (is_shown && sink->is_failure_last) return;
    Arena *scratch = sink->common.scratch;
    const Style *style = &sink->err_style;
    Text text = {.arena = scratch};
    text_append_format(&text, "%s ", style_paint(style, scratch, COLOUR_RED, "devbox:"));
    wrap_append(&text, style_clean_line(style, scratch, error->message), 8, style->wrap_width);
    text_append_char(&text, '\n');
    if (!is_shown) append_detail(&text, sink, error);
    append_hint(&text, style, error->hint, 2);
    print(sink, false, text_string(&text));
}

static bool finish(Sink *base, const Error *error, int exit_code, long long duration_ms) {
    (void)duration_ms;
    TextSink *sink = (TextSink *)base;
    bool is_failure_last = sink->is_failure_last;
    // A word that means nothing began nothing.
    bool is_misuse = error != NULL && error->code == ERROR_USAGE;
    if (sink->steps.running.count > 0 && exit_code != 0 && !is_misuse) {
        print_unfinished(sink);
    } else {
        Text erase = {.arena = base->scratch};
        live_steps_erase(&sink->steps, &erase);
        fputs(text_string(&erase), base->options.err);
        sink->is_failure_last = is_failure_last;
    }
    sink->steps.running.count = 0;
    if (error != NULL && error->code != ERROR_NONE) print_error(sink, error);
    sink_write_out(base, "");
    fflush(base->options.err);
    return !base->is_out_broken;
}

EventSink *sink_text_create(const SinkOptions *options) {
    TextSink *sink = arena_allocate(options->arena, sizeof *sink);
    sink_prepare(&sink->common, options);
    sink->common.base.emit = emit;
    sink->common.finish = finish;
    int wrap_width = options->is_interactive ? options->width : 0;
    sink->err_style = (Style){options->has_colour, options->has_unicode, wrap_width};
    sink->out_style = (Style){options->has_colour_out, options->has_unicode, options->has_colour_out ? wrap_width : 0};
    sink->steps = (LiveSteps){
        .arena = options->arena,
        .file = options->err,
        .style = sink->err_style,
        .is_interactive = options->is_interactive,
        .is_quiet = options->is_quiet,
        .width = options->width,
    };
    return &sink->common.base;
}
