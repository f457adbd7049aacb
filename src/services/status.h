// What is up in this checkout, from the supervisor's file: no request is made.
#pragma once
#include "model/event.h"
#include "services/project.h"

// The state of all services as a table, as JSON data, and (`is_short`) as one line.
bool status_describe(Context *ctx, const Project *project, bool is_short, Result *result, Error *err) MUST_USE;

// Addresses and paths as KEY=value lines for a shell.
bool status_describe_environment(Context *ctx, const Project *project, Result *result, Error *err) MUST_USE;
