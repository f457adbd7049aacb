// The syntax of .env files. Pure: no shell, no expansion except \n and friends in double quotes.
#pragma once
#include "base/error.h"
#include "model/config.h"

// KEY=value, export KEY=value, 'single', "double" (may span lines), # comments after white space. Errors carry origin:line.
bool env_file_parse(Arena *arena, const char *text, size_t length, const char *origin, PairList *pairs, Error *err) MUST_USE;
