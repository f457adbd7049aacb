// The steps under way: redrawn in place on a terminal, elsewhere a line now and then so that a log shows life.
#pragma once
#include <stdio.h>

#include "cli/style.h"

typedef struct LiveStep {
    const char *name;
    Text doing;
    long long started_ms;
} LiveStep;

typedef struct LiveSteps {
    Arena *arena;
    FILE *file;
    Style style;
    bool is_interactive, is_quiet;
    int width;  // columns, when `file` is no terminal that could be asked
    LIST_OF(LiveStep) running;
    Text status;  // the line that is shown while nothing runs; empty: none
    size_t drawn_lines;
    unsigned frame;
    long long shown_ms;  // when something was last shown
} LiveSteps;

// Adds a step, or changes what it is doing; NULL keeps what it says.
void live_steps_update(LiveSteps *steps, const char *name, const char *doing);

// Forgets a step that ended.
void live_steps_end(LiveSteps *steps, const char *name);

// Takes the drawn lines off the terminal, before anything else is printed.
void live_steps_erase(LiveSteps *steps, Text *text);

// Sets the line that stays while nothing runs.
void live_steps_set_status(LiveSteps *steps, const char *status);

// Draws the running steps, always when `is_due`, else when it is time for the next frame or sign of life.
void live_steps_draw(LiveSteps *steps, Text *text, bool is_due);

// "  ✓ airflow     19.8s   " up to where the text stands; a negative duration leaves its place blank.
void live_steps_append_label(Text *text, const Style *style, const char *symbol, const char *name, long long duration_ms);

enum { STEP_TEXT_COLUMN = 24 };
