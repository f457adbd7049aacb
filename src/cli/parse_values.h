// The words of an option as values of the types that commands want.
#pragma once
#include "cli/command.h"

// Writes `value` to `place` as the option's kind says; a value that does not fit is ERROR_USAGE with what would.
bool option_store(const Option *option, const char *value, void *place, Error *err) MUST_USE;
