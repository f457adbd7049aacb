// How text looks on this terminal: symbols, colours, columns.
#pragma once
#include "base/text.h"

typedef struct Style {
    bool has_colour, has_unicode;
    int wrap_width;  // 0: lines are never broken
} Style;

typedef enum Symbol { SYMBOL_DONE, SYMBOL_FAILED, SYMBOL_WARNING, SYMBOL_SKIPPED, SYMBOL_WAITING } Symbol;
typedef enum Colour { COLOUR_NONE, COLOUR_RED, COLOUR_GREEN, COLOUR_YELLOW, COLOUR_CYAN, COLOUR_DIM, COLOUR_BOLD } Colour;

// "✓" or "ok"; the same number of columns for all symbols of one style.
const char *style_symbol(const Style *style, Arena *arena, Symbol symbol);

// The spinner's picture for this frame.
const char *style_spinner(const Style *style, Arena *arena, unsigned frame);

// The text in a colour, as it is without colours.
const char *style_paint(const Style *style, Arena *arena, Colour colour, const char *text);

// Safe to print: escape sequences and control characters are out (line ends and tabs stay), typographic signs become ASCII where
// needed.
const char *style_clean(const Style *style, Arena *arena, const char *text);

// The same on one line: line ends become blanks.
const char *style_clean_line(const Style *style, Arena *arena, const char *text);

// At most `columns` wide, with an ellipsis where something is cut off.
const char *style_fit(const Style *style, Arena *arena, const char *text, int columns);

// Appends the text and blanks up to `columns`, or blanks first when `is_right`.
void style_append_padded(Text *text, const char *string, int columns, bool is_right);

// Each line of `string` after `indent` blanks and `prefix`, at most `limit` lines (0: all), the last ones when `keeps_tail`.
typedef struct BlockOptions {
    int indent;
    const char *prefix;
    size_t limit;
    bool keeps_tail;
} BlockOptions;
void style_append_block(Text *text, const Style *style, const char *string, const BlockOptions *options);
