// JSON text ↔ Value (cJSON behind it). Integers keep 64 bits where the text has no fraction or exponent.
#pragma once
#include "base/error.h"
#include "model/value.h"

// Parses one document; trailing text, depth over 512 or invalid UTF-8 is an error naming `origin` and the line.
bool json_parse(Arena *arena, const char *text, const char *origin, Value **value, Error *err) MUST_USE;

// Compact on one line, or indented by two blanks. Strings that are no UTF-8 are repaired with U+FFFD.
const char *json_print(Arena *arena, const Value *value);
const char *json_print_indented(Arena *arena, const Value *value);

// Reads a file; a missing one is an error.
bool json_read_file(Arena *arena, const char *path, Value **value, Error *err) MUST_USE;
