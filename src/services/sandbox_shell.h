// SQLite's own shell on the sandbox database, in the foreground.
#pragma once
#include "services/project.h"

// *exit_code is the shell's. Without the program sqlite3, or where this machine must not open the database, an error.
bool sandbox_shell_run(Context *ctx, const Project *project, int *exit_code, Error *err) MUST_USE;
