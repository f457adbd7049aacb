// Debuggers for `devbox test dag`: one that an editor attaches to, and pdb on this terminal.
#pragma once
#include "model/value.h"
#include "services/dag_debug_relay.h"

typedef enum DagDebugger { DAG_DEBUGGER_NONE, DAG_DEBUGGER_EDITOR, DAG_DEBUGGER_PDB } DagDebugger;

// Adds to a request what its debugger needs, installing that first, and opens the way to it where Airflow runs in containers;
// dag_debug_relay_end closes it. False when there can be no debugger here.
bool dag_debug_prepare(Context *ctx, const Project *project, DagDebugger debugger, Value *message, DagDebugRelay *relay,
                       Error *err) MUST_USE;

// Says that an editor can attach now, and how.
void dag_debug_announce(const Context *ctx, int port);
