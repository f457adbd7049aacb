// How a worker's Python process came to be: the event `host` of both.
#pragma once
#include "base/context.h"
#include "model/verdict.h"

// Takes it into the verdict, and says it with -v, once for the same; `program` is what a warm one had imported: "Airflow".
void host_event_read(const Context *ctx, const Value *message, const char *program, Verdict *verdict);
