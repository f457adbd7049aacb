// What `devbox doctor` says of Airbyte.
#pragma once
#include "services/check.h"
#include "services/project.h"

// One line: where it is, or what keeps it away. An engine is asked only where Airbyte was installed before, or must run.
void airbyte_examine(Context *ctx, const Project *project, CheckList *checks);
