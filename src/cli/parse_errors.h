// What is said about a command line that was not understood. Every function fills the error and returns false.
#pragma once
#include "cli/parse.h"

// "devbox has no command 'strat'", with the nearest one, or what does here what the word does elsewhere (up → start).
bool parse_fail_unknown_word(const Command *root, const ParsedCommand *parsed, const char *word, Error *err);

// `dashed` is the option as typed, without its value: "--ony", "-x".
bool parse_fail_unknown_option(const Command *root, const ParsedCommand *parsed, const char *dashed, Error *err);

// "devbox hook needs to know what to do: install, …".
bool parse_fail_missing_word(const ParsedCommand *parsed, Error *err);
bool parse_fail_missing_argument(const ParsedCommand *parsed, const Argument *argument, Error *err);
bool parse_fail_surplus_argument(const ParsedCommand *parsed, const char *surplus, Error *err);
