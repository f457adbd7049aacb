// Debuggers for `devbox test dag`: one that an editor attaches to, and pdb on this terminal.
#pragma once
#include "model/value.h"
#include "services/project.h"

typedef enum DagDebugger { DAG_DEBUGGER_NONE, DAG_DEBUGGER_EDITOR, DAG_DEBUGGER_PDB } DagDebugger;

// False in containers, into which no debugger reaches.
bool dag_debug_is_possible(const Project *project);

// Adds to a request what its debugger needs, installing that first. False when there can be none here.
bool dag_debug_prepare(Context *ctx, const Project *project, DagDebugger debugger, Value *message, Error *err) MUST_USE;

// Says that an editor can attach now, and how.
void dag_debug_announce(const Context *ctx, int port);
