// devbox.yaml described for editors: JSON Schema, draft 7. Pure.
#pragma once
#include "model/value.h"

// `versions`: what airflow.version may be; empty: any text.
Value *config_json_schema(Arena *arena, const StringList *versions);
