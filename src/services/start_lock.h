// One command at a time changes what runs in a checkout: start, restart, stop, destroy.
#pragma once
#include "services/project.h"

// What a command that is quickly done waits for another one; start itself does not wait.
enum { START_LOCK_WAIT_MS = 2000 };

// Makes .devbox if need be. The lock is held until *fd is closed; ERROR_BUSY names who has it.
bool start_lock_take(Context *ctx, const Project *project, const char *what, long long wait_ms, int *fd, Error *err) MUST_USE;
