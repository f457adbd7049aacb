// Breaking text at blanks, by the columns it takes.
#pragma once
#include "base/text.h"

// Appends `string` broken at blanks so that no line is wider than `width`; it starts at `column`, where following lines are
// indented to. Words longer than a line stay whole. A width of 0 breaks nothing.
void wrap_append(Text *text, const char *string, int column, int width);
