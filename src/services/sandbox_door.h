// The door to the sandbox database where SQLite's locks do not cross the engine's file sharing (virtual machines): then only
// programs inside containers may have it open, and commands of the host ask one (src/workers/sandbox_door.py).
#pragma once
#include "model/value.h"
#include "services/project.h"

// True when the host must not open this project's live sandbox.db: a look through the mount found that locks do not cross
// (workbench_check_mounts). A pushed commit's own sandbox is never behind a door: host and container use it in turns.
bool sandbox_door_is_needed(Context *ctx, const Project *project);

// A request to be completed with what belongs to its op (docs/PROTOCOL.md).
Value *sandbox_door_request(Arena *arena, const char *op);

// Sends it; the database is added. SQLite's refusals become the errors that they are without a door.
bool sandbox_door_ask(Context *ctx, const Project *project, Value *request, Value **answer, Error *err) MUST_USE;
