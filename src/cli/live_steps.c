#include "cli/live_steps.h"

#include "io/clock.h"
#include "io/terminal.h"

enum { NAME_COLUMNS = 10, DURATION_COLUMNS = 7, FRAME_MS = 80, SIGN_OF_LIFE_MS = 10000, MOST_LINES = 8 };

static LiveStep *find_step(LiveSteps *steps, const char *name) {
    for (size_t i = 0; i < steps->running.count; i++) {
        if (text_equals(steps->running.items[i].name, name)) return &steps->running.items[i];
    }
    return NULL;
}

void live_steps_update(LiveSteps *steps, const char *name, const char *doing) {
    LiveStep *step = find_step(steps, name);
    if (step == NULL) {
        long long now_ms = clock_now_ms();
        if (steps->running.count == 0) steps->shown_ms = now_ms;
        list_push(
            steps->arena, &steps->running,
            (LiveStep){.name = arena_copy_string(steps->arena, name), .doing = {.arena = steps->arena}, .started_ms = now_ms});
        step = find_step(steps, name);
    }
    if (doing == NULL) return;
    step->doing.length = 0;  // the room is used again: progress may come for hours
    text_append(&step->doing, doing);
}

void live_steps_end(LiveSteps *steps, const char *name) {
    LiveStep *step = find_step(steps, name);
    if (step == NULL) return;
    LiveStep *end = steps->running.items + steps->running.count;
    memmove(step, step + 1, (size_t)(end - step - 1) * sizeof *step);
    steps->running.count--;
}

void live_steps_erase(LiveSteps *steps, Text *text) {
    if (steps->drawn_lines > 0) text_append_format(text, "\033[%zuA\r\033[J", steps->drawn_lines);
    steps->drawn_lines = 0;
}

void live_steps_append_label(Text *text, const Style *style, const char *symbol, const char *name, long long duration_ms) {
    const char *duration = duration_ms < 0 ? "" : text_duration(text->arena, duration_ms);
    text_append_format(text, "  %s ", symbol);
    style_append_padded(text, name, NAME_COLUMNS, false);
    text_append_format(text, "%*s%s   ", DURATION_COLUMNS - (int)strlen(duration), "",
                       style_paint(style, text->arena, COLOUR_DIM, duration));
}

static void append_running(const LiveSteps *steps, Text *text, const LiveStep *step, const char *symbol) {
    long long elapsed_ms = clock_now_ms() - step->started_ms;
    live_steps_append_label(text, &steps->style, symbol, step->name, elapsed_ms);
    text_append(text, style_clean_line(&steps->style, text->arena, text_string(&step->doing)));
    text_append_char(text, '\n');
}

// The plain line is cut first and painted by parts afterwards, because colours have no width.
static void append_frame_line(LiveSteps *steps, Text *text, const LiveStep *step, int width) {
    const char *duration = text_duration(text->arena, clock_now_ms() - step->started_ms);
    const char *doing = style_clean_line(&steps->style, text->arena, text_string(&step->doing));
    Text rest = {.arena = text->arena};
    style_append_padded(&rest, step->name, NAME_COLUMNS, false);
    text_append_format(&rest, "%*s%s%s", DURATION_COLUMNS, duration, *doing == '\0' ? "" : "   ", doing);
    int used = steps->style.has_unicode ? 4 : 5;
    const char *spinner = style_spinner(&steps->style, text->arena, steps->frame);
    text_append_format(text, "  %s %s\n", spinner, style_fit(&steps->style, text->arena, text_string(&rest), width - 1 - used));
}

// It may have been resized.
static int width_of(const LiveSteps *steps) {
    int fd = fileno(steps->file);
    return fd >= 0 && terminal_is_interactive(fd) ? terminal_width(fd) : steps->width;
}

static void draw_frame(LiveSteps *steps, Text *text) {
    live_steps_erase(steps, text);
    int width = width_of(steps);
    size_t lines = steps->running.count < MOST_LINES ? steps->running.count : MOST_LINES;
    for (size_t i = 0; i < lines; i++) append_frame_line(steps, text, &steps->running.items[i], width);
    steps->drawn_lines = lines;
    steps->frame++;
}

void live_steps_set_status(LiveSteps *steps, const char *status) {
    steps->status.arena = steps->arena;
    steps->status.length = 0;  // the room is used again
    text_append(&steps->status, status);
}

static void draw_status(LiveSteps *steps, Text *text) {
    const char *status = style_clean_line(&steps->style, text->arena, text_string(&steps->status));
    status = style_fit(&steps->style, text->arena, status, width_of(steps) - 5);
    const char *symbol = style_symbol(&steps->style, text->arena, SYMBOL_WAITING);
    live_steps_erase(steps, text);
    text_append_format(text, "  %s %s\n", symbol, style_paint(&steps->style, text->arena, COLOUR_DIM, status));
    steps->drawn_lines = 1;
}

void live_steps_draw(LiveSteps *steps, Text *text, bool is_due) {
    if (steps->is_quiet) return;
    if (steps->running.count == 0) {
        if (steps->is_interactive && is_due && steps->status.length > 0) draw_status(steps, text);
        return;
    }
    long long now_ms = clock_now_ms(), silence_ms = now_ms - steps->shown_ms;
    if (steps->is_interactive) {
        if (!is_due && silence_ms < FRAME_MS) return;
        draw_frame(steps, text);
        steps->shown_ms = now_ms;
        return;
    }
    if (is_due) steps->shown_ms = now_ms;
    if (is_due || silence_ms < SIGN_OF_LIFE_MS) return;
    const char *symbol = style_symbol(&steps->style, text->arena, SYMBOL_WAITING);
    for (size_t i = 0; i < steps->running.count; i++) append_running(steps, text, &steps->running.items[i], symbol);
    steps->shown_ms = now_ms;
}
