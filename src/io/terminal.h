// What the terminal behind a stream can show.
#pragma once
#include <stdbool.h>

bool terminal_is_interactive(int fd);
int terminal_width(int fd);             // columns; COLUMNS wins; 80 when unknown
bool terminal_shows_colour(int fd);     // a terminal, TERM is not dumb, NO_COLOR unset
bool terminal_shows_unicode(void);      // the locale's character set is UTF-8
int text_display_width(const char *utf8);  // columns that a string takes
