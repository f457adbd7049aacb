// What the terminal behind a stream can show.
#pragma once
#include <stdbool.h>

#include "base/arena.h"

bool terminal_is_interactive(int fd);
const char *terminal_name(Arena *arena, int fd);      // its path, NULL when it is no terminal
int terminal_width(int fd);                           // columns; COLUMNS wins; 80 when unknown
bool terminal_shows_colour(int fd);                   // a terminal, TERM is not dumb, NO_COLOR unset
bool terminal_shows_unicode(void);                    // the locale's character set is UTF-8
bool terminal_size(int fd, int *columns, int *rows);  // false when it is no terminal

typedef struct TerminalMode TerminalMode;

// Every key goes to the program as it is, Ctrl-C too. Gives what it was before, NULL when it is no terminal.
TerminalMode *terminal_make_raw(Arena *arena, int fd);
void terminal_restore(int fd, const TerminalMode *mode);  // NULL is allowed

int text_display_width(const char *utf8);  // columns that a string takes
